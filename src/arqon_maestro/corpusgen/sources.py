"""The source files that a command is given: files, folders, or a list on standard input."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.languages import Language, of_path

LIST = "-"
LARGEST_FILE_BYTES = 10_000_000
_PROBE_BYTES = 8192
_SHEBANG_BYTES = 256

UNREADABLE = "file: unreadable"
TOO_LARGE = f"file: larger than {LARGEST_FILE_BYTES // 1_000_000} MB"
BINARY = "file: binary"
NOT_UTF8 = "file: not UTF-8"
OTHER_LANGUAGE = "file: another language"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, and the name that its choices are seeded with.

    The name is the path below the folder it was found in, so that the same folder elsewhere, or on
    another machine, gives the same output.
    """

    path: str
    name: str


def find_sources(
    paths: Sequence[str], language: Language, listed: Iterable[str], rejects: Counter[str]
) -> list[Source]:
    """Returns the files of a language, folders in sorted order.

    A file that is named itself is taken whatever its ending; from folders and from the list, only
    files of the language are. Hidden folders and links are passed over.

    Args:
        paths: files, folders, or ``-`` for the list.
        language: the language wanted.
        listed: lines of the list, one path each.
        rejects: counts the files of other languages.

    Raises:
        UsageError: a path does not exist, or none is given.
    """
    if not paths:
        raise UsageError("no path given", remedy="name files, folders, or - for a list on stdin")
    found: list[Source] = []
    for path in paths:
        if path == LIST:
            for line in listed:
                if name := line.rstrip("\r\n"):
                    _take(found, name, Path(name).name, language, rejects)
        elif Path(path).is_dir():
            for folder, folders, files in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(files):
                    full = Path(folder, name)
                    if full.is_file() and not full.is_symlink():
                        relative = full.relative_to(path).as_posix()
                        _take(found, str(full), relative, language, rejects)
        elif Path(path).exists():
            found.append(Source(path, Path(path).name))
        else:
            raise UsageError("no such file or folder", where=path)
    return found


def _take(
    found: list[Source], path: str, name: str, language: Language, rejects: Counter[str]
) -> None:
    first_line = "" if Path(path).suffix else _first_line(path)
    if of_path(path, first_line) is language:
        found.append(Source(path, name))
    else:
        rejects[OTHER_LANGUAGE] += 1


def _first_line(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.readline(_SHEBANG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def read_source(path: str) -> str:
    """Returns a file's text.

    Raises:
        DataError: it can't be read, is too large, binary or not UTF-8; `what` is the reason.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise DataError(UNREADABLE, where=path, why=error.strerror or "") from None
    if len(data) > LARGEST_FILE_BYTES:
        raise DataError(TOO_LARGE, where=path)
    if b"\0" in data[:_PROBE_BYTES]:
        raise DataError(BINARY, where=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(NOT_UTF8, where=path, why=str(error)) from None
