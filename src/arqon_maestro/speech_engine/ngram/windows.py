"""Windows of a text's words, packed into integers, sorted and counted.

A window that reaches over the end of its sentence is filled up with ``</s>``. A window of more
than 64 bits is several integers, its limbs, the first words first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.executors import map_in_threads
from arqon_maestro.speech_engine.ngram.store import chunks
from arqon_maestro.speech_engine.ngram.trie import KEY_BITS, KeyArray, PositionArray, bits_for

# Up to so many bits beyond 64, windows are sorted in groups that share the topmost ones.
LARGEST_EXCESS_BITS = 16
# Positions packed at once: few enough for the processor's caches.
PACK_ROWS = 1 << 15


@dataclass(frozen=True)
class Packing:
    """How `order` words of `word_bits` bits each become limbs."""

    order: int
    word_bits: int

    @property
    def bits(self) -> int:
        return self.order * self.word_bits

    @property
    def words_per_limb(self) -> int:
        return min(self.order, KEY_BITS // self.word_bits)

    @property
    def limbs(self) -> int:
        return -(-self.order // self.words_per_limb)

    def words_of(self, limb: int) -> int:
        """Returns the number of words in a limb; the last one may have fewer."""
        return min(self.words_per_limb, self.order - limb * self.words_per_limb)

    def pack(
        self,
        sequence: NDArray[np.uint32],
        filler: int,
        *,
        ids: NDArray[np.uint32] | None = None,
        threads: int = 1,
    ) -> list[KeyArray]:
        """Returns the window at each of the first positions of a sequence.

        Args:
            sequence: `(positions + order - 1,)` words.
            filler: the id that ends sentences; nothing but itself follows it in a window.
            ids: word id of each value of `sequence`; none if these are the ids.
            threads: number of threads.

        Returns:
            The limbs, `(positions,)` each.
        """
        positions = sequence.size - self.order + 1
        limbs = [np.empty(positions, np.uint64) for _ in range(self.limbs)]

        def fill(bounds: tuple[int, int]) -> None:
            start, stop = bounds
            words = sequence[start : stop + self.order - 1]
            if ids is not None:
                words = ids[words]
            self._fill([limb[start:stop] for limb in limbs], words, filler)

        for _ in map_in_threads(fill, chunks(positions, PACK_ROWS), threads):
            pass
        return limbs

    def _fill(self, limbs: list[KeyArray], words: NDArray[np.uint32], filler: int) -> None:
        """Packs the windows of a few positions, whose words are still in the caches."""
        positions = limbs[0].size
        word = words[:positions]
        for place in range(self.order):
            if place:
                ended = word == filler
                word = np.where(ended, np.uint32(filler), words[place : place + positions])
            limb = limbs[place // self.words_per_limb]
            if place % self.words_per_limb == 0:
                limb[:] = word
            else:
                limb <<= np.uint64(self.word_bits)
                limb |= word

    def unpack(self, limbs: Sequence[KeyArray]) -> list[NDArray[np.int32]]:
        """Returns the words of windows, first word first: `order` arrays `(windows,)`."""
        mask = np.uint64((1 << self.word_bits) - 1)
        columns: list[NDArray[np.int32]] = []
        for number, limb in enumerate(limbs):
            for place in range(self.words_of(number) - 1, -1, -1):
                columns.append(
                    ((limb >> np.uint64(place * self.word_bits)) & mask).astype(np.int32)
                )
        return columns


def changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Returns where a value differs from the one before it; true at the first."""
    result = np.ones(values.size, np.bool_)
    np.not_equal(values[1:], values[:-1], out=result[1:])
    return result


def _distances(starts: PositionArray, end: int) -> NDArray[np.int64]:
    """Returns how far each start is from the next one, the last from `end`."""
    result = np.empty(starts.size, np.int64)
    np.subtract(starts[1:], starts[:-1], out=result[:-1])
    if starts.size:
        result[-1] = end - starts[-1]
    return result


def count_windows(
    limbs: list[KeyArray], packing: Packing
) -> tuple[list[KeyArray], NDArray[np.int64]]:
    """Returns the distinct windows, sorted, and how often each occurs; may change `limbs`."""
    if packing.limbs == 1:
        keys, counts = _count_keys(limbs[0])
        return [keys], counts
    if packing.limbs == 2 and packing.bits - KEY_BITS <= LARGEST_EXCESS_BITS:
        return _count_by_excess(limbs, packing.word_bits * packing.words_of(1))
    order = _sorted_order(limbs)
    first = _first_of_each(limbs, order)
    return [limb[order[first]] for limb in limbs], _distances(first, order.size)


def _count_keys(keys: KeyArray) -> tuple[KeyArray, NDArray[np.int64]]:
    """Sorts keys in place; returns the distinct ones and how often each occurs."""
    keys.sort()
    first = np.flatnonzero(changes(keys))
    return keys[first], _distances(first, keys.size)


def _count_by_excess(
    limbs: list[KeyArray], last_bits: int
) -> tuple[list[KeyArray], NDArray[np.int64]]:
    """Counts windows of little more than 64 bits, those with the same topmost bits together.

    Sorting plain integers is many times quicker than sorting positions by several of them.
    """
    head, last = limbs
    above = np.uint64(KEY_BITS - last_bits)
    excess = (head >> above).astype(np.uint16)
    # A stable sort of short integers is a radix sort.
    keys = ((head << np.uint64(last_bits)) | last)[np.argsort(excess, kind="stable")]
    sizes = np.bincount(excess)
    tops = np.flatnonzero(sizes)
    stops = np.cumsum(sizes[tops])
    starts = stops - sizes[tops]
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        keys[start:stop].sort()
    new = changes(keys)
    new[starts] = True
    first = np.flatnonzero(new)
    keys = keys[first]
    groups = tops[np.searchsorted(stops, first, side="right")].astype(np.uint64)
    heads = (keys >> np.uint64(last_bits)) | (groups << above)
    keys &= np.uint64((1 << last_bits) - 1)
    return [heads, keys], _distances(first, excess.size)


def partition(
    limbs: list[KeyArray], packing: Packing, bounds: NDArray[np.uint64]
) -> tuple[list[KeyArray], NDArray[np.int64]]:
    """Puts windows in the order of the buckets of their first words; may change `limbs`.

    Args:
        limbs: the windows.
        packing: how they are packed.
        bounds: `(buckets,)` the first word of each bucket, ascending from 0.

    Returns:
        The limbs, and `(buckets + 1,)` where each bucket begins, and the end.
    """
    head = limbs[0]
    shift = np.uint64(packing.word_bits * (packing.words_of(0) - 1))
    if len(limbs) == 1:
        # Sorting it all is quicker than looking up the buckets.
        head.sort()
        starts = np.searchsorted(head, bounds << shift)
        return limbs, np.append(starts, head.size)
    buckets = (np.searchsorted(bounds, head >> shift, side="right") - 1).astype(np.uint16)
    order = np.argsort(buckets, kind="stable")
    starts = np.cumsum(np.bincount(buckets, minlength=bounds.size))
    return [limb[order] for limb in limbs], np.concatenate(([0], starts))


def merge_counts(
    limbs: list[KeyArray], counts: NDArray[np.int64]
) -> tuple[list[KeyArray], NDArray[np.int64]]:
    """Returns the distinct windows, sorted, and the sum of the counts of each."""
    if not counts.size:
        return limbs, counts
    order = _sorted_order(limbs)
    first = _first_of_each(limbs, order)
    sums = np.add.reduceat(counts[order], first)
    return [limb[order[first]] for limb in limbs], sums


def _first_of_each(limbs: Sequence[KeyArray], order: PositionArray) -> PositionArray:
    new = np.zeros(order.size, np.bool_)
    for limb in limbs:
        new |= changes(limb[order])
    return np.flatnonzero(new)


def _sorted_order(limbs: Sequence[KeyArray]) -> PositionArray:
    """Returns the order that sorts the windows.

    Where two limbs together exceed 64 bits, each is replaced by its rank among its distinct
    values, which takes no more bits than the number of windows does.
    """
    keys = limbs[0]
    for limb in limbs[1:]:
        ranks, bits = _ranks(keys), _bits(limb)
        if _bits(ranks) + bits > KEY_BITS:
            limb = _ranks(limb)
            bits = _bits(limb)
        keys = (ranks << np.uint64(bits)) | limb
    return np.argsort(keys)


def _ranks(keys: KeyArray) -> KeyArray:
    order = np.argsort(keys)
    ranks = np.empty(keys.size, np.uint64)
    ranks[order] = np.cumsum(changes(keys[order])).astype(np.uint64)
    return ranks


def _bits(keys: KeyArray) -> int:
    return bits_for(int(keys.max()) + 1) if keys.size else 1
