"""Interpolated modified Kneser-Ney models from n-gram counts.

The default follows SRILM's ``ngram-count -kndiscount -interpolate`` with ``-gtNmin`` and
``-vocab``, as its manual describes it (ngram-discount, ngram-count):

* below the highest order an n-gram counts as often as different words stand before it, except
  where it begins with ``<s>`` (or a word outside the vocabulary): nothing comes before those;
* discounts come from these adjusted counts, and cut-offs apply to them;
* a context's discounts, those of its dropped n-grams included, weigh the lower order in the
  probabilities; the back-off weight is whatever normalises the n-grams that were kept;
* 1-grams are interpolated with the uniform distribution over the vocabulary with ``</s>``;
* words outside a given vocabulary are no events, and no context goes through them.

`Pruning.KENLM` follows ``lmplz``: cut-offs look at the plain counts, what dropped n-grams had goes
to the lower order through the interpolation weight, which is also the back-off weight, and
``<unk>`` is a word of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.speech_engine.ngram.backoff import (
    PROBABILITY_TOLERANCE,
    FloatArray,
    backoff_weights,
    sums_by,
)
from arqon_maestro.speech_engine.ngram.counts import (
    START_ID,
    UNKNOWN_ID,
    CountLevel,
    NgramCounts,
)
from arqon_maestro.speech_engine.ngram.discounting import (
    Discounting,
    OrderDiscount,
    absolute_discount,
    counts_of_counts,
    kneser_ney_discount,
    witten_bell_discount,
)
from arqon_maestro.speech_engine.ngram.model import LOG10_ZERO, ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.trie import PositionArray, suffix_positions

BoolArray = NDArray[np.bool_]


class Pruning(StrEnum):
    """Whose rules drop rare n-grams and treat unknown words (see the module's description)."""

    SRILM = "srilm"
    KENLM = "kenlm"


class Fallback(StrEnum):
    """What to do with an order whose counts are too few for Kneser-Ney."""

    WITTEN_BELL = "witten-bell"
    ABSOLUTE = "absolute"
    ERROR = "error"


@dataclass(frozen=True)
class Estimate:
    """A model and how it was estimated.

    Attributes:
        model: the model.
        discounts: of each order.
        warnings: what a person should know, a sentence each.
    """

    model: NgramModel
    discounts: tuple[OrderDiscount, ...]
    warnings: tuple[str, ...]


@dataclass
class _Order:
    """One order under way: everything about its n-grams, `(n-grams,)` each unless said."""

    level: CountLevel
    suffixes: PositionArray
    first_is_nonevent: BoolArray
    # n-grams that contain a word outside the vocabulary (none where <unk> is a word).
    has_unknown: BoolArray
    counts: NDArray[np.int64]
    event: BoolArray
    kept: BoolArray
    probabilities: FloatArray
    backoffs: FloatArray


def estimate(
    counts: NgramCounts,
    *,
    min_counts: Sequence[int] | None = None,
    discounting: Discounting = Discounting.KNESER_NEY,
    fallback: Fallback = Fallback.WITTEN_BELL,
    pruning: Pruning = Pruning.SRILM,
    open_vocabulary: bool = False,
) -> Estimate:
    """Estimates an interpolated back-off model.

    Args:
        counts: n-gram counts of orders 1 to N.
        min_counts: for each order, the count from which n-grams are kept; the last one holds for
            the orders after it. Default: all are kept.
        discounting: Kneser-Ney with continuation counts, or Witten-Bell or absolute discounting
            with plain counts.
        fallback: for an order where Kneser-Ney discounts cannot be had. It is then discounted
            with plain counts by that method, and a warning says so.
        pruning: whose cut-off and unknown-word rules.
        open_vocabulary: make ``<unk>`` a word with the probability of the words that were mapped
            to it; always so with `Pruning.KENLM`.

    Raises:
        UsageError: cut-offs that are no counts, or falling ones with `Pruning.KENLM`.
        DataError: no Kneser-Ney discounts, and `fallback` is `Fallback.ERROR`.
    """
    discounting, fallback = Discounting(discounting), Fallback(fallback)
    pruning = Pruning(pruning)
    cutoffs = _cutoffs(min_counts, counts.order, pruning)
    estimator = _Estimator(
        counts, cutoffs, discounting, fallback, pruning, open_vocabulary or pruning is Pruning.KENLM
    )
    return estimator.run()


def _cutoffs(min_counts: Sequence[int] | None, order: int, pruning: Pruning) -> tuple[int, ...]:
    given = tuple(min_counts or (1,))
    if min(given) < 0:
        raise UsageError(f"cut-offs {given}", why="a minimum count is 0 or more")
    if len(given) > order:
        raise UsageError(
            f"{len(given)} minimum counts for a model of order {order}",
            remedy=f"give at most {order}, one for each order",
        )
    cutoffs = given + given[-1:] * (order - len(given))
    if pruning is Pruning.KENLM and (max(cutoffs[0], 1) > 1 or list(cutoffs) != sorted(cutoffs)):
        raise UsageError(
            f"minimum counts {cutoffs} with KenLM's rule",
            why="it keeps all 1-grams, and needs counts that do not fall from order to order",
        )
    return cutoffs


class _Estimator:
    def __init__(
        self,
        counts: NgramCounts,
        cutoffs: tuple[int, ...],
        discounting: Discounting,
        fallback: Fallback,
        pruning: Pruning,
        open_vocabulary: bool,
    ) -> None:
        self.counts = counts
        self.cutoffs = cutoffs
        self.discounting = discounting
        self.fallback = fallback
        self.pruning = pruning
        self.open_vocabulary = open_vocabulary
        self.orders: list[_Order] = []
        self.discounts: list[OrderDiscount] = []
        self.warnings: list[str] = []
        size = len(counts.vocabulary)
        self.is_event = np.ones(size, np.bool_)
        self.is_event[START_ID] = False
        self.is_event[UNKNOWN_ID] = open_vocabulary

    def run(self) -> Estimate:
        self._prepare()
        for order in range(1, self.counts.order + 1):
            self._estimate_order(order)
        return Estimate(self._model(), tuple(self.discounts), tuple(self.warnings))

    def _prepare(self) -> None:
        levels = self.counts.levels
        suffixes: PositionArray = np.zeros(levels[0].words.size, np.int64)
        for place, level in enumerate(levels):
            if place == 0:
                first = ~self.is_event
                unknown = (level.words == UNKNOWN_ID) & (not self.open_vocabulary)
            else:
                below = self.orders[-1]
                first = below.first_is_nonevent[level.parents]
                unknown = below.has_unknown[level.parents]
                if not self.open_vocabulary:
                    unknown |= level.words == UNKNOWN_ID
                if place == 1:
                    suffixes = level.words.astype(np.int64)
                else:
                    suffixes = suffix_positions(
                        level, suffixes, levels[place - 1], self.counts.word_bits
                    )
            self.orders.append(
                _Order(
                    level=level,
                    suffixes=suffixes,
                    first_is_nonevent=first,
                    has_unknown=unknown,
                    counts=level.counts,
                    event=self.is_event[level.words],
                    kept=np.zeros(0, np.bool_),
                    probabilities=np.zeros(0),
                    backoffs=np.zeros(0),
                )
            )

    def _adjusted(self, place: int) -> NDArray[np.int64]:
        """Returns Kneser-Ney's counts: below the highest order, of the words that stand before."""
        here = self.orders[place]
        if place == self.counts.order - 1:
            return here.counts
        above = self.orders[place + 1]
        before = np.bincount(above.suffixes, minlength=here.level.words.size)
        return np.where(here.first_is_nonevent, here.level.counts, before)

    def _discount(self, place: int) -> OrderDiscount:
        here = self.orders[place]
        plain = counts_of_counts(here.counts[here.event])
        if self.discounting is Discounting.WITTEN_BELL:
            return witten_bell_discount(plain)
        if self.discounting is Discounting.ABSOLUTE:
            return absolute_discount(plain)
        adjusted = self._adjusted(place)
        try:
            discount = kneser_ney_discount(counts_of_counts(adjusted[here.event]))
        except DataError as error:
            if self.fallback is Fallback.ERROR:
                raise DataError(
                    f"{error.what}, order {place + 1}",
                    why=error.why,
                    remedy="more text, or another fallback or discounting method",
                ) from None
            self.warnings.append(
                f"order {place + 1}: {error.what} ({error.why}); "
                f"{self.fallback.value} discounting instead"
            )
            if self.fallback is Fallback.ABSOLUTE:
                return absolute_discount(plain, error.why)
            return witten_bell_discount(plain, error.why)
        here.counts = adjusted
        return discount

    def _estimate_order(self, order: int) -> None:
        place = order - 1
        here = self.orders[place]
        discount = self._discount(place)
        self.discounts.append(discount)
        contexts = 1 if place == 0 else self.orders[place - 1].level.words.size
        plain = here.level.counts if self.pruning is Pruning.KENLM else here.counts
        usable = here.event.copy()
        if place:
            usable &= ~self.orders[place - 1].has_unknown[here.level.parents]
        else:
            usable &= here.counts > 0
        here.kept = usable & (plain >= self.cutoffs[place])
        denominators, lower_weights, high = self._interpolation(here, discount, usable, contexts)
        lower = self._lower(place)
        parents = here.level.parents
        interpolated = high + lower_weights[parents] * lower
        probabilities = np.where(here.kept, interpolated, 0.0)
        if self.pruning is Pruning.KENLM:
            weights = lower_weights
        else:
            self._leave_mass(here, probabilities, high, denominators, order)
            weights = self._backoffs(here, probabilities, lower, contexts, order)
        weights[denominators == 0] = 1.0
        if place == 0:
            here.probabilities = self._with_unseen(here, probabilities, weights)
            return
        below = self.orders[place - 1]
        below.backoffs = weights
        here.probabilities = np.where(here.kept, probabilities, weights[parents] * lower)

    def _lower(self, place: int) -> FloatArray:
        """Returns the probability that the lower order gives each n-gram's word."""
        here = self.orders[place]
        if place == 0:
            return np.full(here.level.words.size, 1.0 / np.count_nonzero(self.is_event))
        return self.orders[place - 1].probabilities[here.suffixes]

    def _interpolation(
        self, here: _Order, discount: OrderDiscount, usable: BoolArray, contexts: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Returns each context's denominator (0 if no words are known to follow) and weight of the
        lower order, and each n-gram's own part."""
        parents = here.level.parents
        counts = np.where(usable, here.counts, 0)
        totals = sums_by(parents, counts, contexts)
        if discount.discounting is Discounting.WITTEN_BELL:
            taken = sums_by(parents, usable, contexts)
            denominators = totals + taken
            own = counts.astype(np.float64)
        else:
            amounts = np.array((0.0, *discount.amounts))[np.minimum(counts, 3)]
            taken = sums_by(parents, amounts, contexts)
            denominators = totals
            own = counts - amounts
        if self.pruning is Pruning.KENLM:
            dropped = usable & ~here.kept
            taken += sums_by(parents[dropped], own[dropped], contexts)
        divisors = np.maximum(denominators, 1.0)
        own /= divisors[parents]
        return denominators, taken / divisors, own

    def _leave_mass(
        self,
        here: _Order,
        probabilities: FloatArray,
        high: FloatArray,
        denominators: FloatArray,
        order: int,
    ) -> None:
        """Where a context leaves nothing to back off with, drops the interpolation, then makes the
        denominator larger, as SRILM does."""
        parents, contexts = here.level.parents, denominators.size
        sums = sums_by(parents, probabilities, contexts)
        types = np.bincount(parents[here.event & (here.counts > 0)], minlength=contexts)
        limit = 1.0 - PROBABILITY_TOLERANCE
        full = (sums > limit) & (types < np.count_nonzero(self.is_event))
        if not full.any():
            return
        rows = full[parents] & here.kept
        own = sums_by(parents[rows], high[rows], contexts)
        extra = np.ceil(np.maximum(own * denominators / limit - denominators, 0.0))
        scale = denominators / np.maximum(denominators + extra, 1.0)
        probabilities[rows] = high[rows] * scale[parents[rows]]
        self.warnings.append(
            f"order {order}: {int(np.count_nonzero(full))} contexts left no probability for "
            "backing off; their n-grams are not interpolated"
        )

    def _backoffs(
        self,
        here: _Order,
        probabilities: FloatArray,
        lower: FloatArray,
        contexts: int,
        order: int,
    ) -> FloatArray:
        """Returns the weight of the lower order after each context, `(contexts,)`."""
        kept = here.kept
        parents = here.level.parents[kept]
        left = 1.0 - sums_by(parents, probabilities[kept], contexts)
        if order == 1:
            left_over: FloatArray = np.maximum(left, 0.0)
            return left_over
        return backoff_weights(left, 1.0 - sums_by(parents, lower[kept], contexts))

    def _with_unseen(self, here: _Order, probabilities: FloatArray, left: FloatArray) -> FloatArray:
        """Gives what the 1-grams left to the vocabulary's words that have none."""
        if self.pruning is Pruning.KENLM:
            uniform = left[0] / np.count_nonzero(self.is_event)
            return np.where(self.is_event & ~here.kept, uniform, probabilities)
        unseen = self.is_event & ~here.kept
        number = np.count_nonzero(unseen)
        if number:
            probabilities[unseen] = left[0] / number
        return probabilities

    def _model(self) -> NgramModel:
        """Gathers the n-grams that were kept, with the contexts that they need."""
        needed = self._needed()
        levels: list[ModelLevel] = []
        positions: NDArray[np.int64] = np.zeros(1, np.int64)
        first_id = 0 if self.open_vocabulary else 1
        for here, chosen in zip(self.orders, needed, strict=True):
            with np.errstate(divide="ignore"):
                scores = np.log10(here.probabilities[chosen])
                backoffs = (
                    np.log10(here.backoffs[chosen]) if here.backoffs.size else np.zeros(scores.size)
                )
            levels.append(
                ModelLevel(
                    parents=positions[here.level.parents[chosen]].astype(np.int32),
                    words=(here.level.words[chosen] - first_id).astype(np.int32),
                    log10_probabilities=np.maximum(scores, LOG10_ZERO).astype(np.float32),
                    log10_backoffs=np.maximum(backoffs, LOG10_ZERO).astype(np.float32) + 0.0,
                )
            )
            positions = np.cumsum(chosen) - 1
        return NgramModel(self.counts.vocabulary[first_id:], tuple(levels))

    def _needed(self) -> list[BoolArray]:
        needed: list[BoolArray] = []
        for place in reversed(range(self.counts.order)):
            here = self.orders[place]
            chosen = here.kept.copy()
            if place == 0:
                chosen = self.is_event.copy()
                chosen[START_ID] = True
            elif needed:
                above = self.orders[place + 1]
                chosen[above.level.parents[needed[-1]]] = True
            needed.append(chosen)
        return needed[::-1]
