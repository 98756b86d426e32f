"""Fetching pinned models from a server on this machine, and from a folder."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from arqon_maestro.errors import DataError, IntegrityError, MissingPartError, UsageError
from arqon_maestro.library import Library
from arqon_maestro.models.download import archive_url, download, fetch
from arqon_maestro.models.keys import ModelKey, code_key, speech_key
from arqon_maestro.models.registry import EMBEDDED, Registry
from arqon_maestro.models.tarball import Packed

KEY = code_key("auto-style", "python")


@dataclass
class Server:
    url: str
    root: Path
    requests: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    root = tmp_path / "served"
    root.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(root))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            state.requests.append(self.path)
            if state.failures:
                self.send_error(state.failures.pop(0))
                return
            if self.path.endswith("/short"):
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"too little")
                return
            super().do_GET()

        def log_message(self, *arguments: object) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{listening.server_port}", root)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield state
    listening.shutdown()
    listening.server_close()
    thread.join()


def place(packed: Packed, root: Path, version: str | None = None) -> Registry:
    version = version or packed.version
    target = root / "models" / KEY.path / f"{version}.tar.gz"
    target.parent.mkdir(parents=True)
    shutil.copy(packed.path, target)
    return Registry({KEY: version, speech_key("acoustic-model"): EMBEDDED})


def actions(registry: Registry, library: Library, url: str | None) -> list[tuple[ModelKey, str]]:
    return [(o.key, o.action) for o in download(registry, library, url=url, pause_s=0.0)]


def test_over_http(packed: Packed, server: Server, library: Library) -> None:
    registry = place(packed, server.root)
    server.failures = [503, 503]
    assert actions(registry, library, server.url + "/") == [(KEY, "fetched")]
    assert (KEY.folder(library) / "model.npz").read_bytes() == b"weights"
    assert actions(registry, library, server.url) == [(KEY, "present")]
    assert len(server.requests) == 3


def test_from_a_folder(packed: Packed, library: Library, tmp_path: Path) -> None:
    registry = place(packed, tmp_path / "mirror")
    url = (tmp_path / "mirror").as_uri()
    assert actions(Registry(registry.versions, url), library, None) == [(KEY, "fetched")]


def test_a_local_tarball_needs_no_url(packed: Packed, library: Library) -> None:
    registry = place(packed, library.root)
    assert actions(registry, library, None) == [(KEY, "local tarball")]
    assert actions(registry, library, None) == [(KEY, "present")]


def test_nothing_pinned(library: Library) -> None:
    assert actions(Registry({speech_key("acoustic-model"): EMBEDDED}), library, None) == []


def test_no_url(packed: Packed, library: Library) -> None:
    with pytest.raises(MissingPartError, match="no URL"):
        download(Registry({KEY: packed.version}), library)
    with pytest.raises(UsageError, match="not a base URL"):
        download(Registry({KEY: packed.version}), library, url="ftp://example.org")


def test_not_there(packed: Packed, server: Server, library: Library, tmp_path: Path) -> None:
    registry = Registry({KEY: packed.version})
    with pytest.raises(MissingPartError, match="404"):
        download(registry, library, url=server.url, pause_s=0.0)
    assert len(server.requests) == 1
    with pytest.raises(MissingPartError, match="no such file"):
        download(registry, library, url=tmp_path.as_uri(), pause_s=0.0)
    assert not KEY.folder(library).exists() or not list(KEY.folder(library).iterdir())


def test_no_network(library: Library) -> None:
    # Port 9 (discard) of this machine is closed.
    with pytest.raises(MissingPartError, match=r"3 attempts .*refused"):
        download(Registry({KEY: "a" * 40}), library, url="http://127.0.0.1:9", pause_s=0.0)


def test_an_answer_that_breaks_off(server: Server, tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="IncompleteRead"):
        fetch(server.url + "/short", tmp_path / "out" / "x", pause_s=0.0)
    assert len(server.requests) == 3
    assert list((tmp_path / "out").iterdir()) == []


def test_another_version_than_asked(packed: Packed, server: Server, library: Library) -> None:
    registry = place(packed, server.root, version="d" * 40)
    with pytest.raises(IntegrityError):
        download(registry, library, url=server.url)
    assert list(KEY.folder(library).iterdir()) == []


def test_a_corrupt_archive_is_not_kept(packed: Packed, server: Server, library: Library) -> None:
    registry = place(packed, server.root)
    path = server.root / "models" / KEY.path / f"{packed.version}.tar.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="corrupt"):
        download(registry, library, url=server.url)
    assert list(KEY.folder(library).iterdir()) == []


def test_archive_url() -> None:
    url = archive_url("https://example.org/m/", KEY, "a" * 40)
    expected = (
        f"https://example.org/m/models/code-engine/export/auto-style/python/{'a' * 40}.tar.gz"
    )
    assert url == expected
