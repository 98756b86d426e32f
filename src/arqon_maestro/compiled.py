"""Uses the compiled form of CorpusGen's hot modules, where there is one.

`make setup` makes it where there is a C compiler. It is the same source, compiled by mypyc, and
makes the same bytes in two thirds of the time. It lies beside the checkout in ``build/compiled``,
and counts only as long as every one of the modules is what it was when they were compiled: after
a change the interpreter runs the source again. Importing this module puts it in force.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

PACKAGE = "arqon_maestro"
SOURCE = Path(__file__).resolve().parent
FOLDER = SOURCE.parents[1] / "build" / "compiled"
RECORD = "compiled.json"

MODULES = tuple(
    f"corpusgen/{name}.py"
    for name in (
        "brackets",
        "choices",
        "context",
        "audit/recording",
        "drafts",
        "explain/generator",
        "generation",
        "grammar/chainer",
        "grammar/draws",
        "identifiers",
        "inserts",
        "punctuation",
        "rates",
        "snippets/containers",
        "snippets/cuts",
        "snippets/edits",
        "snippets/file",
        "snippets/parts",
        "snippets/ranges",
        "snippets/sections",
        "snippets/selectors",
        "snippets/source",
        "snippets/targets",
        "snippets/trees",
        "spoken/symbol_tables",
        "spoken/words",
        "styles",
        "tokens",
    )
)
"""What is compiled, below the package's folder."""


def state(source: Path = SOURCE) -> dict[str, str]:
    """Returns what a compiled form depends on: the modules' text and the interpreter."""
    import hashlib

    found = {name: hashlib.sha256((source / name).read_bytes()).hexdigest() for name in MODULES}
    return {**found, "interpreter": sys.implementation.cache_tag or "", "build": sys.version}


class _Finder(MetaPathFinder):
    """Finds the compiled modules before the interpreted ones."""

    def __init__(self, folder: Path) -> None:
        suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
        self._files = {
            path.relative_to(folder).as_posix().removesuffix(suffix).replace("/", "."): path
            for path in folder.rglob(f"*{suffix}")
        }

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the spec of a compiled module; None for any other."""
        found = self._files.get(fullname)
        if found is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(fullname, str(found))
        return importlib.util.spec_from_file_location(fullname, found, loader=loader)


def up_to_date(folder: Path = FOLDER) -> bool:
    """Returns whether the folder holds the compiled form of the modules as they are now."""
    try:
        recorded = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(recorded == state())


def use(folder: Path = FOLDER) -> bool:
    """Puts the compiled modules before the interpreted ones, if they are up to date.

    Returns:
        Whether they are used.
    """
    if not up_to_date(folder):
        return False
    sys.meta_path.insert(0, _Finder(folder))
    return True


def set_aside() -> None:
    """Lets modules that are imported from now on be interpreted again."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


COMPILED = use()
"""Whether the compiled modules are used."""
