"""Windows sorted in pieces that fit into the memory, and the runs so made merged range by range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.store import Column, chunks
from arqon_maestro.speech_engine.ngram.trie import KeyArray
from arqon_maestro.speech_engine.ngram.windows import Packing, merge_counts

Windows = tuple[list[KeyArray], NDArray[np.int64]]

# Bytes of memory that a position of the text takes while its run is sorted, and a window of a
# run while runs are merged; more for each limb.
SORT_BYTES, SORT_BYTES_PER_LIMB = 40, 32
MERGE_BYTES, MERGE_BYTES_PER_LIMB = 48, 32
# How finely the runs are looked at before they are cut into ranges.
SAMPLES_PER_RANGE = 16


def sort_row_bytes(packing: Packing) -> int:
    """Returns how much memory sorting needs for each position."""
    return SORT_BYTES + SORT_BYTES_PER_LIMB * packing.limbs


def merge_row_bytes(packing: Packing) -> int:
    """Returns how much memory merging needs for each window."""
    return MERGE_BYTES + MERGE_BYTES_PER_LIMB * packing.limbs


def packed_pieces(
    sequence: Column[np.uint32],
    ids: NDArray[np.uint32],
    packing: Packing,
    filler: int,
    rows: int | None = None,
    *,
    threads: int = 1,
) -> Iterator[list[KeyArray]]:
    """Yields the limbs of the windows at successive positions of a text.

    Args:
        sequence: words of the text.
        ids: word id of each value of `sequence`.
        packing: how windows are packed.
        filler: the value and the id that ends sentences.
        rows: positions of a piece; default: all.
        threads: number of threads.
    """
    reach = packing.order - 1
    for start, stop in chunks(sequence.size, rows or max(1, sequence.size)):
        words = sequence.read(start, stop + reach)
        missing = stop - start + reach - words.size
        if missing:
            words = np.concatenate((words, np.full(missing, filler, np.uint32)))
        yield packing.pack(words, filler, ids=ids, threads=threads)


@dataclass(frozen=True, eq=False)
class Run:
    """Sorted windows in columns."""

    limbs: list[Column[np.uint64]]
    counts: Column[np.int64]

    def append(self, windows: Windows) -> None:
        """Adds windows that come after those it has."""
        limbs, counts = windows
        for column, limb in zip(self.limbs, limbs, strict=True):
            column.append(limb)
        self.counts.append(counts)

    def read(self, start: int, stop: int) -> Windows:
        """Returns the windows from `start` to before `stop`."""
        return [limb.read(start, stop) for limb in self.limbs], self.counts.read(start, stop)

    def discard(self) -> None:
        """Gives the space back."""
        for limb in self.limbs:
            limb.discard()
        self.counts.discard()


def merged(runs: list[Run], rows: int) -> Iterator[Windows]:
    """Yields the distinct windows of all runs with their counts, sorted.

    Args:
        runs: sorted windows.
        rows: about so many windows are held at once.
    """
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
