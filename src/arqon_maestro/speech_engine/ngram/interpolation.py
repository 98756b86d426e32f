"""Discounted probabilities, interpolated with the lower order, context by context."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.backoff import (
    PROBABILITY_TOLERANCE,
    FloatArray,
    backoff_weights,
    sums_by,
)
from arqon_maestro.speech_engine.ngram.discounting import Discounting, OrderDiscount

BoolArray = NDArray[np.bool_]


class Pruning(StrEnum):
    """Whose rules drop rare n-grams and treat unknown words (see `kneser_ney`)."""

    SRILM = "srilm"
    KENLM = "kenlm"


@dataclass(frozen=True, eq=False)
class ContextChunk:
    """All n-grams of some successive contexts; `(n-grams,)` each.

    Attributes:
        first_context: position of the first context.
        groups: context of each n-gram, counted from the first.
        counts: how often each counts.
        plain_counts: how often each occurs.
        event: whether its last word can be predicted.
        usable: whether it can be in the model at all.
        lower: probability of its last word in the lower order; none at order 1.
    """

    first_context: int
    groups: NDArray[np.int64]
    counts: NDArray[np.int64]
    plain_counts: NDArray[np.int64]
    event: BoolArray
    usable: BoolArray
    lower: FloatArray | None

    @property
    def contexts(self) -> int:
        return int(self.groups[-1]) + 1


@dataclass(frozen=True, eq=False)
class Interpolated:
    """The outcome for a chunk.

    Attributes:
        kept: `(n-grams,)` which n-grams are in the model.
        probabilities: `(n-grams,)`, by back-off for those that are not.
        backoffs: `(contexts,)` weight of the lower order.
    """

    kept: BoolArray
    probabilities: FloatArray
    backoffs: FloatArray


@dataclass
class Interpolation:
    """How the n-grams of one order are interpolated.

    Attributes:
        discount: what is taken from the counts.
        pruning: whose rules.
        cutoff: count from which n-grams are kept.
        events: number of words that can be predicted.
        full_contexts: number of contexts so far that left nothing for backing off.
    """

    discount: OrderDiscount
    pruning: Pruning
    cutoff: int
    events: int
    full_contexts: int = 0

    def apply(self, chunk: ContextChunk) -> Interpolated:
        """Returns the probabilities of a chunk."""
        groups, contexts = chunk.groups, chunk.contexts
        judged = chunk.plain_counts if self.pruning is Pruning.KENLM else chunk.counts
        kept = chunk.usable & (judged >= self.cutoff)
        denominators, lower_weights, own = self._shares(chunk, kept)
        lower = chunk.lower
        if lower is None:
            lower = np.full(groups.size, 1.0 / self.events)
        probabilities = np.where(kept, own + lower_weights[groups] * lower, 0.0)
        weights = lower_weights
        if self.pruning is Pruning.SRILM:
            self._leave_mass(chunk, kept, probabilities, own, denominators)
            left = 1.0 - sums_by(groups[kept], probabilities[kept], contexts)
            if chunk.lower is None:
                weights = np.maximum(left, 0.0)
            else:
                given = sums_by(groups[kept], lower[kept], contexts)
                weights = backoff_weights(left, 1.0 - given)
        weights[denominators == 0] = 1.0
        if chunk.lower is None:
            probabilities = self._with_unseen(chunk, kept, probabilities, float(weights[0]))
        else:
            probabilities = np.where(kept, probabilities, weights[groups] * lower)
        return Interpolated(kept, probabilities, weights)

    def _shares(
        self, chunk: ContextChunk, kept: BoolArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Returns each context's denominator (0 if no words are known to follow) and weight of the
        lower order, and each n-gram's own part."""
        groups, contexts = chunk.groups, chunk.contexts
        counts = np.where(chunk.usable, chunk.counts, 0)
        totals = sums_by(groups, counts, contexts)
        if self.discount.discounting is Discounting.WITTEN_BELL:
            taken = sums_by(groups, chunk.usable, contexts)
            denominators = totals + taken
            own = counts.astype(np.float64)
        else:
            amounts = np.array((0.0, *self.discount.amounts))[np.minimum(counts, 3)]
            taken = sums_by(groups, amounts, contexts)
            denominators = totals
            own = counts - amounts
        if self.pruning is Pruning.KENLM:
            dropped = chunk.usable & ~kept
            taken += sums_by(groups[dropped], own[dropped], contexts)
        divisors = np.maximum(denominators, 1.0)
        own /= divisors[groups]
        return denominators, taken / divisors, own

    def _leave_mass(
        self,
        chunk: ContextChunk,
        kept: BoolArray,
        probabilities: FloatArray,
        own: FloatArray,
        denominators: FloatArray,
    ) -> None:
        """Where a context leaves nothing to back off with, drops the interpolation, then makes the
        denominator larger, as SRILM does."""
        groups, contexts = chunk.groups, chunk.contexts
        sums = sums_by(groups, probabilities, contexts)
        limit = 1.0 - PROBABILITY_TOLERANCE
        full = sums > limit
        if not full.any():
            return
        types = np.bincount(groups[chunk.event & (chunk.counts > 0)], minlength=contexts)
        full &= types < self.events
        rows = full[groups] & kept
        own_sums = sums_by(groups[rows], own[rows], contexts)
        extra = np.ceil(np.maximum(own_sums * denominators / limit - denominators, 0.0))
        scale = denominators / np.maximum(denominators + extra, 1.0)
        probabilities[rows] = own[rows] * scale[groups[rows]]
        self.full_contexts += int(np.count_nonzero(full))

    def _with_unseen(
        self, chunk: ContextChunk, kept: BoolArray, probabilities: FloatArray, left: float
    ) -> FloatArray:
        """Gives what the 1-grams left to the vocabulary's words that have none."""
        unseen = chunk.event & ~kept
        number = int(np.count_nonzero(unseen))
        share = left / (self.events if self.pruning is Pruning.KENLM else max(1, number))
        return np.where(unseen, share, probabilities)
