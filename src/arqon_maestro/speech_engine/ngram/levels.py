"""Count levels made from sorted windows, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.ngram.store import Column, Store

LARGEST_POSITION = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class CountLevel:
    """The n-grams of one order, sorted (see `trie`); `(n-grams,)` each.

    Attributes:
        parents: position of the prefix in the level below; 0 at level 1.
        words: id of the last word.
        counts: occurrences in the text.
    """

    parents: Column[np.int32]
    words: Column[np.int32]
    counts: Column[np.int64]

    @property
    def size(self) -> int:
        return self.words.size


class LevelBuilder:
    """Takes sorted windows with their counts, and writes the n-grams of every order.

    Every n-gram is the prefix of some windows, its count the sum of theirs. An n-gram that may go
    on in the next piece is kept open until that piece shows that it does not.
    """

    def __init__(self, order: int, end_id: int, unigrams: NDArray[np.int64], store: Store) -> None:
        """Prepares the levels.

        Args:
            order: words of a window.
            end_id: the id of ``</s>``, which fills windows up.
            unigrams: `(vocabulary,)` count of each word: level 1.
            store: where the levels are kept.
        """
        self._end_id = end_id
        size = unigrams.size
        self.levels = [
            CountLevel(store.column(np.int32), store.column(np.int32), store.column(np.int64))
            for _ in range(order)
        ]
        self.levels[0].parents.append(np.zeros(size, np.int32))
        self.levels[0].words.append(np.arange(size, dtype=np.int32))
        self.levels[0].counts.append(unigrams)
        self._last: list[int] = []
        self._open: list[int | None] = [None] * order

    def add(self, columns: Sequence[NDArray[np.int32]], counts: NDArray[np.int64]) -> None:
        """Takes the next windows.

        Args:
            columns: their words, first word first, `(windows,)` each.
            counts: `(windows,)`.
        """
        if not counts.size:
            return
        starts = self._starts_of(columns[0], 0, None)
        parents = columns[0]
        for place in range(1, len(columns)):
            starts = self._starts_of(columns[place], place, starts)
            # Nothing follows </s>: windows that go on after it are shorter n-grams, filled up.
            real = columns[place - 1] != self._end_id
            parents = self._add_level(place, columns[place], parents, starts, real, counts)
        self._last = [int(column[-1]) for column in columns]

    def _starts_of(
        self, column: NDArray[np.int32], place: int, shorter: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Returns where a new n-gram of `place` + 1 words begins."""
        starts = np.empty(column.size, np.bool_)
        np.not_equal(column[1:], column[:-1], out=starts[1:])
        starts[0] = not self._last or int(column[0]) != self._last[place]
        if shorter is not None:
            starts |= shorter
        return starts

    def _add_level(
        self,
        place: int,
        column: NDArray[np.int32],
        parents: NDArray[np.int32],
        starts: NDArray[np.bool_],
        real: NDArray[np.bool_],
        counts: NDArray[np.int64],
    ) -> NDArray[np.int32]:
        """Writes the n-grams that begin here; returns the position of each window's prefix."""
        level = self.levels[place]
        before = level.words.size
        new = np.flatnonzero(starts & real)
        positions = np.cumsum(starts & real, dtype=np.int32) + np.int32(before - 1)
        if before + new.size > LARGEST_POSITION:
            raise DataError(f"more than {LARGEST_POSITION} {place + 1}-grams", why="a smaller text")
        level.words.append(column[new])
        level.parents.append(parents[new])
        totals = np.add.reduceat(np.where(real, counts, 0), new) if new.size else counts[:0]
        head = int(
            counts[: new[0] if new.size else None][real[: new[0] if new.size else None]].sum()
        )
        self._close(place, head, totals)
        return positions

    def _close(self, place: int, head: int, totals: NDArray[np.int64]) -> None:
        """Adds `head` to the open n-gram, and writes all but the last of what is complete."""
        still_open = self._open[place]
        if still_open is not None:
            still_open += head
        if totals.size:
            if still_open is not None:
                self.levels[place].counts.append(np.array([still_open], np.int64))
            self.levels[place].counts.append(totals[:-1])
            still_open = int(totals[-1])
        self._open[place] = still_open

    def finish(self) -> tuple[CountLevel, ...]:
        """Returns the levels, after the last piece."""
        for level, still_open in zip(self.levels[1:], self._open[1:], strict=True):
            if still_open is not None:
                level.counts.append(np.array([still_open], np.int64))
        return tuple(self.levels)
