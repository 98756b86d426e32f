"""A model's version: the SHA-1 of its content, so that the same model twice is the same file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import TEMPORARY_MARK, sha256_file
from arqon_maestro.errors import DataError, MissingPartError

VERSION_NAME = "v"
ARCHIVE_SUFFIX = ".tar.gz"
_VERSION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, order=True)
class FileRecord:
    """One file of a model: its path inside the archive, with ``/``, size and SHA-256."""

    path: str
    size_bytes: int
    sha256: str


def is_version(text: str) -> bool:
    """Returns whether `text` is 40 lower-case hexadecimal digits."""
    return _VERSION.fullmatch(text) is not None


def record_of(path: str, content: bytes) -> FileRecord:
    """Returns the record of a file with this content."""
    return FileRecord(path, len(content), hashlib.sha256(content).hexdigest())


def version_of(records: Iterable[FileRecord]) -> str:
    """Returns the SHA-1 over the sorted paths and contents.

    The contents enter by size and SHA-256, so that an archive is checked in one pass, whatever
    the order of its members. The version file itself is left out; the manifest and the model card
    count, so nothing in a tarball can change without its version changing.
    """
    total = hashlib.sha1(usedforsecurity=False)
    for record in sorted(records):
        if record.path != VERSION_NAME:
            line = f"{record.path}\0{record.size_bytes}\0{record.sha256}\n"
            total.update(line.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def file_records(folder: Path) -> list[FileRecord]:
    """Returns the files of a model's folder, sorted by path.

    Left out are the tarballs ``<version>.tar.gz`` that lie beside the installed files, and what a
    killed writer left.

    Raises:
        MissingPartError: there is no such folder.
        DataError: there is a link or a device in it.
    """
    if not folder.is_dir():
        raise MissingPartError("no such folder", where=folder)
    records = []
    for entry in sorted(folder.rglob("*")):
        if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
            raise DataError("neither a file nor a folder, so it cannot be packed", where=entry)
        relative = entry.relative_to(folder)
        if entry.is_dir() or is_tarball(entry) or TEMPORARY_MARK in str(relative):
            continue
        records.append(FileRecord(relative.as_posix(), entry.stat().st_size, sha256_file(entry)))
    return sorted(records)


def is_tarball(path: Path) -> bool:
    """Returns whether a path is named as a model's archive, ``<version>.tar.gz``."""
    return version_in_name(path) is not None


def version_in_name(path: Path) -> str | None:
    """Returns the version that a tarball's name promises, if it does."""
    stem = path.name.removesuffix(ARCHIVE_SUFFIX)
    return stem if path.name.endswith(ARCHIVE_SUFFIX) and is_version(stem) else None


def installed_version(folder: Path) -> str | None:
    """Returns the version that the installed files beside `folder`'s ``v`` say they are."""
    try:
        text = (folder / VERSION_NAME).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    return text or None
