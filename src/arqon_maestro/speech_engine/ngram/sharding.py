"""A text counted on the executors, in files: shard by shard, then bucket by bucket.

Each shard of the text is read into a column of word ids. When the words of all shards are known,
the windows of each shard are laid into buckets by their first words; then the windows of each
bucket, from all shards, are sorted and counted. All three are maps whose result files stay until
the counting is done, so a run that was killed goes on where it was. Shards are the same for any
number of workers, and the counts for any shards and buckets.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import read_json, write_compact_json
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.executors import Executor, Job, Outcome
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.folder_store import FileColumn
from arqon_maestro.speech_engine.ngram.runs import Run, Windows, merged, packed_pieces
from arqon_maestro.speech_engine.ngram.text import Span, read_blocks, spans_of
from arqon_maestro.speech_engine.ngram.text_parts import END_ID, PartBuilder, TextPart
from arqon_maestro.speech_engine.ngram.trie import KeyArray
from arqon_maestro.speech_engine.ngram.windows import Packing, count_windows, partition

SHARD_BYTES = 32 << 20
# A compressed file is one shard, however large it is.
SHARD_LIMIT_S = 12 * 3600.0
COLUMN_SUFFIX = ".column"
# Their numbers have 16 bits.
MOST_BUCKETS = 60_000

Item = TypeVar("Item")


@dataclass(frozen=True)
class _OneItem(Generic[Item]):
    """A shard with one item."""

    item: Item

    def items(self) -> Sequence[Item]:
        return (self.item,)


@dataclass(frozen=True)
class _SpanToRead:
    """A span of a text, and where its column is to be."""

    path: Path
    span: Span
    place: Path


@dataclass(frozen=True)
class _PartToLay:
    """A part's column, word ids of its values, and where its windows are to be."""

    sequence: Path
    size: int
    ids: Path
    limbs: tuple[Path, ...]


@dataclass(frozen=True)
class _BucketToSort:
    """Where a bucket's windows are: rows of each shard's limbs; and where the result is to be."""

    slices: tuple[tuple[tuple[Path, ...], int, int], ...]
    limbs: tuple[Path, ...]
    counts: Path


class _Job:
    """Writes a shard's facts; the numbers are in files beside them."""

    def write(self, outcomes: Sequence[Outcome[Any]], destination: Path, /) -> None:
        for outcome in outcomes:
            if outcome.reason:
                raise WorkFailedError(
                    f"a shard was not counted ({outcome.reason})",
                    where=destination,
                    why="its worker may have been without memory",
                    remedy="run the same command again with fewer --workers; it goes on from here",
                )
            write_compact_json(destination, outcome.result)


class _Reading(_Job):
    def process(self, item: _SpanToRead, /) -> dict[str, Any]:
        builder = PartBuilder(FileColumn(item.place, np.uint32))
        for block in read_blocks(item.path, span=item.span):
            builder.add(block)
        part = builder.part()
        return {
            "words": part.words,
            "occurrences": part.occurrences.tolist(),
            "sequence": item.place.name,
            "size": part.sequence.size,
        }


@dataclass(frozen=True)
class _Laying(_Job):
    """Lays a shard's windows into buckets; the result is where each bucket begins, and the end."""

    packing: Packing
    bounds: tuple[int, ...]
    rows: int

    def process(self, item: _PartToLay, /) -> list[list[int]]:
        sequence = FileColumn(item.sequence, np.uint32, item.size)
        ids = np.fromfile(item.ids, np.uint32)
        columns = [FileColumn(path, np.uint64) for path in item.limbs]
        bounds = np.array(self.bounds, np.uint64)
        starts: list[list[int]] = []
        for limbs in packed_pieces(sequence, ids, self.packing, END_ID, self.rows):
            before = columns[0].size
            laid, own_starts = partition(limbs, self.packing, bounds)
            for column, limb in zip(columns, laid, strict=True):
                column.append(limb)
            starts.append((own_starts + before).tolist())
        return starts


@dataclass(frozen=True)
class _Sorting(_Job):
    """Sorts and counts a bucket's windows; the result is how many there are."""

    packing: Packing
    sort_rows: int
    merge_rows: int

    def process(self, item: _BucketToSort, /) -> int:
        result = Run(
            [FileColumn(p, np.uint64) for p in item.limbs], FileColumn(item.counts, np.int64)
        )
        runs: list[Run] = []
        held: Windows | None = None
        for limbs in self._pieces(item):
            if held is not None:
                runs.append(self._run(item, len(runs), held))
            held = count_windows(limbs, self.packing)
        if held is None:
            return 0
        if not runs:
            result.append(held)
        else:
            runs.append(self._run(item, len(runs), held))
            held = None
            for windows in merged(runs, self.merge_rows):
                result.append(windows)
            for run in runs:
                run.discard()
        return result.counts.size

    def _run(self, item: _BucketToSort, number: int, windows: Windows) -> Run:
        """Writes a piece that the next one follows."""
        *limbs, counts = [path.with_suffix(f".{number}") for path in (*item.limbs, item.counts)]
        run = _new_run(limbs, counts)
        run.append(windows)
        return run

    def _pieces(self, item: _BucketToSort) -> Iterator[list[KeyArray]]:
        """Yields the bucket's windows, so many at once as can be sorted."""
        parts: list[list[KeyArray]] = []
        left = self.sort_rows
        for paths, start, stop in item.slices:
            while start < stop:
                end = min(stop, start + left)
                parts.append(
                    [np.fromfile(p, np.uint64, end - start, offset=8 * start) for p in paths]
                )
                left -= end - start
                start = end
                if not left:
                    yield [np.concatenate(same) for same in zip(*parts, strict=True)]
                    parts, left = [], self.sort_rows
        if parts:
            yield [np.concatenate(same) for same in zip(*parts, strict=True)]


def _new_run(limbs: Sequence[Path], counts: Path) -> Run:
    return Run([FileColumn(path, np.uint64) for path in limbs], FileColumn(counts, np.int64))


def is_one_shard(paths: Sequence[Path]) -> bool:
    """Returns whether a text is so small that starting workers would take longer than counting."""
    return all(path.is_file() for path in paths) and (
        sum(path.stat().st_size for path in paths) <= SHARD_BYTES
    )


def read_parts(
    paths: Sequence[Path], folder: Path, executor: Executor, reporter: Reporter = SILENT
) -> list[TextPart]:
    """Returns the parts of text files, one for each shard, with columns in `folder`.

    Raises:
        DataError: a malformed text (see `read_blocks`).
        WorkFailedError: a worker died.
    """
    spans = [(path, span) for path in paths for span in spans_of(path, SHARD_BYTES)]
    shards = [
        _OneItem(_SpanToRead(path, span, folder / f"text-{number:05d}{COLUMN_SUFFIX}"))
        for number, (path, span) in enumerate(spans)
    ]
    places = executor.map(
        _Reading(), shards, folder, limit_s=SHARD_LIMIT_S, label="reading", reporter=reporter
    )
    parts: list[TextPart] = []
    for place in places:
        facts = read_json(place)
        sequence: FileColumn[np.uint32] = FileColumn(
            folder / facts["sequence"], np.uint32, facts["size"]
        )
        occurrences = np.array(facts["occurrences"], np.int64)
        parts.append(TextPart(facts["words"], occurrences, sequence))
    return parts


@dataclass(frozen=True)
class ShardedSort:
    """How parts that `read_parts` made are sorted.

    Attributes:
        packing: how windows are packed.
        bounds: first word of each bucket (see `bucket_bounds`).
        sort_rows: positions that a worker sorts at once.
        merge_rows: windows that a worker merges at once.
        folder: where the work is done.
        executor: what does it.
        reporter: told of the progress.
    """

    packing: Packing
    bounds: tuple[int, ...]
    sort_rows: int
    merge_rows: int
    folder: Path
    executor: Executor
    reporter: Reporter = SILENT

    def runs(self, parts: Sequence[TextPart], ids: Sequence[NDArray[np.uint32]]) -> list[Run]:
        """Returns the distinct windows of all parts with their counts, sorted, a bucket each.

        Args:
            parts: the parts.
            ids: word ids of each part's values.

        Raises:
            WorkFailedError: a worker died.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        laid: list[_PartToLay] = []
        for number, (part, own_ids) in enumerate(zip(parts, ids, strict=True)):
            assert isinstance(part.sequence, FileColumn)
            table = self.folder / f"ids-{number:05d}{COLUMN_SUFFIX}"
            own_ids.tofile(table)
            limbs = self._limbs(f"laid-{number:05d}")
            laid.append(_PartToLay(part.sequence.path, part.sequence.size, table, limbs))
        laying = _Laying(self.packing, self.bounds, self.sort_rows)
        starts = [read_json(place) for place in self._map(laying, laid, "laying", "sorting 1/2")]
        # Nothing follows </s>, so the bucket of the windows that begin with it is left unsorted.
        buckets = [
            self._bucket(number, laid, starts)
            for number, first in enumerate(self.bounds)
            if first != END_ID
        ]
        sorting = _Sorting(self.packing, self.sort_rows, self.merge_rows)
        sizes = [read_json(place) for place in self._map(sorting, buckets, "sorted", "sorting 2/2")]
        return [
            Run(
                [FileColumn(path, np.uint64, size) for path in bucket.limbs],
                FileColumn(bucket.counts, np.int64, size),
            )
            for bucket, size in zip(buckets, sizes, strict=True)
        ]

    def _limbs(self, name: str) -> tuple[Path, ...]:
        return tuple(
            self.folder / f"{name}-{number}{COLUMN_SUFFIX}" for number in range(self.packing.limbs)
        )

    def _bucket(
        self, number: int, laid: list[_PartToLay], starts: list[list[list[int]]]
    ) -> _BucketToSort:
        slices = [
            (part.limbs, piece[number], piece[number + 1])
            for part, pieces in zip(laid, starts, strict=True)
            for piece in pieces
        ]
        name = f"bucket-{number:05d}"
        counts = self.folder / f"{name}-counts{COLUMN_SUFFIX}"
        return _BucketToSort(tuple(slices), self._limbs(name), counts)

    def _map(self, job: Job[Item, Any], items: list[Item], stage: str, label: str) -> list[Path]:
        return self.executor.map(
            job,
            [_OneItem(item) for item in items],
            self.folder / stage,
            limit_s=SHARD_LIMIT_S,
            label=label,
            reporter=self.reporter,
        )


def bucket_bounds(occurrences: NDArray[np.int64], rows: int) -> tuple[int, ...]:
    """Returns the first word id of each of several ranges of words, ascending from 0.

    Args:
        occurrences: `(words,)` of each word.
        rows: about so many occurrences make a bucket. A word is never split, and ``</s>`` is a
            bucket.
    """
    before = np.cumsum(occurrences) - occurrences
    rows = max(1, rows, int(occurrences.sum()) // MOST_BUCKETS)
    starts = np.flatnonzero(np.diff(before // rows, prepend=-1)).tolist()
    return tuple(sorted({*starts, END_ID, END_ID + 1}))


def keyed_folder(folder: Path, stage: str, key: str) -> Path:
    """Returns where a stage keeps its shards; those of other keys are removed."""
    own = folder / f"{stage}-{key[:16]}"
    for other in folder.glob(f"{stage}-*"):
        if other != own:
            shutil.rmtree(other)
    return own
