"""Where raw source comes from: one module per kind of place, all offering `Package`s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from arqon_maestro.repositories.archives import read_members
from arqon_maestro.repositories.downloads import Obtain, download_url, pinned_file
from arqon_maestro.repositories.providers import (
    debian,
    git,
    local_folder,
    npm,
    pypi,
    standard_library,
)
from arqon_maestro.repositories.records import Package
from arqon_maestro.repositories.sources import (
    ArchiveUrl,
    GitRepository,
    LocalFolder,
    RegistryPackage,
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
    for package in _packages(source, downloads, offline):
        yield replace(package, split=source.split)


def _packages(source: Source, downloads: Path, offline: bool) -> Iterator[Package]:
    match source:
        case StandardLibrary():
            yield from standard_library.packages()
        case LocalFolder(path=path, name=name, version=version, licence=licence):
            yield from local_folder.packages(path, name=name, version=version, licence=licence)
        case GitRepository():
            yield _git_package(source, downloads, offline)
        case RegistryPackage() | ArchiveUrl():
            yield _archive_package(source, downloads, offline)


def _archive_package(
    source: RegistryPackage | ArchiveUrl, downloads: Path, offline: bool
) -> Package:
    obtain, family, provenance, strip_root = _place(source, downloads)
    path = pinned_file(
        downloads / source.registry / source.archive,
        source.sha256,
        obtain,
        label=f"{source.registry}/{source.name} {source.version}",
        offline=offline,
    )
    return Package(
        repository=f"{family}/{source.name}",
        version=source.version,
        licence=source.licence,
        provenance=provenance,
        members=lambda wanted, reject: read_members(path, wanted, reject, strip_root=strip_root),
        sha256=source.sha256,
    )


def _place(source: RegistryPackage | ArchiveUrl, downloads: Path) -> tuple[Obtain, str, str, bool]:
    """Returns how to download, the registry's family, the purl, and whether a root is stripped."""
    name, version, archive = source.name, source.version, source.archive
    wheel = archive.endswith(".whl")
    if isinstance(source, ArchiveUrl):
        url, label = source.url, f"archive/{name} {version}"
        return (
            lambda folder: download_url(url, folder / archive, label=label),
            "archive",
            f"pkg:generic/{name}@{version}?download_url={url}",
            not wheel and not archive.endswith(".deb"),
        )
    if source.registry == "pypi":
        purl = pypi.provenance(name, version)
        return lambda folder: pypi.obtain(name, version, archive, folder), "pypi", purl, not wheel
    if source.registry == "npm":
        purl = npm.provenance(name, version)
        return lambda folder: npm.obtain(name, version, archive, folder), "npm", purl, True
    if source.registry == "debian-binary":
        purl = debian.provenance(name, version, source=False)
        return (
            lambda folder: debian.obtain_binary(name, version, archive, folder),
            "debian",
            purl,
            False,
        )
    purl = debian.provenance(name, version, source=True)
    return (
        lambda folder: debian.obtain_source(name, version, archive, folder, downloads),
        "debian",
        purl,
        True,
    )


def _git_package(source: GitRepository, downloads: Path, offline: bool) -> Package:
    target = downloads / "git" / f"{source.name.replace('/', '-')}-{source.commit}.tar"
    path = git.archive_of_commit(source.url, source.commit, target, offline=offline)
    return Package(
        repository=f"git/{source.name}",
        version=source.commit,
        licence=source.licence,
        provenance=git.provenance(source.name, source.url, source.commit),
        members=lambda wanted, reject: read_members(path, wanted, reject, strip_root=False),
    )
