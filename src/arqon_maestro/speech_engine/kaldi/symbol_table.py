"""Kaldi's symbol tables: ``words.txt`` and ``phones.txt``."""

from __future__ import annotations

from pathlib import Path

from arqon_maestro.artifacts import text_lines
from arqon_maestro.errors import DataError


def read_symbols(path: Path) -> dict[str, int]:
    """Reads a symbol table (``words.txt``): a word and its id on each line.

    Raises:
        DataError: a malformed line, or a repeated word, with path:line.
    """
    symbols: dict[str, int] = {}
    for number, line in enumerate(text_lines(path), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2 or not fields[1].isdecimal():
            raise DataError(
                "a word and its number expected",
                where=f"{path}:{number}",
                why=f"found {line.strip()!r}",
            )
        if fields[0] in symbols:
            raise DataError(f"the word {fields[0]!r} again", where=f"{path}:{number}")
        symbols[fields[0]] = int(fields[1])
    return symbols
