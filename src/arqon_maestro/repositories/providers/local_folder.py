"""A folder on this machine: one repository, or one for each folder inside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.repositories.records import CountReject, Member, Package, Wanted

LARGEST_READ_BYTES = 16 << 20
"""Larger files are no source code and are not read at all."""


def packages(
    folder: Path, *, name: str, version: str, licence: str, evidence_required: bool = False
) -> Iterator[Package]:
    """Yields the folder as one package.

    Args:
        folder: an existing folder.
        name: name of the repository.
        version: the caller's word for the state of the folder.
        licence: SPDX expression that the caller vouches for.
        evidence_required: whether a licence file in the folder must confirm it.

    Raises:
        MissingPartError: there is no such folder.
        UsageError: it is a file.
    """
    if not folder.exists():
        raise MissingPartError("no such folder", where=folder)
    if not folder.is_dir():
        raise UsageError("a file, where a folder was expected", where=folder)
    yield Package(
        repository=name,
        version=version,
        licence=licence,
        provenance=f"pkg:generic/{name}@{version}",
        members=lambda wanted, reject: read_folder(folder, wanted, reject),
        evidence_required=evidence_required,
    )


def read_folder(folder: Path, wanted: Wanted, reject: CountReject) -> Iterator[Member]:
    """Reads the wanted regular files below `folder`, sorted by path.

    Links are not followed, hidden folders and ``__pycache__`` are not entered; unreadable files
    and names that are no UTF-8 are counted.
    """
    for parent, folders, names in os.walk(folder, onerror=lambda _: reject("unreadable")):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name != "__pycache__"
        )
        for name in sorted(names):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            try:
                relative.encode("utf-8")
            except UnicodeEncodeError:
                reject("path-not-utf8")
                continue
            if not wanted(relative):
                continue
            if path.is_symlink() or not path.is_file():
                reject("link-or-device")
                continue
            try:
                if path.stat().st_size > LARGEST_READ_BYTES:
                    reject("too-large")
                    continue
                yield Member(relative, path.read_bytes())
            except OSError:
                reject("unreadable")
