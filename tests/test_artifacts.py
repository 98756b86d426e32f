"""Files that are never half-written, and digests that name content."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from arqon_maestro import artifacts
from arqon_maestro.errors import DataError, MissingPartError


def test_an_error_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with artifacts.atomic_text(path) as stream:
        stream.write("old\n")
    with pytest.raises(KeyboardInterrupt), artifacts.atomic_text(path) as stream:
        stream.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_gzip_has_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with artifacts.atomic_text(tmp_path / name) as stream:
            stream.write("é\n" * 1000)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()).decode() == "é\n" * 1000
    with artifacts.open_text(tmp_path / "a.gz") as text:
        assert text.readline() == "é\n"


def test_damaged_gzip_is_told_with_its_name(tmp_path: Path) -> None:
    whole = gzip.compress(b"word\n" * 100_000 + bytes(range(256)) * 40)
    damages = {
        "cut.gz": whole[: len(whole) // 2],
        "changed.gz": whole[:40] + bytes(50) + whole[90:],
        "plain.gz": b"word\n",
    }
    for name, content in damages.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="a damaged gzip file") as caught:
            list(artifacts.text_lines(tmp_path / name))
        assert caught.value.where == str(tmp_path / name)


def test_text_that_is_not_utf8_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("naïve\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8 text") as caught:
        list(artifacts.text_lines(tmp_path / "latin.txt"))
    assert caught.value.where == str(tmp_path / "latin.txt")


def test_line_ends_are_kept_as_written(tmp_path: Path) -> None:
    with artifacts.atomic_text(tmp_path / "a") as stream:
        stream.write("a\r\nb\n")
    assert (tmp_path / "a").read_bytes() == b"a\r\nb\n"
    with artifacts.open_text(tmp_path / "a") as text:
        assert text.read() == "a\r\nb\n"


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "data", tmp_path / "new"
    old.mkdir()
    (old / "gone").write_text("x")
    new.mkdir()
    (new / "here").write_text("y")
    artifacts.replace(new, old)
    assert [entry.name for entry in old.iterdir()] == ["here"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_folder_digest_names_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    before = artifacts.digest(tmp_path)
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert artifacts.digest(tmp_path) != before
    (tmp_path / "a" / "y").rename(tmp_path / "a" / "x")
    assert artifacts.digest(tmp_path) == before
    (tmp_path / "manifest.json").write_text("{}")
    assert artifacts.digest(tmp_path) != before
    assert artifacts.digest(tmp_path, ignore=("manifest.json",)) == before


def test_clear_errors_for_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="no such file"):
        artifacts.open_text(tmp_path / "none")
    with pytest.raises(DataError, match="a folder"):
        artifacts.open_text(tmp_path)
    with pytest.raises(MissingPartError):
        artifacts.read_json(tmp_path / "none")
    with pytest.raises(MissingPartError):
        artifacts.digest(tmp_path / "none")
    (tmp_path / "half.json").write_text("{")
    with pytest.raises(DataError, match="not a JSON file"):
        artifacts.read_json(tmp_path / "half.json")


def test_a_value_digest_does_not_hang_on_the_order_of_keys() -> None:
    assert artifacts.digest_value({"a": 1, "b": [2]}) == artifacts.digest_value({"b": [2], "a": 1})
    assert artifacts.digest_value({"a": 1}) != artifacts.digest_value({"a": 2})
