"""N-grams as flat sorted arrays: an n-gram is the position of its prefix and its last word.

Level `n` of a trie holds the n-grams, sorted by words from the first to the last. The prefix
(the context) of an n-gram is a position in level `n - 1`; a 1-gram's position is its word's id.
So any n-gram is a 64-bit key whatever its order, and searching is binary search in an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IdArray = NDArray[np.int32]
KeyArray = NDArray[np.uint64]
PositionArray = NDArray[np.int64]

KEY_BITS = 64
ABSENT = -1
# Below this many queries a plain binary search is quicker than sorting them first.
SORT_QUERIES_FROM = 20_000


class Branch(Protocol):
    """One level of a trie: `parents` and `words`, both `(n-grams,)`."""

    @property
    def parents(self) -> IdArray: ...

    @property
    def words(self) -> IdArray: ...


def bits_for(size: int) -> int:
    """Returns the number of bits of ids below `size` (at least 1)."""
    return max(1, int(size - 1).bit_length())


def keys_of(parents: NDArray[np.integer], words: NDArray[np.integer], word_bits: int) -> KeyArray:
    """Packs prefix positions and words, `(n,)` each, into sortable keys `(n,)`."""
    keys = parents.astype(np.uint64)
    keys <<= np.uint64(word_bits)
    keys |= words.astype(np.uint64)
    return keys


def locate(keys: KeyArray, queries: KeyArray) -> PositionArray:
    """Returns the position of each query in the sorted `keys`, or `ABSENT`.

    Binary search with unsorted queries misses the processor's caches at every step, so many
    queries are sorted first.
    """
    if not keys.size:
        return np.full(queries.size, ABSENT, np.int64)
    if queries.size < SORT_QUERIES_FROM:
        found = np.searchsorted(keys, queries)
        return _checked(keys, queries, found)
    order, ordered = sort_with_order(queries)
    found = _checked(keys, ordered, np.searchsorted(keys, ordered))
    result = np.empty(queries.size, np.int64)
    result[order] = found
    return result


def _checked(keys: KeyArray, queries: KeyArray, found: PositionArray) -> PositionArray:
    found = np.minimum(found, keys.size - 1)
    return np.where(keys[found] == queries, found, ABSENT)


def sort_with_order(values: KeyArray) -> tuple[PositionArray, KeyArray]:
    """Returns `(order, values[order])`, ascending.

    Sorting plain integers is several times quicker than sorting positions by them, so value and
    position share one integer where they fit.
    """
    position_bits = bits_for(values.size)
    largest = int(values.max()) if values.size else 0
    if largest.bit_length() + position_bits > KEY_BITS:
        order = np.argsort(values)
        return order, values[order]
    shift = np.uint64(position_bits)
    packed = values << shift
    packed |= np.arange(values.size, dtype=np.uint64)
    packed.sort()
    order = (packed & np.uint64((1 << position_bits) - 1)).astype(np.int64)
    packed >>= shift
    return order, packed


def suffix_positions(
    branch: Branch, parent_suffixes: PositionArray | IdArray, below: Branch, word_bits: int
) -> PositionArray:
    """Returns, for each n-gram of order 3 and more, where its last n-1 words are one level below.

    Args:
        branch: level `n`.
        parent_suffixes: the same result for level `n - 1` (its words, for level 2).
        below: level `n - 1`.
        word_bits: bits of a word id.

    Returns:
        `(n-grams of the level,)` positions, `ABSENT` where the trie lacks the suffix.
    """
    heads = parent_suffixes[branch.parents]
    keys = keys_of(below.parents, below.words, word_bits)
    present = heads >= 0
    if present.all():
        return locate(keys, keys_of(heads, branch.words, word_bits))
    result = np.full(heads.size, ABSENT, np.int64)
    result[present] = locate(keys, keys_of(heads[present], branch.words[present], word_bits))
    return result


def word_columns(
    levels: Sequence[Branch], order: int, rows: slice | PositionArray | None = None
) -> list[IdArray]:
    """Returns the words of the n-grams of an order: arrays `(n-grams,)`, first word first."""
    branch = levels[order - 1]
    selected = rows if rows is not None else slice(None)
    columns = [branch.words[selected]]
    positions = branch.parents[selected]
    for level in reversed(levels[: order - 1]):
        columns.append(level.words[positions])
        positions = level.parents[positions]
    return columns[::-1]
