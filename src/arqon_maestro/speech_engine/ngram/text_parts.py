"""Texts as columns of numbers: the words of each part by first appearance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.store import Column
from arqon_maestro.speech_engine.ngram.text import MARKERS, TextBlock

UNKNOWN_ID, START_ID, END_ID = range(len(MARKERS))


@dataclass(frozen=True, eq=False)
class TextPart:
    """Some sentences of a text.

    Attributes:
        words: word of each id, the markers first.
        occurrences: `(words,)` of each.
        sequence: `(tokens + 2 * sentences,)` ids of the words, sentences between their markers.
    """

    words: Sequence[str]
    occurrences: NDArray[np.int64]
    sequence: Column[np.uint32]

    @property
    def sentences(self) -> int:
        return int(self.occurrences[START_ID])

    @property
    def tokens(self) -> int:
        return int(self.occurrences[len(MARKERS) :].sum())


class PartBuilder:
    """Makes a part of blocks of text."""

    def __init__(self, sequence: Column[np.uint32]) -> None:
        """Takes the column that is to be filled."""
        self._ids: dict[str, int] = {word: number for number, word in enumerate(MARKERS)}
        self._occurrences = np.zeros(len(MARKERS), np.int64)
        self._sequence = sequence

    def add(self, block: TextBlock) -> None:
        """Appends the sentences of a block."""
        ids = self._ids
        local = np.array([ids.setdefault(word, len(ids)) for word in block.words], np.uint32)
        tokens = local[block.tokens]
        self._sequence.append(_with_markers(tokens, block.lengths))
        more = len(ids) - self._occurrences.size
        self._occurrences = np.concatenate((self._occurrences, np.zeros(more, np.int64)))
        self._occurrences[local] += np.bincount(block.tokens, minlength=local.size)
        self._occurrences[[START_ID, END_ID]] += block.lengths.size

    def part(self) -> TextPart:
        """Returns what was added."""
        return TextPart(list(self._ids), self._occurrences, self._sequence)


def _with_markers(tokens: NDArray[np.uint32], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
    sequence = np.empty(tokens.size + 2 * lengths.size, np.uint32)
    stops = np.cumsum(lengths + 2)
    is_word = np.ones(sequence.size, np.bool_)
    is_word[stops - 1] = False
    is_word[stops - 2 - lengths] = False
    sequence[stops - 1] = END_ID
    sequence[stops - 2 - lengths] = START_ID
    sequence[is_word] = tokens
    return sequence
