"""Values of one level looked up for the n-grams of another, within a bound of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.levels import CountLevel
from arqon_maestro.speech_engine.ngram.store import CHUNK_ROWS, Column, Store, chunks
from arqon_maestro.speech_engine.ngram.trie import IdArray, PositionArray, keys_of, locate

Scalar = TypeVar("Scalar", bound=np.generic)

# Part of the memory that one table may take; the rest is for the rows that look it up.
TABLE_SHARE = 2
TABLE_ROW_BYTES = 16


def gather(column: Column[Scalar], positions: NDArray[np.int32]) -> NDArray[Scalar]:
    """Returns the rows of a column at ascending positions."""
    if not positions.size:
        return column.read(0, 0)
    first = int(positions[0])
    return column.read(first, int(positions[-1]) + 1)[positions - first]


def words_of(
    levels: Sequence[CountLevel], order: int, start: int, chosen: PositionArray
) -> list[IdArray]:
    """Returns the words of n-grams, first word first: `order` arrays `(chosen,)`.

    Args:
        levels: the levels, of which the highest order that is read is `order`.
        order: of the n-grams.
        start: position from which `chosen` counts.
        chosen: which n-grams, ascending.
    """
    positions = (chosen + start).astype(np.int32)
    columns: list[IdArray] = []
    for level in reversed(levels[:order]):
        columns.append(gather(level.words, positions))
        positions = gather(level.parents, positions)
    return columns[::-1]


def _ranges(size: int, store: Store) -> list[tuple[int, int]]:
    rows = store.rows_in_memory(TABLE_ROW_BYTES * TABLE_SHARE)
    return list(chunks(size, rows)) if rows else [(0, size)]


def suffix_column(
    level: CountLevel,
    parent_suffixes: Column[np.int32],
    below: CountLevel,
    word_bits: int,
    store: Store,
) -> Column[np.int32]:
    """Returns where the last n-1 words of each n-gram (n of 3 and more) are, one level below.

    Args:
        level: the n-grams.
        parent_suffixes: the same result for the level below.
        below: the level below, which has every suffix.
        word_bits: bits of a word id.
        store: where the result is kept.
    """
    result = store.column(np.int32)
    for number, (low, high) in enumerate(_ranges(below.size, store)):
        keys = keys_of(below.parents.read(low, high), below.words.read(low, high), word_bits)
        for start, stop in chunks(level.size):
            heads = gather(parent_suffixes, level.parents.read(start, stop))
            queries = keys_of(heads, level.words.read(start, stop), word_bits)
            found = np.zeros(queries.size, np.int32) if not number else result.read(start, stop)
            inside = np.flatnonzero((queries >= keys[0]) & (queries <= keys[-1]))
            if inside.size:
                found[inside] = locate(keys, queries[inside]) + low
            if number:
                result.overwrite(start, found)
            else:
                result.append(found)
    return result


def occurrences(
    positions: Column[np.int32], size: int, store: Store
) -> Iterator[NDArray[np.int64]]:
    """Yields how often each position below `size` occurs, in successive slices."""
    for low, high in _ranges(size, store):
        tally = np.zeros(high - low, np.int64)
        # Adding up tallies costs as much as their size, so the blocks are no smaller.
        for start, stop in chunks(positions.size, max(CHUNK_ROWS, tally.size)):
            block = positions.read(start, stop)
            if (low, high) != (0, size):
                block = block[(block >= low) & (block < high)]
            tally += np.bincount(block - low, minlength=tally.size)
        yield tally


class Lookup:
    """The values of a column at the positions of another column."""

    def __init__(self, values: Column[Any], positions: Column[np.int32], store: Store) -> None:
        """Reads the values, or, if they are too many, looks all of them up in several passes."""
        self._positions = positions
        self._values: NDArray[np.float64] | None = None
        self._found: Column[np.float64] | None = None
        ranges = _ranges(values.size, store)
        if len(ranges) == 1:
            self._values = values.read()
            return
        self._found = store.column(np.float64)
        for number, (low, high) in enumerate(ranges):
            table = values.read(low, high)
            for start, stop in chunks(positions.size):
                block = positions.read(start, stop)
                inside = np.flatnonzero((block >= low) & (block < high))
                found = self._found.read(start, stop) if number else np.zeros(block.size)
                found[inside] = table[block[inside] - low]
                if number:
                    self._found.overwrite(start, found)
                else:
                    self._found.append(found)

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Returns the values of the rows from `start` to before `stop`."""
        if self._found is not None:
            return self._found.read(start, stop)
        assert self._values is not None
        return self._values[self._positions.read(start, stop)]

    def discard(self) -> None:
        """Gives the space back."""
        if self._found is not None:
            self._found.discard()
