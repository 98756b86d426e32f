"""Finds a language by its name, or by a file's name and first line."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import lru_cache
from pathlib import PurePath

from arqon_maestro.errors import ConfigurationError, UsageError, did_you_mean
from arqon_maestro.languages.language import Language

_PACKAGE = "arqon_maestro.languages"
_NOT_LANGUAGES = ("language", "registry")
_SHEBANG = re.compile(r"#!\s*(\S+)(?:\s+(.*))?")
_VERSION = re.compile(r"[\d.]+$")


@lru_cache(maxsize=1)
def _table() -> dict[str, Language]:
    package = importlib.import_module(_PACKAGE)
    modules = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    table: dict[str, Language] = {}
    for module in modules:
        if module in _NOT_LANGUAGES:
            continue
        language: Language = importlib.import_module(f"{_PACKAGE}.{module}").LANGUAGE
        if language.name != module:
            raise ConfigurationError(
                f"the language is named {language.name!r}", where=f"languages/{module}.py"
            )
        table[module] = language
    return table


@lru_cache(maxsize=1)
def _by_file() -> dict[str, Language]:
    """Extensions, whole file names and interpreters (as ``#!bash``) to languages."""
    table: dict[str, Language] = {}
    for language in every():
        interpreters = tuple(f"#!{name}" for name in language.interpreters)
        for key in (*language.extensions, *language.file_names, *interpreters):
            if key in table:
                raise ConfigurationError(
                    f"{key} belongs to {table[key].name} too", where=f"languages/{language.name}.py"
                )
            table[key] = language
    return table


def names() -> list[str]:
    """Returns the languages' names, sorted."""
    return list(_table())


def every() -> list[Language]:
    """Returns the languages, sorted by name."""
    return list(_table().values())


def get(name: str) -> Language:
    """Returns the language of that name.

    Raises:
        UsageError: there is none.
    """
    try:
        return _table()[name]
    except KeyError:
        raise UsageError(f"unknown language {name!r}", remedy=did_you_mean(name, names())) from None


def of_path(path: str | PurePath, first_line: str = "") -> Language | None:
    """Returns a file's language by its name's ending, its whole name or its ``#!`` line."""
    path = PurePath(path)
    table = _by_file()
    found = table.get(path.suffix.lower()) or table.get(path.name)
    if found is not None or path.suffix:
        return found
    shebang = _SHEBANG.match(first_line)
    if shebang is None:
        return None
    program = PurePath(shebang[1]).name
    if program == "env":
        # "env -S python3 -u", "env LANG=C bash": the program is the first plain word.
        words = [word for word in (shebang[2] or "").split() if word[0] != "-" and "=" not in word]
        program = PurePath(words[0]).name if words else ""
    return table.get(f"#!{_VERSION.sub('', program)}")
