"""A git repository at one commit, without history, checkout, hooks or submodules."""

from __future__ import annotations

import re
from pathlib import Path

from arqon_maestro.artifacts import replace
from arqon_maestro.errors import DataError, IntegrityError, MissingPartError
from arqon_maestro.repositories.downloads import download_folder, run_client

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    # No transport that runs a program named in the address (ext::).
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def archive_of_commit(url: str, commit: str, target: Path, *, offline: bool = False) -> Path:
    """Returns `target`, a tar of the commit's files, made unless it is there.

    Args:
        url: address of the repository, or a path.
        commit: full hash; git itself checks the content against it.
        target: where the tar is kept.
        offline: never use the network.

    Raises:
        MissingPartError: no git here, or the commit can't be had.
        IntegrityError: the tar is of another commit.
    """
    label = f"{url} at {commit[:12]}"
    if not target.is_file():
        if offline:
            raise MissingPartError(
                f"{label} is not on this machine",
                where=target,
                why="offline",
                remedy="maestro repositories fetch with a network",
            )
        with download_folder(target.parent) as folder:
            _git(["init", "--quiet", "--bare", "."], folder, label)
            fetch = ["fetch", "--quiet", "--depth", "1", "--no-tags", "--", url]
            try:
                _git([*fetch, commit], folder, label)
            except MissingPartError:
                # Some servers give out branches only: take all of them, then look for the commit.
                _git(["fetch", "--quiet", "--", url, "+refs/*:refs/*"], folder, label)
            tar = folder / "commit.tar"
            _git(["archive", "--format=tar", "-o", tar.name, commit], folder, label)
            replace(tar, target)
    with open(target, "rb") as stream:
        header = stream.read(1024)
    # git writes the commit into the tar's first header.
    if commit.encode() not in header:
        raise IntegrityError(
            "not a tar of the pinned commit", where=target, remedy="delete it and fetch again"
        )
    return target


def head_commit(url: str) -> str:
    """Returns the commit that a repository's HEAD is at now.

    Raises:
        MissingPartError: no git here, or no answer.
        DataError: the repository has no commit.
    """
    answer = _git(["ls-remote", "--", url, "HEAD"], None, url)
    found = re.match(r"[0-9a-f]{40,64}", answer)
    if found is None:
        raise DataError("the repository has no commit", where=url)
    return found[0]


def provenance(name: str, url: str, commit: str) -> str:
    """Returns the package URL (purl)."""
    return f"pkg:generic/{name}@{commit}?vcs_url=git+{url}"


def _git(arguments: list[str], folder: Path | None, label: str) -> str:
    return run_client(["git", *arguments], label=label, folder=folder, environment=_ENVIRONMENT)
