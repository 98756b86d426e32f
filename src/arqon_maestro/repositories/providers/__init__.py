"""Where raw source comes from: one module per kind of place, all offering `Package`s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from arqon_maestro.repositories.providers import local_folder, standard_library
from arqon_maestro.repositories.records import Package
from arqon_maestro.repositories.sources import (
    LocalFolder,
    Source,
    StandardLibrary,
)


def open_source(source: Source, downloads: Path, *, offline: bool = False) -> Iterator[Package]:
    """Yields the packages of a source, downloading what is not there yet.

    Args:
        source: an entry of a source list.
        downloads: folder of the archives.
        offline: never use the network.

    Raises:
        MissingPartError: it can't be had: offline, no client, not found.
        IntegrityError: an archive is not the one that was pinned.
    """
    for package in _packages(source, downloads, offline=offline):
        yield replace(package, split=source.split)


def _packages(source: Source, downloads: Path, *, offline: bool) -> Iterator[Package]:
    if isinstance(source, StandardLibrary):
        return standard_library.packages()
    if isinstance(source, LocalFolder):
        return local_folder.packages(
            source.path, name=source.name, version=source.version, licence=source.licence
        )
    raise NotImplementedError
