"""Work in files: the same numbers as in memory, and nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import UsageError, WorkFailedError
from arqon_maestro.speech_engine.ngram import counts, folder_store, joins, runs, training
from arqon_maestro.speech_engine.ngram.folder_store import FileColumn, FolderStore
from arqon_maestro.speech_engine.ngram.store import (
    CHUNK_ROWS,
    MemoryColumn,
    chunks,
    group_chunks,
)
from arqon_maestro.speech_engine.ngram.training import train
from arqon_maestro.speech_engine.ngram.windows import merge_counts

from . import reference
from .conftest import WriteText

TEXT = reference.random_text(seed=61, sentences=350, words=900)
MEBIBYTE = 1 << 20


class TinyStore(FolderStore):
    """A store where a few hundred rows are too many."""

    rows = 300

    def rows_in_memory(self, row_bytes: int) -> int:
        return self.rows


@pytest.fixture
def tiny_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes every slice a few rows."""
    for function in (chunks, group_chunks):
        monkeypatch.setattr(function, "__defaults__", (41,))
    monkeypatch.setattr(joins, "CHUNK_ROWS", 41)
    monkeypatch.setattr(folder_store, "FolderStore", TinyStore)
    yield


@pytest.mark.usefixtures("tiny_chunks")
@pytest.mark.parametrize("rows", [97, 1000])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_same_bytes_as_in_memory(
    write_text: WriteText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: int,
    rows: int,
) -> None:
    monkeypatch.setattr(TinyStore, "rows", rows)
    text = write_text(TEXT)
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"w{number}\n" for number in range(0, 1000, 2)))
    written = []
    for memory_bytes in (None, 64 * MEBIBYTE):
        output = tmp_path / f"{memory_bytes}.arpa"
        summary = train(
            text,
            output,
            order=order,
            vocabulary=vocabulary,
            min_counts=(1, 1, 2)[:order],
            empty_sentences=20,
            memory_bytes=memory_bytes,
        )
        written.append((output.read_bytes(), summary.counted_ngrams, summary.discounts))
    assert written[0] == written[1]
    assert not list(tmp_path.glob(".*"))


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.integers(0, 5), min_size=1, max_size=300),
    order=st.integers(1, 3),
    piece=st.integers(1, 70),
    limit=st.integers(1, 50),
    bits=st.sampled_from([3, 23, 33]),
)
def test_runs_merge_to_what_one_sort_gives(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[int],
    order: int,
    piece: int,
    limit: int,
    bits: int,
) -> None:
    packing = runs.Packing(order, bits)
    sequence = np.array(words + [2] * (order - 1), np.uint32)
    whole = runs.count_windows(packing.pack(sequence, 2), packing)

    def pieces(rows: int | None) -> Iterator[np.ndarray]:
        for start, stop in chunks(len(words), rows or len(words)):
            yield sequence[start : stop + order - 1]

    class Pieces(FolderStore):
        def rows_in_memory(self, row_bytes: int) -> int:
            return piece if row_bytes < runs.MERGE_BYTES + 32 * packing.limbs else limit

    with Pieces(tmp_path_factory.mktemp("store") / "work", 64 * MEBIBYTE) as folder:
        parts = list(runs.sorted_windows(pieces, packing, 2, folder))
    limbs = [np.concatenate(same) for same in zip(*(part[0] for part in parts), strict=True)]
    counts = np.concatenate([part[1] for part in parts])
    assert [limb.tolist() for limb in limbs] == [limb.tolist() for limb in whole[0]]
    assert counts.tolist() == whole[1].tolist()


def test_nothing_merged_is_nothing() -> None:
    limbs, counts = merge_counts([np.zeros(0, np.uint64)], np.zeros(0, np.int64))
    assert (limbs[0].size, counts.size) == (0, 0)


def test_files_behave_as_memory(tmp_path: Path) -> None:
    memory, file = MemoryColumn(np.int32), FileColumn(tmp_path / "column", np.int32)
    for column in (memory, file):
        assert column.read().size == 0
        column.append(np.arange(5))
        column.append(np.arange(5, 9))
        column.overwrite(3, np.array([-1, -2]))
        assert column.size == 9
        assert column.read().tolist() == [0, 1, 2, -1, -2, 5, 6, 7, 8]
        assert column.read(4, 100).tolist() == [-2, 5, 6, 7, 8]
    file.discard()
    assert not list(tmp_path.iterdir())


def test_groups_stay_together(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    groups = np.repeat(np.arange(200), generator.integers(1, 60, 200))
    groups = np.concatenate((groups, np.full(5000, 300)))
    column = FileColumn(tmp_path / "groups", np.int32)
    column.append(groups)
    covered = 0
    for start, stop in group_chunks(column, 50):
        assert start == covered
        assert stop == groups.size or groups[stop] != groups[stop - 1]
        assert np.flatnonzero(groups == groups[stop - 1])[0] < start + 50
        covered = stop
    assert covered == groups.size


def test_a_folder_needs_some_memory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="64 MiB"):
        FolderStore(tmp_path / "work", MEBIBYTE)
    with FolderStore(tmp_path / "work", 64 * MEBIBYTE) as folder:
        with pytest.raises(WorkFailedError, match="another program"):
            FolderStore(tmp_path / "work", 64 * MEBIBYTE)
        assert folder.rows_in_memory(1 << 40) == CHUNK_ROWS
    assert not list(tmp_path.iterdir())


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from arqon_maestro.speech_engine.ngram import counts, training
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
module, name, text, output = sys.argv[1:]
setattr({"counts": counts, "training": training}[module], name, die)
training.train(Path(text), Path(output), order=3, empty_sentences=9, memory_bytes=64 << 20)
"""


@pytest.mark.parametrize(
    ("module", "name", "never_again"),
    [
        ("counts", "sorted_windows", [(counts, "read_blocks")]),
        ("training", "write_arpa", [(counts, "read_blocks"), (counts, "sorted_windows")]),
    ],
)
def test_a_killed_run_goes_on(
    write_text: WriteText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    name: str,
    never_again: list[tuple[ModuleType, str]],
) -> None:
    text, output, whole = write_text(TEXT), tmp_path / "killed.arpa", tmp_path / "whole.arpa"
    train(text, whole, order=3, empty_sentences=9)
    command = [sys.executable, "-c", KILLED_RUN, module, name, str(text), str(output)]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    assert not output.exists()

    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("done already")

    for owner, function in never_again:
        monkeypatch.setattr(owner, function, forbidden)
    train(text, output, order=3, empty_sentences=9, memory_bytes=64 * MEBIBYTE)
    assert output.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_changed_text_is_read_again(
    write_text: WriteText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, output, whole = write_text(TEXT), tmp_path / "killed.arpa", tmp_path / "whole.arpa"
    with monkeypatch.context() as patch:

        def interrupted(*arguments: object, **options: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(training, "write_arpa", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(text, output, order=2, memory_bytes=64 * MEBIBYTE)
    assert list(tmp_path.glob(".killed.arpa.work/counts.json"))
    text.write_text("a b\n" + text.read_text())
    train(text, output, order=2, memory_bytes=64 * MEBIBYTE)
    train(text, whole, order=2)
    assert output.read_bytes() == whole.read_bytes()
