"""Windows of a text's words, packed into integers, sorted and counted.

A window that reaches over the end of its sentence is filled up with ``</s>``. A window of more
than 64 bits is several integers, its limbs, the first words first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.trie import KEY_BITS, KeyArray, PositionArray, bits_for

# Up to so many bits beyond 64, windows are sorted in groups that share the topmost ones.
LARGEST_EXCESS_BITS = 8


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

    def pack(self, sequence: NDArray[np.uint32], filler: int) -> list[KeyArray]:
        """Returns the window at each of the first positions of a sequence.

        Args:
            sequence: `(positions + order - 1,)` word ids.
            filler: the id that ends sentences; nothing but itself follows it in a window.

        Returns:
            The limbs, `(positions,)` each.
        """
        positions = sequence.size - self.order + 1
        word = sequence[:positions]
        limbs: list[KeyArray] = []
        for place in range(self.order):
            if place:
                ended = word == filler
                word = sequence[place : place + positions].copy()
                word[ended] = filler
            if place % self.words_per_limb == 0:
                limbs.append(word.astype(np.uint64))
            else:
                limbs[-1] <<= np.uint64(self.word_bits)
                limbs[-1] |= word
        return limbs

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
    return [limb[order[first]] for limb in limbs], np.diff(first, append=order.size)


def _count_keys(keys: KeyArray) -> tuple[KeyArray, NDArray[np.int64]]:
    """Sorts keys in place; returns the distinct ones and how often each occurs."""
    keys.sort()
    first = np.flatnonzero(changes(keys))
    return keys[first], np.diff(first, append=keys.size)


def _count_by_excess(
    limbs: list[KeyArray], last_bits: int
) -> tuple[list[KeyArray], NDArray[np.int64]]:
    """Counts windows of little more than 64 bits, those with the same topmost bits together.

    Sorting plain integers is many times quicker than sorting positions by several of them.
    """
    head, last = limbs
    excess = (head >> np.uint64(KEY_BITS - last_bits)).astype(np.uint8)
    # A stable sort of bytes is a radix sort.
    keys = ((head << np.uint64(last_bits)) | last)[np.argsort(excess, kind="stable")]
    stops = np.cumsum(np.bincount(excess))
    heads, lasts, tallies = [], [], []
    for top in np.flatnonzero(np.diff(stops, prepend=0)).tolist():
        start = int(stops[top - 1]) if top else 0
        distinct, counts = _count_keys(keys[start : stops[top]])
        above = np.uint64(top << (KEY_BITS - last_bits))
        heads.append((distinct >> np.uint64(last_bits)) | above)
        lasts.append(distinct & np.uint64((1 << last_bits) - 1))
        tallies.append(counts)
    return [np.concatenate(heads), np.concatenate(lasts)], np.concatenate(tallies)


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
