"""Packing: the version is the content, and the same model is the same file."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.library import Library
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.tarball import Packed, pack, read_label
from arqon_maestro.models.verify import verify
from arqon_maestro.models.version import FileRecord, file_records, record_of, version_of

from .conftest import MODEL, write_model

PATHS = st.from_regex(r"[a-u]{1,3}(/[a-u]{1,3})?", fullmatch=True)
RECORDS = st.dictionaries(PATHS, st.binary(max_size=5), max_size=6).map(
    lambda files: [record_of(path, content) for path, content in files.items()]
)


def test_the_same_model_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = pack(folder, tmp_path / "a", {"model": MODEL, "scores": {"x": 0.5}}, "# Card\n")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for entry in sorted(copy.rglob("*")):
        os.utime(entry, (time.time() - 1e6,) * 2)
    os.chmod(copy / "model.npz", 0o600)
    second = pack(copy, tmp_path / "b", {"scores": {"x": 0.5}, "model": MODEL}, "# Card\n")
    assert first.version == second.version
    assert first.path.read_bytes() == second.path.read_bytes()


def test_any_change_gives_another_version(folder: Path, tmp_path: Path, packed: Packed) -> None:
    versions = {packed.version}
    versions.add(pack(folder, tmp_path, {"model": MODEL}, "# Another card\n").version)
    versions.add(
        pack(folder, tmp_path, {"model": MODEL, "scores": {"a": 1}}, "# A model\n").version
    )
    (folder / "graph" / "words.txt").rename(folder / "graph" / "word.txt")
    versions.add(pack(folder, tmp_path, {"model": MODEL}, "# A model\n").version)
    assert len(versions) == 4


@given(RECORDS, RECORDS)
def test_versions_agree_exactly_if_contents_do(
    one: list[FileRecord], other: list[FileRecord]
) -> None:
    same = sorted(one) == sorted(other)
    assert (version_of(one) == version_of(list(reversed(other)))) == same


def test_archive_members(packed: Packed) -> None:
    with tarfile.open(packed.path) as archive:
        members = archive.getmembers()
        v = archive.extractfile("v")
        assert v is not None and v.read().decode().strip() == packed.version
    names = [member.name for member in members]
    assert names == ["v", "manifest.json", "MODEL_CARD.md", "graph/words.txt", "model.npz"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members} == {(0, 0, 0, "", 0o644)}
    assert packed.path.name == f"{packed.version}.tar.gz"


def test_label(packed: Packed) -> None:
    label = read_label(packed.path)
    assert label.version == packed.version
    assert label.card == "# A model\n"
    assert label.manifest == packed.manifest
    assert [entry.path for entry in packed.manifest.files] == [
        "MODEL_CARD.md",
        "graph/words.txt",
        "model.npz",
    ]


def test_the_destination_tells_the_model(folder: Path, library: Library) -> None:
    key = code_key("auto-style", "python")
    assert pack(folder, key.folder(library), {}, "").manifest.model == key.path


def test_tarballs_beside_the_files_are_not_packed(library: Library) -> None:
    target = code_key("auto-style", "python").folder(library)
    write_model(target, b"weights")
    first = pack(target, target, {}, "")
    assert pack(target, target, {}, "").version == first.version
    assert verify(first.path).problems == ()


def test_what_cannot_be_packed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no files to pack"):
        pack(tmp_path / "empty", tmp_path, {"model": MODEL}, "")
    with pytest.raises(DataError, match="names no model"):
        pack(folder, tmp_path, {}, "")
    with pytest.raises(UsageError, match="did you mean 'python'"):
        pack(folder, tmp_path, {"model": "code-engine/export/auto-style/pyton"}, "")
    with pytest.raises(DataError, match="libraries"):
        pack(folder, tmp_path, {"model": MODEL, "libraries": {"torch": 2}}, "")
    with pytest.raises(DataError, match="not the facts"):
        pack(folder, tmp_path, {"model": MODEL, "scores": {"x": float("nan")}}, "")
    (folder / "link").symlink_to(folder / "model.npz")
    with pytest.raises(DataError, match="link: neither a file nor a folder"):
        pack(folder, tmp_path, {"model": MODEL}, "")
    assert list(tmp_path.glob("*.tar.gz")) == []


def test_file_records_are_sorted(folder: Path) -> None:
    assert [record.path for record in file_records(folder)] == ["graph/words.txt", "model.npz"]


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    assert verify(tmp_path).problems == ("there are no files: this is no model",)
