"""Kneser-Ney's counts: how many different words stand before an n-gram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.counts import NgramCounts
from arqon_maestro.speech_engine.ngram.joins import gather, occurrences, suffix_column
from arqon_maestro.speech_engine.ngram.levels import CountLevel
from arqon_maestro.speech_engine.ngram.store import Column, chunks
from arqon_maestro.speech_engine.ngram.text_parts import UNKNOWN_ID


@dataclass(frozen=True, eq=False)
class AdjustedLevel:
    """What the n-grams of one order have to do with their neighbours; `(n-grams,)` each.

    Attributes:
        counts: number of different words before the n-gram; at the highest order, and where it
            begins with what no word stands before, its plain count.
        suffixes: position of its words but the first, one level below; nothing at level 1.
        has_unknown: whether a word outside a closed vocabulary is in it.
    """

    counts: Column[np.int64]
    suffixes: Column[np.int32]
    has_unknown: Column[np.bool_]

    def discard(self, level: CountLevel) -> None:
        """Gives back the space of all but `has_unknown`, and but what `level` owns."""
        if self.suffixes is not level.words:
            self.suffixes.discard()
        if self.counts is not level.counts:
            self.counts.discard()


def adjusted_levels(counts: NgramCounts, is_event: NDArray[np.bool_]) -> list[AdjustedLevel]:
    """Returns the adjusted counts of all orders.

    Args:
        counts: n-gram counts.
        is_event: `(vocabulary,)` which words can be predicted; before the others stands nothing.
    """
    store, levels = counts.store, counts.levels
    result: list[AdjustedLevel] = []
    headless = store.column(np.bool_)
    for place, level in enumerate(levels):
        nothing_before, has_unknown = store.column(np.bool_), store.column(np.bool_)
        for start, stop in chunks(level.size):
            words, parents = level.words.read(start, stop), level.parents.read(start, stop)
            unknown = (words == UNKNOWN_ID) & (not is_event[UNKNOWN_ID])
            if place:
                nothing_before.append(gather(headless, parents))
                unknown |= gather(result[-1].has_unknown, parents)
            else:
                nothing_before.append(~is_event[words])
            has_unknown.append(unknown)
        if place > 1:
            suffixes = suffix_column(
                level, result[-1].suffixes, levels[place - 1], counts.word_bits, store
            )
        else:
            suffixes = level.words
        if place:
            _adjust(result[-1], levels[place - 1].counts, headless, suffixes, counts)
        headless.discard()
        headless = nothing_before
        own = level.counts if place == counts.order - 1 else store.column(np.int64)
        result.append(AdjustedLevel(own, suffixes, has_unknown))
    headless.discard()
    return result


def _adjust(
    below: AdjustedLevel,
    plain: Column[np.int64],
    headless: Column[np.bool_],
    suffixes: Column[np.int32],
    counts: NgramCounts,
) -> None:
    """Fills the counts of a level from the suffixes of the level above."""
    start = 0
    for before in occurrences(suffixes, plain.size, counts.store):
        stop = start + before.size
        below.counts.append(np.where(headless.read(start, stop), plain.read(start, stop), before))
        start = stop
