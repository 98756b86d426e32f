"""Debian packages through ``apt-get``: binary packages, and the upstream archives of sources.

Source packages need an index that most machines do not keep. It is made beside the downloads, from
the archives that the machine's apt is set to, without changing anything of the system.
"""

from __future__ import annotations

from pathlib import Path

from arqon_maestro.errors import MissingPartError
from arqon_maestro.repositories.downloads import client_file, run_client

INDEX_FOLDER = "apt-source-index"


def obtain_binary(name: str, version: str, archive: str, folder: Path) -> Path:
    """Downloads a binary package into `folder`.

    Raises:
        MissingPartError: no apt here, or the mirror has another version by now.
    """
    label = f"debian/{name} {version}"
    run_client(["apt-get", "download", f"{name}={version}"], label=label, folder=folder)
    return client_file(folder, archive, label)


def obtain_source(name: str, version: str, archive: str, folder: Path, downloads: Path) -> Path:
    """Downloads the upstream archive of a source package into `folder`.

    Args:
        name: the source package.
        version: upstream version.
        archive: file name of the ``.orig.tar``.
        folder: where to.
        downloads: the index of source packages is kept there.

    Raises:
        MissingPartError: no apt here, or the mirror has another version by now.
    """
    label = f"debian/{name} {version}"
    options = _source_options(downloads / INDEX_FOLDER, label)
    command = ["apt-get", *options, "source", "--download-only", "--only-source", "--tar-only"]
    run_client([*command, name], label=label, folder=folder)
    return client_file(folder, archive, label)


def provenance(name: str, version: str, *, source: bool) -> str:
    """Returns the package URL (purl)."""
    return f"pkg:deb/debian/{name}@{version}" + ("?arch=source" if source else "")


def _source_options(state: Path, label: str) -> list[str]:
    """Returns the options under which apt-get knows source packages; makes the index if needed."""
    lists, entries = state / "lists", state / "sources.list"
    options = []
    for key, value in {
        "Dir::State::lists": lists,
        "Dir::Cache": state / "cache",
        "Dir::Etc::sourcelist": entries,
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }.items():
        options += ["-o", f"{key}={value}"]
    if not any(lists.glob("*_Sources*")):
        for folder in (lists / "partial", state / "cache" / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        entries.write_text("".join(_source_entries(label)), encoding="utf-8")
        run_client(["apt-get", *options, "update"], label=label)
    return options


def _source_entries(label: str) -> list[str]:
    """Returns ``deb-src`` lines for the distribution's archives that this machine uses."""
    fields = "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]
    rows = run_client([*command, "Origin: Debian"], label=label).splitlines()
    lines = [f"{row.strip()}\n" for row in rows if row.strip()]
    if not lines:
        raise MissingPartError(
            f"{label} cannot be had",
            why="apt on this machine knows no Debian archive",
            remedy="run this on Debian, or leave it out with --source",
        )
    return sorted(set(lines))
