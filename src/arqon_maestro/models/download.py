"""Fetching pinned models: ``<base>/models/<path>/<version>.tar.gz``, over http, https or file."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError, IntegrityError, MissingPartError, UsageError
from arqon_maestro.library import Library
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.keys import MODEL_KEYS, ModelKey
from arqon_maestro.models.registry import EMBEDDED, URL_SCHEMES, Registry
from arqon_maestro.models.verify import verify_tarball
from arqon_maestro.models.version import ARCHIVE_SUFFIX, installed_version
from arqon_maestro.progress import SILENT, Reporter, Task

TIMEOUT_S = 30.0
ATTEMPTS = 3
FIRST_PAUSE_S = 1.0
CHUNK_BYTES = 1 << 18
# A tarball of the full recipe has tens of megabytes; a server that goes on for ever is stopped.
SIZE_LIMIT_BYTES = 8 * 2**30

PRESENT = "present"
FETCHED = "fetched"
LOCAL = "local tarball"


@dataclass(frozen=True)
class Outcome:
    """What was done for one key: ``present`` already, ``fetched``, or a ``local tarball`` used."""

    key: ModelKey
    version: str
    action: str
    warnings: tuple[str, ...] = ()


def pinned(registry: Registry, keys: Sequence[ModelKey] = MODEL_KEYS) -> list[tuple[ModelKey, str]]:
    """Returns the keys that name a version to fetch, in order."""
    return [
        (key, version)
        for key in keys
        if (version := registry.version(key)) is not None and version != EMBEDDED
    ]


def download(
    registry: Registry,
    library: Library,
    *,
    url: str | None = None,
    keys: Sequence[ModelKey] = MODEL_KEYS,
    reporter: Reporter = SILENT,
    pause_s: float = FIRST_PAUSE_S,
) -> list[Outcome]:
    """Installs every pinned model that is not installed, fetching what is not on disk.

    What is installed already is skipped, and so is the fetching of a tarball that lies in its
    place; so a download that broke off goes on where it was.

    Args:
        registry: ``config/models.yaml``.
        url: the base URL; by default the registry's.
        keys: only these.
        pause_s: seconds before the second attempt; doubled before each further one.

    Raises:
        MissingPartError: no URL, no network, or no such archive there.
        IntegrityError: an archive that is not the version it was asked for.
        DataError: a corrupt archive.
        UsageError: a URL that is not http, https or file.
    """
    base = url or registry.url
    if base is not None and not base.startswith(URL_SCHEMES):
        raise UsageError(f"not a base URL: {base!r}", why="http://, https:// or file:// expected")
    outcomes = []
    for key, version in pinned(registry, keys):
        tarball = key.folder(library) / f"{version}{ARCHIVE_SUFFIX}"
        if installed_version(key.folder(library)) == version:
            outcomes.append(Outcome(key, version, PRESENT))
            continue
        action = LOCAL
        if not tarball.is_file():
            if base is None:
                raise MissingPartError(
                    f"no URL to fetch {key} from",
                    why="neither --url nor `url` in config/models.yaml is set",
                    remedy="maestro models download --url URL, or maestro train",
                )
            fetch(archive_url(base, key, version), tarball, reporter=reporter, pause_s=pause_s)
            action = FETCHED
        done = _install(tarball, library, key, version, fetched=action == FETCHED)
        outcomes.append(Outcome(key, version, action, done.warnings))
    return outcomes


def archive_url(base: str, key: ModelKey, version: str) -> str:
    """Returns where an archive lies below a base URL."""
    return f"{base.rstrip('/')}/models/{key.path}/{version}{ARCHIVE_SUFFIX}"


def fetch(
    url: str,
    target: Path,
    *,
    reporter: Reporter = SILENT,
    pause_s: float = FIRST_PAUSE_S,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Fetches a URL into a file, which appears only when it is whole.

    Raises:
        MissingPartError: it is not there, or the server is out of reach after some attempts.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch_once(url, target, reporter, timeout_s)
            return
        except urllib.error.HTTPError as error:
            # Asking again helps against an overloaded server, not against "not found".
            if error.code < 500 and error.code != 429:
                raise MissingPartError(
                    f"the server answered {error.code} {error.reason}",
                    where=url,
                    remedy="check the URL and the versions in config/models.yaml",
                ) from None
            why = f"{error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
            reason = getattr(error, "reason", error)
            if url.startswith("file:"):
                raise MissingPartError("no such file", where=url, why=str(reason)) from None
            why = str(reason) or type(error).__name__
        except ConnectionError as error:
            why = str(error)
        if attempt < ATTEMPTS:
            reporter.say(f"{url}: {why}; trying again")
            time.sleep(pause_s * 2 ** (attempt - 1))
    raise MissingPartError(
        f"cannot be fetched in {ATTEMPTS} attempts",
        where=url,
        why=why,
        remedy="check the network, then run the same command again",
    )


def _fetch_once(url: str, target: Path, reporter: Reporter, timeout_s: float) -> None:
    opener = urllib.request.build_opener()
    with opener.open(url, timeout=timeout_s) as response, atomic_binary(target) as sink:
        length = response.headers.get("Content-Length")
        expected = int(length) if length and length.isdigit() else None
        with reporter.task(target.name, expected, "bytes") as task:
            received = _copy(response, sink, task, url)
        if expected is not None and received != expected:
            raise http.client.IncompleteRead(b"", expected - received)


def _copy(response: IO[bytes], sink: IO[bytes], task: Task, url: str) -> int:
    received = 0
    while chunk := response.read(CHUNK_BYTES):
        received += len(chunk)
        if received > SIZE_LIMIT_BYTES:
            raise MissingPartError(f"more than {SIZE_LIMIT_BYTES:,} bytes", where=url)
        sink.write(chunk)
        task.advance(len(chunk))
    return received


def _install(
    tarball: Path, library: Library, key: ModelKey, version: str, *, fetched: bool
) -> Installed:
    try:
        checked = verify_tarball(tarball)
        checked.require_sound(tarball)
        if checked.version != version:
            raise IntegrityError(f"version {checked.version}, asked for {version}", where=tarball)
        return install(tarball, library, key)
    except DataError:
        if fetched:
            # Left there, it would be taken for a local tarball the next time.
            tarball.unlink(missing_ok=True)
        raise
