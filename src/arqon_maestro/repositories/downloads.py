"""Archives on disk: downloaded once, whole, and of the promised digest.

A file whose digest is right is used as it is, so that an interrupted fetch goes on where it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from arqon_maestro.artifacts import TEMPORARY_MARK, replace, sha256_file
from arqon_maestro.errors import IntegrityError, MissingPartError, UsageError

CLIENT_TIMEOUT_S = 900
CONNECTION_TIMEOUT_S = 60
LARGEST_DOWNLOAD_BYTES = 2 << 30
CHUNK_BYTES = 1 << 20
SCHEMES = ("https", "http", "file")

Obtain = Callable[[Path], Path]
"""Downloads into an empty folder and returns the file."""


def pinned_file(
    target: Path, sha256: str, obtain: Obtain, *, label: str, offline: bool = False
) -> Path:
    """Returns `target`, obtained unless it is there with the right digest.

    Args:
        target: where the archive is kept.
        sha256: the pinned digest.
        obtain: the download.
        label: what it is, for messages: ``npm/express 5.3.0``.
        offline: never download.

    Raises:
        MissingPartError: it is not here and can't be had.
        IntegrityError: what was downloaded has another digest.
    """
    if target.is_file() and sha256_file(target) == sha256:
        return target
    if offline:
        raise MissingPartError(
            f"{label} is not on this machine",
            where=target,
            why="offline",
            remedy="maestro repositories fetch with a network, or copy the file there",
        )
    with download_folder(target.parent) as folder:
        found = obtain(folder)
        actual = sha256_file(found)
        if actual != sha256:
            raise IntegrityError(
                f"{label} is not the archive that was pinned",
                where=found.name,
                why=f"its SHA-256 is {actual}, not {sha256}",
                remedy="compare with the registry, then correct the source list",
            )
        replace(found, target)
    return target


@contextmanager
def download_folder(parent: Path) -> Iterator[Path]:
    """Makes an empty folder for a download and removes it afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_MARK, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_client(
    command: Sequence[str],
    *,
    label: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = CLIENT_TIMEOUT_S,
) -> str:
    """Runs a registry's ordinary client and returns its standard output.

    Args:
        command: program and arguments.
        label: what is fetched, for messages.
        folder: where it runs.
        environment: variables that are added.
        timeout_s: it is ended after so long.

    Raises:
        MissingPartError: it is not installed, failed, or took too long.
    """
    program = shutil.which(command[0])
    if program is None:
        raise MissingPartError(
            f"{label} needs the program {command[0]}",
            why="it is not on the PATH",
            remedy=f"install {command[0]}, or leave this source out with --source",
        )
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MissingPartError(
            f"{label} did not come",
            why=f"{command[0]} took more than {timeout_s:.0f} s",
            remedy="try again; what was downloaded is kept",
        ) from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        telling = [line for line in lines if "rror" in line or line.startswith("E:")]
        raise MissingPartError(
            f"{label} cannot be had",
            why=f"{command[0]}: {(telling or lines[-1:] or ['no message'])[0][:300]}",
            remedy="check the network and the pinned version, or leave it out with --source",
        )
    return done.stdout


def client_file(folder: Path, name: str, label: str) -> Path:
    """Returns the file that a client was to leave in `folder`.

    Raises:
        MissingPartError: it left another one.
    """
    found = sorted(path.name for path in folder.iterdir())
    if name not in found:
        raise MissingPartError(
            f"{label} cannot be had",
            why=f"the registry gave {', '.join(found) or 'nothing'}, not {name}",
            remedy="correct the version in the source list, or leave it out with --source",
        )
    return folder / name


def download_url(url: str, target: Path, *, label: str) -> Path:
    """Downloads an address into `target`.

    Raises:
        UsageError: neither ``https:`` nor ``http:`` nor ``file:``.
        MissingPartError: no answer, or an error.
        IntegrityError: the transfer was cut short, or is larger than any source archive.
    """
    request = open_request(url)
    try:
        with (
            urllib.request.urlopen(request, timeout=CONNECTION_TIMEOUT_S) as answer,
            open(target, "wb") as stream,
        ):
            promised = answer.headers.get("Content-Length")
            size = 0
            while chunk := answer.read(CHUNK_BYTES):
                size += len(chunk)
                if size > LARGEST_DOWNLOAD_BYTES:
                    raise IntegrityError(f"{label} is too large", where=url)
                stream.write(chunk)
    except (urllib.error.URLError, TimeoutError, ConnectionError, OSError) as error:
        raise no_answer(label, url, error) from None
    if promised is not None and size != int(promised):
        raise IntegrityError(f"{label}: {size} of {promised} bytes came", where=url)
    return target


def open_request(url: str, accept: str = "*/*") -> urllib.request.Request:
    """Makes a request for an address.

    Raises:
        UsageError: neither ``https:`` nor ``http:`` nor ``file:``.
    """
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise UsageError(
            f"not an address that can be fetched: {url}", remedy=", ".join(f"{s}:" for s in SCHEMES)
        )
    return urllib.request.Request(url, headers={"User-Agent": "arqon-maestro", "Accept": accept})


def no_answer(label: str, url: str, error: Exception) -> MissingPartError:
    """Makes the error for an address that did not answer."""
    return MissingPartError(
        f"{label} cannot be had",
        where=url,
        why=str(getattr(error, "reason", "") or error),
        remedy="check the address and the network",
    )
