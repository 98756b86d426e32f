"""Whether a model's probabilities sum to one after every context."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arqon_maestro.speech_engine.ngram.backoff import masses, suffix_chain
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.text import SENTENCE_START
from arqon_maestro.speech_engine.ngram.trie import word_columns

# Files of six or seven printed digits are off by less than this.
BALANCE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Imbalance:
    """The context whose probabilities are furthest from summing to one, and their sum."""

    context: tuple[str, ...]
    total: float

    @property
    def is_tolerable(self) -> bool:
        """Whether rounding explains it."""
        return abs(self.total - 1.0) <= BALANCE_TOLERANCE

    def __str__(self) -> str:
        where = f"after {' '.join(self.context)!r}" if self.context else "of the 1-grams"
        return f"the probabilities {where} sum to {self.total:.4f}"


def largest_imbalance(model: NgramModel) -> Imbalance:
    """Returns the worst context of a model; ``<s>``, which is never predicted, does not count."""
    scores = model.levels[0].log10_probabilities.astype(np.float64)
    predicted = [word != SENTENCE_START for word in model.vocabulary]
    worst = Imbalance((), float(np.sum(10.0 ** scores[predicted])))
    suffixes = suffix_chain(model.levels, model.word_bits)
    for place in range(1, model.order):
        lower = NgramModel(model.vocabulary, model.levels[:place])
        rest = masses(lower, model.levels[place], suffixes[place])
        weights = 10.0 ** model.levels[place - 1].log10_backoffs.astype(np.float64)
        totals = 1.0 - rest.left + weights * rest.lower_left
        position = int(np.argmax(np.abs(totals - 1.0)))
        if abs(totals[position] - 1.0) > abs(worst.total - 1.0):
            columns = word_columns(model.levels, place, np.array([position]))
            words = tuple(model.vocabulary[int(column[0])] for column in columns)
            worst = Imbalance(words, float(totals[position]))
    return worst
