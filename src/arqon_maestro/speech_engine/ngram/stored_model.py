"""A model still in the columns that it was estimated in: to be loaded, or written as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from arqon_maestro.speech_engine.ngram.joins import words_of
from arqon_maestro.speech_engine.ngram.levels import CountLevel
from arqon_maestro.speech_engine.ngram.model import ModelLevel, NgramModel, NgramRows
from arqon_maestro.speech_engine.ngram.store import Column, Store, chunks, group_chunks


@dataclass(frozen=True, eq=False)
class StoredLevel:
    """The counted n-grams of one order, with what was estimated for them; `(n-grams,)` each.

    Attributes:
        counts: the n-grams.
        kept: which of them are in the model.
        log10_probabilities: of all of them, by back-off for those not kept.
        log10_backoffs: weight of the lower order after each as a context; none for the highest.
    """

    counts: CountLevel
    kept: Column[np.bool_]
    log10_probabilities: Column[np.float32]
    log10_backoffs: Column[np.float32] | None


class StoredModel:
    """A model in columns. Its ids are those of the counts, moved by `first_id`.

    Attributes:
        vocabulary: word of each id of the model.
        sizes: number of n-grams of each order.
    """

    def __init__(
        self, vocabulary: tuple[str, ...], first_id: int, levels: list[StoredLevel], store: Store
    ) -> None:
        """Finds the contexts that the n-grams need; an ARPA file lists them even if not kept."""
        self.vocabulary = vocabulary[first_id:]
        self._first_id = first_id
        self._levels = levels
        self._store = store
        self._listed = self._with_contexts()
        self.sizes = tuple(
            sum(
                int(np.count_nonzero(listed.read(start, stop)))
                for start, stop in chunks(listed.size)
            )
            for listed in self._listed
        )

    @property
    def order(self) -> int:
        return len(self._levels)

    def _with_contexts(self) -> list[Column[np.bool_]]:
        listed = [level.kept for level in self._levels]
        for place in range(self.order - 1, 0, -1):
            parents = self._levels[place].counts.parents
            for start, stop in group_chunks(parents):
                block = parents.read(start, stop)
                used = block[listed[place].read(start, stop)]
                if used.size:
                    first = int(used[0])
                    contexts = listed[place - 1].read(first, int(used[-1]) + 1).copy()
                    contexts[used - first] = True
                    listed[place - 1].overwrite(first, contexts)
        return listed

    def rows(self, order: int) -> Iterator[NgramRows]:
        """Yields the n-grams of an order, sorted, in successive parts."""
        level, listed = self._levels[order - 1], self._listed[order - 1]
        for start, stop in chunks(level.counts.size):
            chosen = np.flatnonzero(listed.read(start, stop))
            if chosen.size:
                scores = level.log10_probabilities.read(start, stop)[chosen]
                backoffs = np.zeros(scores.size, np.float32)
                if level.log10_backoffs is not None:
                    backoffs = level.log10_backoffs.read(start, stop)[chosen]
                words = words_of([below.counts for below in self._levels], order, start, chosen)
                shifted = [column - np.int32(self._first_id) for column in words]
                yield NgramRows(shifted, scores, backoffs)

    def load(self) -> NgramModel:
        """Returns the model, in memory."""
        levels: list[ModelLevel] = []
        positions = np.zeros(1, np.int64)
        for stored, listed in zip(self._levels, self._listed, strict=True):
            chosen = np.flatnonzero(listed.read())
            scores = stored.log10_probabilities.read()[chosen]
            backoffs = np.zeros(scores.size, np.float32)
            if stored.log10_backoffs is not None:
                backoffs = stored.log10_backoffs.read()[chosen]
            levels.append(
                ModelLevel(
                    positions[stored.counts.parents.read()[chosen]].astype(np.int32),
                    stored.counts.words.read()[chosen] - np.int32(self._first_id),
                    scores,
                    backoffs,
                )
            )
            positions = np.zeros(listed.size, np.int64)
            positions[chosen] = np.arange(chosen.size)
        return NgramModel(self.vocabulary, tuple(levels))
