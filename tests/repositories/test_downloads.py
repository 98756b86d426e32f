from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from arqon_maestro.errors import IntegrityError, MissingPartError, UsageError
from arqon_maestro.repositories.downloads import (
    client_file,
    download_url,
    pinned_file,
    run_client,
)

DATA = b"the archive"
SHA256 = hashlib.sha256(DATA).hexdigest()


class Registry:
    """Gives out `data` and counts how often it was asked."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data, self.asked = data, 0

    def __call__(self, folder: Path) -> Path:
        self.asked += 1
        path = folder / "x.tgz"
        path.write_bytes(self.data)
        return path


def test_a_download_is_kept_and_used_again(tmp_path: Path) -> None:
    registry, target = Registry(), tmp_path / "npm" / "x.tgz"
    for _ in range(3):
        assert pinned_file(target, SHA256, registry, label="x").read_bytes() == DATA
    assert pinned_file(target, SHA256, registry, label="x", offline=True) == target
    assert registry.asked == 1
    assert [path.name for path in target.parent.iterdir()] == ["x.tgz"]


def test_a_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    target = tmp_path / "x.tgz"
    target.write_bytes(DATA[:3])
    pinned_file(target, SHA256, Registry(), label="x")
    assert target.read_bytes() == DATA


def test_another_digest_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=SHA256):
        pinned_file(tmp_path / "x.tgz", SHA256, Registry(b"evil"), label="x")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> Path:
        (folder / "half").write_bytes(b"x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pinned_file(tmp_path / "x.tgz", SHA256, fail, label="x")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_offline_says_so(tmp_path: Path) -> None:
    registry = Registry()
    with pytest.raises(MissingPartError, match="offline") as caught:
        pinned_file(tmp_path / "x.tgz", SHA256, registry, label="npm/x 1", offline=True)
    assert "maestro repositories fetch" in str(caught.value)
    assert registry.asked == 0


def test_addresses(tmp_path: Path) -> None:
    source = tmp_path / "a b.tgz"
    source.write_bytes(DATA)
    download_url(source.as_uri(), tmp_path / "copy", label="x")
    assert (tmp_path / "copy").read_bytes() == DATA
    with pytest.raises(MissingPartError):
        download_url((tmp_path / "none").as_uri(), tmp_path / "copy", label="x")
    with pytest.raises(MissingPartError):
        download_url("http://127.0.0.1:9/x", tmp_path / "copy", label="x")
    for wrong in ("ftp://x/y", "x", "data:,hello"):
        with pytest.raises(UsageError):
            download_url(wrong, tmp_path / "copy", label="x")


def test_clients() -> None:
    assert run_client([sys.executable, "-c", "print('hello')"], label="x") == "hello\n"
    with pytest.raises(MissingPartError, match="not on the PATH"):
        run_client(["no-such-program"], label="x")
    with pytest.raises(MissingPartError, match="E: no route"):
        run_client([sys.executable, "-c", "import sys; sys.exit('E: no route\\nmore')"], label="x")
    with pytest.raises(MissingPartError, match="took more than"):
        run_client([sys.executable, "-c", "import time; time.sleep(60)"], label="x", timeout_s=0.2)


def test_a_client_that_leaves_another_file(tmp_path: Path) -> None:
    (tmp_path / "x-2.tgz").write_bytes(b"")
    with pytest.raises(MissingPartError, match=r"gave x-2\.tgz, not x-1\.tgz"):
        client_file(tmp_path, "x-1.tgz", "npm/x 1")
