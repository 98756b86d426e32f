"""A source of one's own: a folder, an archive or a git repository, pinned and checked."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import sha256_file
from arqon_maestro.errors import DataError, IntegrityError, UsageError
from arqon_maestro.library import Library
from arqon_maestro.repositories.downloads import SCHEMES, download_folder, download_url
from arqon_maestro.repositories.filters import FilterLimits
from arqon_maestro.repositories.providers import git, open_source
from arqon_maestro.repositories.reading import read_package
from arqon_maestro.repositories.selection import size_bytes
from arqon_maestro.repositories.sources import (
    Source,
    load_sources,
    own_sources,
    parse_source,
    save_sources,
)

_GIT_ADDRESS = re.compile(r"git\+|(?:git|ssh):|git@|.*\.git/?\Z")
_ARCHIVE_SUFFIX = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|whl|jar|deb|gz|xz|bz2)\Z")


@dataclass(frozen=True)
class Found:
    """What a source has for one language: files that pass the filters, and rejects by reason."""

    language: str
    files: int
    bytes: int
    rejects: dict[str, int]


@dataclass(frozen=True)
class Addition:
    """A source as it was added, and what it has for each of its languages."""

    source: Source
    found: tuple[Found, ...]


def make_source(
    place: str,
    languages: Sequence[str],
    licence: str,
    *,
    downloads: Path,
    name: str = "",
    sha256: str = "",
) -> Source:
    """Makes a pinned source of a place.

    A folder is taken as it is; a git repository is pinned at its present HEAD, an archive at its
    present SHA-256.

    Args:
        place: a folder, an archive's path or address, a git address.
        languages: what it is read for.
        licence: SPDX expression.
        downloads: an archive is kept there.
        name: default: from the place.
        sha256: what an archive's digest must be.

    Raises:
        UsageError: nothing that can be added.
        MissingPartError: it can't be had.
        IntegrityError: the archive's digest is another.
        ConfigurationError: unknown language, licence that is not allowed, bad name.
    """
    values: dict[str, Any] = {"languages": tuple(languages), "licence": licence}
    path = Path(place).expanduser()
    if path.is_dir():
        values |= {"registry": "local-folder", "path": path.absolute()}
        values |= {"name": name or _name(path.absolute().name)}
        return parse_source(values, "maestro repositories add")
    if not path.is_file() and _GIT_ADDRESS.match(place):
        url = place.removeprefix("git+")
        values |= {"registry": "git", "url": url, "commit": git.head_commit(url)}
        values |= {"name": name or _name(url.rstrip("/").removesuffix(".git"))}
        return parse_source(values, "maestro repositories add")
    url = path.absolute().as_uri() if path.is_file() else place
    if urllib.parse.urlsplit(url).scheme not in SCHEMES:
        raise UsageError(
            "no such folder or file, and no address",
            where=place,
            remedy="a folder, an archive, https://…, or a git address that ends in .git",
        )
    archive = re.sub(r"[^A-Za-z0-9._+~%@-]", "-", Path(urllib.parse.urlsplit(url).path).name)
    with download_folder(downloads) as folder:
        actual = sha256_file(download_url(url, folder / "archive", label=place))
    if sha256 and sha256 != actual:
        raise IntegrityError(
            "not the archive that was named", where=place, why=f"its SHA-256 is {actual}"
        )
    values |= {"registry": "archive", "url": url, "archive": archive, "sha256": actual}
    values |= {"name": name or _name(_ARCHIVE_SUFFIX.sub("", archive)), "version": actual[:12]}
    return parse_source(values, "maestro repositories add")


def add_source(source: Source, library: Library, limits: FilterLimits | None = None) -> Addition:
    """Reads a source for its languages, and adds it to the library's own source list.

    Raises:
        DataError: its licence is refused, or it has no file of one of its languages.
    """
    limits = limits or FilterLimits()
    found = []
    for language in source.languages:
        readings = [
            read_package(package, language, limits)
            for package in open_source(source, library.downloads)
        ]
        for reading in readings:
            if not reading.verdict.accepted:
                raise DataError(
                    f"the licence {source.licence} is not confirmed",
                    where=source.name,
                    why=reading.verdict.why,
                    remedy="if you vouch for the licence, unpack it and add the folder",
                )
        files = [file for reading in readings for file in reading.files]
        rejects: dict[str, int] = {}
        for reading in readings:
            for reason, count in sorted(reading.rejects.items()):
                rejects[reason] = rejects.get(reason, 0) + count
        if not files:
            raise DataError(
                f"no {language} file that can be used",
                where=source.name,
                why=", ".join(f"{n} {reason}" for reason, n in rejects.items()) or "none at all",
                remedy="another --language",
            )
        found.append(Found(language, len(files), sum(map(size_bytes, files)), rejects))
    path = own_sources(library)
    others = load_sources(path).sources if path.is_file() else ()
    key = (source.registry, source.name)
    kept = [other for other in others if (other.registry, other.name) != key]
    save_sources(path, [*kept, source])
    return Addition(source, tuple(found))


def _name(text: str) -> str:
    tail = "/".join(text.rstrip("/").split("/")[-2:]) if "://" in text else text.split("/")[-1]
    return re.sub(r"[^A-Za-z0-9._+~/-]", "-", tail).strip("-./") or "source"
