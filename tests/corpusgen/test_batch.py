"""Corpora of many files: order, workers, time limit, crashes, rejects, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import sysconfig
import time
from collections import Counter
from pathlib import Path

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import sources
from arqon_maestro.corpusgen.batch import Corpus, make_corpus
from arqon_maestro.corpusgen.snippets import native
from arqon_maestro.corpusgen.sources import Source, find_sources, read_source
from arqon_maestro.errors import DataError, UsageError, WorkFailedError
from arqon_maestro.executors.crew import CRASHED, TIMED_OUT, map_items

LIBRARY = Path(sysconfig.get_path("stdlib"))
PYTHON = languages.get("python")


def work(item: str) -> str:
    """What the workers of the tests do."""
    if item == "hang":
        time.sleep(60)
    if item == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "raise":
        raise KeyError(item)
    if item == "usage":
        raise UsageError("wrong")
    if item == "hoard":
        return str(len(bytearray(1 << 30)))
    if item == "native hoard":
        native_hoard()
    if item == "slow":
        time.sleep(0.2)
    return item.upper()


def native_hoard() -> None:
    """Takes gigabytes in the parser, where nothing asks whether to stop."""
    native.parse_in_time(b"a=>" * 10_000, native.load_language("tree_sitter_java", "language"))


def test_workers_keep_order_and_lose_only_the_file() -> None:
    items = ["slow", "a", "hang", "b", "crash", "c", "raise", "d"]
    outcomes = list(map_items(work, items, 2, 1.0))
    assert [outcome.result or outcome.reason for outcome in outcomes] == [
        "SLOW",
        "A",
        TIMED_OUT,
        "B",
        CRASHED,
        "C",
        "file: KeyError",
        "D",
    ]


def test_too_much_memory_costs_only_the_file() -> None:
    outcomes = list(map_items(work, ["a", "hoard", "b", "native hoard", "c"], 1, 30.0, 900 << 20))
    assert [outcome.result or outcome.reason for outcome in outcomes] == [
        "A",
        "file: MemoryError",
        "B",
        CRASHED,
        "C",
    ]


def test_a_file_that_hangs_costs_only_itself(folder: Path, tmp_path: Path) -> None:
    """A named pipe that nobody writes to hangs for ever when it is read."""
    os.mkfifo(folder / "pipe.py")
    found = find_sources([str(folder)], PYTHON, (), Counter())
    assert "pipe.py" not in [source.name for source in found]
    hanging = [*found[:2], Source(str(folder / "pipe.py"), "pipe.py"), *found[2:]]
    out = tmp_path / "out"
    manifest = make_corpus(Corpus(PYTHON, None), hanging, out, workers=2, limit_s=8.0)
    assert manifest["rejects"][TIMED_OUT] == 1
    assert manifest["files_read"] == 7
    assert manifest["files_used"] == 3
    whole = make_corpus(Corpus(PYTHON, None), found, tmp_path / "whole")
    assert whole["digests"] == manifest["digests"]


def test_the_order_of_the_files_does_not_matter(folder: Path, tmp_path: Path) -> None:
    found = find_sources([str(folder)], PYTHON, (), Counter())
    lines = []
    for order in (found, found[::-1]):
        make_corpus(Corpus(PYTHON, "auto-style"), order, tmp_path / "out", workers=2)
        sources_, targets = (
            (tmp_path / "out" / name).read_text().splitlines() for name in ("input", "output")
        )
        lines.append(sorted(zip(sources_, targets, strict=True)))
    assert lines[0] == lines[1]


def test_expected_errors_come_through() -> None:
    with pytest.raises(UsageError, match="wrong"):
        list(map_items(work, ["a", "usage"], 1, 5.0))


def test_no_items() -> None:
    assert list(map_items(work, [], 3, 1.0)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of sources, good and odd."""
    place = tmp_path / "sources"
    (place / "sub").mkdir(parents=True)
    (place / ".git").mkdir()
    source = (LIBRARY / "bisect.py").read_bytes()
    (place / "good.py").write_bytes(source)
    (place / "sub" / "other.py").write_bytes(source)
    (place / ".git" / "hidden.py").write_bytes(source)
    (place / "binary.py").write_bytes(b"\0" + source)
    (place / "latin.py").write_bytes(source + "\u00e9".encode("latin-1"))
    (place / "empty.py").write_bytes(b"")
    (place / "notes.txt").write_text("notes")
    (place / "script").write_text("#!/usr/bin/env python3\n" + "x = 1\n" * 20)
    (place / "link.py").symlink_to(place / "good.py")
    return place


def test_find_sources(folder: Path) -> None:
    rejects: Counter[str] = Counter()
    found = find_sources([str(folder)], PYTHON, (), rejects)
    assert [source.name for source in found] == [
        "binary.py",
        "empty.py",
        "good.py",
        "latin.py",
        "script",
        "sub/other.py",
    ]
    assert rejects == Counter([sources.OTHER_LANGUAGE])
    listed = [f"{folder}/good.py\n", f"{folder}/notes.txt\n", "\n"]
    assert [s.name for s in find_sources(["-"], PYTHON, listed, rejects)] == ["good.py"]
    named = find_sources([str(folder / "notes.txt")], PYTHON, (), rejects)
    assert [source.name for source in named] == ["notes.txt"]
    with pytest.raises(UsageError, match="no such file"):
        find_sources([str(folder / "missing")], PYTHON, (), rejects)


def test_unreadable_files_have_reasons(folder: Path) -> None:
    for name, reason in [
        ("binary.py", sources.BINARY),
        ("latin.py", sources.NOT_UTF8),
        ("missing.py", sources.UNREADABLE),
        ("sub", sources.UNREADABLE),
    ]:
        with pytest.raises(DataError) as error:
            read_source(str(folder / name))
        assert error.value.what == reason


def test_any_number_of_workers_gives_the_same(folder: Path, tmp_path: Path) -> None:
    found = find_sources([str(folder)], PYTHON, (), Counter())
    manifests = []
    for workers in (1, 3):
        place = tmp_path / f"out{workers}"
        manifest = make_corpus(Corpus(PYTHON, "auto-style", seed=5), found, place, workers=workers)
        assert json.loads((place / "manifest.json").read_text()) == manifest
        assert sorted(path.name for path in place.iterdir()) == sorted(
            [*manifest["digests"], "manifest.json"]
        )
        del manifest["seconds"]
        manifests.append(manifest)
        for name in manifest["digests"]:
            text = (place / name).read_text()
            assert text.count("\n") == manifest["lines"] > 50
    assert manifests[0] == manifests[1]
    assert manifests[0]["files_read"] == 6
    assert manifests[0]["files_used"] == 3
    assert manifests[0]["seed"] == 5
    assert {sources.BINARY: 1, sources.NOT_UTF8: 1}.items() <= manifests[0]["rejects"].items()


def test_where_a_folder_lies_does_not_matter(folder: Path, tmp_path: Path) -> None:
    before = [source.name for source in find_sources([str(folder)], PYTHON, (), Counter())]
    moved = folder.rename(tmp_path / "elsewhere")
    assert [s.name for s in find_sources([str(moved)], PYTHON, (), Counter())] == before


def test_failures_leave_what_was_there(tmp_path: Path) -> None:
    short = tmp_path / "short.py"
    short.write_text("x = 1\n")
    out = tmp_path / "out"
    out.mkdir()
    (out / "corpus").write_text("before\n")
    with pytest.raises(WorkFailedError, match="no file gave a line"):
        make_corpus(Corpus(PYTHON, None), [Source(str(short), "short.py")], out)
    with pytest.raises(DataError, match="no Python source file"):
        make_corpus(Corpus(PYTHON, None), [], out)
    assert [path.name for path in out.iterdir()] == ["corpus"]
    assert (out / "corpus").read_text() == "before\n"
