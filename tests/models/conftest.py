"""A small model, packed; a library root and a checkout to install it in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from arqon_maestro.library import Library
from arqon_maestro.models.tarball import Packed, pack

CHECKOUT = Path(__file__).resolve().parents[2]
MODEL = "code-engine/export/auto-style/python"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "trained", b"weights")


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Packed:
    return pack(folder, tmp_path / "out", {"model": MODEL}, "# A model\n")


@pytest.fixture
def other(tmp_path: Path) -> Packed:
    source = write_model(tmp_path / "retrained", b"better weights")
    return pack(source, tmp_path / "out", {"model": MODEL}, "# A model\n")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with its own models.yaml; the environment points to it and to the library."""
    root = tmp_path / "checkout"
    (root / "config").mkdir(parents=True)
    shutil.copy(CHECKOUT / "config" / "models.yaml", root / "config" / "models.yaml")
    monkeypatch.setenv("ARQON_MAESTRO_SOURCE_ROOT", str(root))
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    return root


def write_model(root: Path, weights: bytes) -> Path:
    (root / "graph").mkdir(parents=True)
    (root / "model.npz").write_bytes(weights)
    (root / "graph" / "words.txt").write_text("add 1\n")
    return root
