"""Windows sorted in runs that fit into the memory, and the runs merged range by range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.store import Column, Store
from arqon_maestro.speech_engine.ngram.trie import KeyArray
from arqon_maestro.speech_engine.ngram.windows import Packing, count_windows, merge_counts

Windows = tuple[list[KeyArray], NDArray[np.int64]]

# Bytes of memory that a position of the text takes while its run is sorted, and a window of a
# run while runs are merged; more for each limb.
SORT_BYTES, SORT_BYTES_PER_LIMB = 40, 32
MERGE_BYTES, MERGE_BYTES_PER_LIMB = 48, 32
# How finely the runs are looked at before they are cut into ranges.
SAMPLES_PER_RANGE = 16


def sorted_windows(
    pieces: Callable[[int | None], Iterator[NDArray[np.uint32]]],
    packing: Packing,
    filler: int,
    store: Store,
) -> Iterator[Windows]:
    """Yields the distinct windows of a text with their counts, sorted, in successive parts.

    Args:
        pieces: called with a number of positions (none for all), returns the words of the windows
            that begin at each so many successive positions (see `Packing.pack`).
        packing: how windows are packed.
        filler: the id that ends sentences.
        store: where runs are kept.
    """
    rows = store.rows_in_memory(SORT_BYTES + SORT_BYTES_PER_LIMB * packing.limbs)
    runs: list[_Run] = []
    held: Windows | None = None
    for words in pieces(rows):
        if held is not None:
            runs.append(_Run.write(held, store))
        held = count_windows(packing.pack(words, filler), packing)
    if held is None:
        return
    if not runs:
        yield held
        return
    runs.append(_Run.write(held, store))
    held = None
    row_bytes = MERGE_BYTES + MERGE_BYTES_PER_LIMB * packing.limbs
    yield from _merged(runs, store.rows_in_memory(row_bytes))


@dataclass(frozen=True, eq=False)
class _Run:
    """Sorted windows on disk."""

    limbs: list[Column[np.uint64]]
    counts: Column[np.int64]

    @classmethod
    def write(cls, windows: Windows, store: Store) -> _Run:
        limbs, counts = windows
        run = cls([store.column(np.uint64) for _ in limbs], store.column(np.int64))
        for column, limb in zip(run.limbs, limbs, strict=True):
            column.append(limb)
        run.counts.append(counts)
        return run

    def read(self, start: int, stop: int) -> Windows:
        return [limb.read(start, stop) for limb in self.limbs], self.counts.read(start, stop)

    def discard(self) -> None:
        for limb in self.limbs:
            limb.discard()
        self.counts.discard()


def _merged(runs: list[_Run], rows: int | None) -> Iterator[Windows]:
    """Yields the windows of all runs, one range of first limbs after the other."""
    total = sum(run.counts.size for run in runs)
    rows = rows or total
    step = max(1, rows // (SAMPLES_PER_RANGE * len(runs)))
    samples = [_sampled(run.limbs[0], step) for run in runs]
    starts = [0] * len(runs)
    for limit in [*_limits(samples, step, rows), None]:
        stops = [
            run.counts.size if limit is None else _position(run.limbs[0], sample, step, limit)
            for run, sample in zip(runs, samples, strict=True)
        ]
        parts = [
            run.read(start, stop) for run, start, stop in zip(runs, starts, stops, strict=True)
        ]
        limbs = [np.concatenate(same) for same in zip(*(part[0] for part in parts), strict=True)]
        counts = np.concatenate([part[1] for part in parts])
        del parts
        yield merge_counts(limbs, counts)
        starts = stops
    for run in runs:
        run.discard()


def _sampled(limb: Column[np.uint64], step: int) -> KeyArray:
    """Returns every `step`-th value of a sorted column."""
    block = step * max(1, (1 << 20) // step)
    parts = [limb.read(start, start + block)[::step].copy() for start in range(0, limb.size, block)]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _limits(samples: list[KeyArray], step: int, rows: int) -> list[np.uint64]:
    """Returns first limbs that cut the runs into ranges of about `rows` windows, and no more."""
    # Between two samples of a run are up to `step` windows that the samples do not show.
    per_range = max(1, rows // step - len(samples))
    ordered = np.sort(np.concatenate(samples))
    return list(np.unique(ordered[per_range::per_range]))


def _position(limb: Column[np.uint64], sample: KeyArray, step: int, limit: np.uint64) -> int:
    """Returns how many values of a sorted column are below `limit`."""
    block = int(np.searchsorted(sample, limit))
    if block == 0:
        return 0
    start = (block - 1) * step
    return start + int(np.searchsorted(limb.read(start, start + step), limit))
