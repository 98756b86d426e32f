"""Work in files: the same numbers as in memory, and nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import UsageError, WorkFailedError
from arqon_maestro.executors import LocalExecutor
from arqon_maestro.speech_engine.ngram import folder_store, joins, runs, sharding, training
from arqon_maestro.speech_engine.ngram.folder_store import FileColumn, FolderStore
from arqon_maestro.speech_engine.ngram.sharding import bucket_bounds
from arqon_maestro.speech_engine.ngram.store import (
    CHUNK_ROWS,
    MemoryColumn,
    chunks,
    group_chunks,
)
from arqon_maestro.speech_engine.ngram.training import train
from arqon_maestro.speech_engine.ngram.windows import (
    Packing,
    count_windows,
    merge_counts,
    partition,
)

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
    monkeypatch.setattr(sharding, "SHARD_BYTES", 3000)
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
    words: list[int], order: int, piece: int, limit: int, bits: int
) -> None:
    packing = Packing(order, bits)
    sequence = MemoryColumn(np.uint32)
    sequence.append(np.array(words, np.uint32))
    ids = np.arange(6, dtype=np.uint32)
    (whole,) = runs.packed_pieces(sequence, ids, packing, 2)
    expected = count_windows(whole, packing)
    sorted_runs = []
    for limbs in runs.packed_pieces(sequence, ids, packing, 2, piece):
        columns = [MemoryColumn(np.uint64) for _ in limbs]
        sorted_runs.append(runs.Run(columns, MemoryColumn(np.int64)))
        sorted_runs[-1].append(count_windows(limbs, packing))
    parts = list(runs.merged(sorted_runs, limit))
    limbs = [np.concatenate(same) for same in zip(*(part[0] for part in parts), strict=True)]
    counts = np.concatenate([part[1] for part in parts])
    assert [limb.tolist() for limb in limbs] == [limb.tolist() for limb in expected[0]]
    assert counts.tolist() == expected[1].tolist()


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.integers(0, 5), min_size=1, max_size=200),
    order=st.integers(2, 4),
    bounds=st.sets(st.integers(1, 6), max_size=4),
    bits=st.sampled_from([3, 23, 33]),
)
def test_buckets_hold_the_windows_of_their_words(
    words: list[int], order: int, bounds: set[int], bits: int
) -> None:
    packing = Packing(order, bits)
    sequence = np.array([*words, *[2] * (order - 1)], np.uint32)
    limits = [0, *sorted(bounds)]
    laid, starts = partition(packing.pack(sequence, 2), packing, np.array(limits, np.uint64))
    columns = np.stack(packing.unpack(laid), axis=1)
    assert starts.tolist() == [sum(word < limit for word in words) for limit in limits] + [
        len(words)
    ]
    plain = np.stack(packing.unpack(packing.pack(sequence, 2)), axis=1)
    assert sorted(columns.tolist()) == sorted(plain.tolist())
    for number, limit in enumerate(limits):
        own = columns[starts[number] : starts[number + 1], 0]
        assert (own >= limit).all()
        assert number + 1 == len(limits) or (own < limits[number + 1]).all()


def test_bounds_are_even_and_never_split_a_word() -> None:
    occurrences = np.array([5, 0, 100, 3, 3, 3, 3, 3, 3, 0, 40, 1])
    # The third word is the end of sentences.
    assert bucket_bounds(occurrences, 10) == (0, 2, 3, 5, 8, 11)
    assert bucket_bounds(occurrences, 10**9) == (0, 2, 3)
    assert bucket_bounds(np.ones(200_000, np.int64), 1)[:5] == (0, 2, 3, 6, 9)


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
import importlib, os, signal, sys
from pathlib import Path
from arqon_maestro.executors import LocalExecutor, SerialExecutor
from arqon_maestro.speech_engine.ngram import sharding, training
module, name, calls, workers, text, output = sys.argv[1:]
module = importlib.import_module("arqon_maestro.speech_engine.ngram." + module)
function, left = getattr(module, name), int(calls)
def die(*arguments, **options):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return function(*arguments, **options)
setattr(module, name, die)
sharding.SHARD_BYTES = 4096
executor = SerialExecutor() if workers == "1" else LocalExecutor(int(workers))
training.train(Path(text), Path(output), order=3, empty_sentences=9, memory_bytes=64 << 20,
    executor=executor)
"""


@pytest.mark.parametrize(
    ("module", "name", "calls", "left", "workers"),
    [
        ("sharding", "read_blocks", 2, 1, 1),
        ("sharding", "partition", 0, 4, 1),
        ("sharding", "partition", 3, 1, 1),
        ("sharding", "count_windows", 1, 1, 1),
        ("sharding", "write_compact_json", 5, 4, 2),
        ("counts", "LevelBuilder", 0, 1, 1),
        ("training", "estimate", 0, 1, 1),
        ("training", "write_arpa", 0, 1, 1),
    ],
)
def test_a_killed_run_goes_on_where_it_was(
    write_text: WriteText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    name: str,
    calls: int,
    left: int,
    workers: int,
) -> None:
    """Killed at a function's call after `calls` of them, it needs only `left` calls more."""
    text, output, whole = write_text(TEXT), tmp_path / "killed.arpa", tmp_path / "whole.arpa"
    train(text, whole, order=3, empty_sentences=9)
    arguments = [module, name, str(calls), str(workers), str(text), str(output)]
    command = [sys.executable, "-c", KILLED_RUN, *arguments]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    assert not output.exists()
    owner = import_module(f"arqon_maestro.speech_engine.ngram.{module}")
    function, called = getattr(owner, name), []

    def counted(*arguments: object, **options: object) -> object:
        called.append(1)
        return function(*arguments, **options)

    monkeypatch.setattr(owner, name, counted)
    monkeypatch.setattr(sharding, "SHARD_BYTES", 4096)
    train(text, output, order=3, empty_sentences=9, memory_bytes=64 * MEBIBYTE)
    assert len(called) == left
    assert output.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_a_command_killed_again_and_again_ends_with_the_same_bytes(
    write_text: WriteText, tmp_path: Path
) -> None:
    text = write_text(reference.random_text(seed=62, sentences=60_000, words=9000))
    output, whole = tmp_path / "killed.arpa", tmp_path / "whole.arpa"
    command = [str(Path(sys.executable).parent / "maestro"), "lm", "train", "--order", "4"]
    command += ["--text", str(text), "--output"]
    subprocess.run([*command, str(whole)], check=True, timeout=300)
    kills = 0
    for patience_s in np.arange(0.5, 60.0, 0.25).tolist():
        process = subprocess.Popen(
            [*command, str(output), "--memory", "64M"], stderr=subprocess.DEVNULL
        )
        try:
            assert process.wait(patience_s) == 0
            break
        except subprocess.TimeoutExpired:
            kills += 1
            process.kill()
            process.wait()
    assert kills
    assert output.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_two_workers_give_the_same_bytes(
    write_text: WriteText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "SHARD_BYTES", 4096)
    text, output, whole = write_text(TEXT), tmp_path / "two.arpa", tmp_path / "whole.arpa"
    train(text, whole, order=4, threads=3)
    train(text, output, order=4, memory_bytes=64 * MEBIBYTE, executor=LocalExecutor(2))
    assert output.read_bytes() == whole.read_bytes()


def test_a_worker_without_memory_is_an_error_that_helps(
    write_text: WriteText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*arguments: object) -> None:
        raise MemoryError

    text, output, whole = write_text(TEXT), tmp_path / "killed.arpa", tmp_path / "whole.arpa"
    train(text, whole, order=2)
    with monkeypatch.context() as patch:
        patch.setattr(sharding, "partition", no_memory)
        with pytest.raises(WorkFailedError, match="MemoryError") as caught:
            train(text, output, order=2, memory_bytes=64 * MEBIBYTE)
    assert "--workers" in (caught.value.remedy or "")
    (tmp_path / ".killed.arpa.partial-1").write_text("half")

    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("done already")

    monkeypatch.setattr(sharding, "read_blocks", forbidden)
    train(text, output, order=2, memory_bytes=64 * MEBIBYTE)
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
