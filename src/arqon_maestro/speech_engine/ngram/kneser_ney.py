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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.adjusted import adjusted_levels
from arqon_maestro.speech_engine.ngram.backoff import log10_of
from arqon_maestro.speech_engine.ngram.counts import NgramCounts
from arqon_maestro.speech_engine.ngram.discounting import (
    Discounting,
    OrderDiscount,
    absolute_discount,
    kneser_ney_discount,
    witten_bell_discount,
)
from arqon_maestro.speech_engine.ngram.interpolation import (
    ContextChunk,
    Interpolated,
    Interpolation,
    Pruning,
)
from arqon_maestro.speech_engine.ngram.joins import Lookup, gather
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.store import Column, chunks, group_chunks
from arqon_maestro.speech_engine.ngram.stored_model import StoredLevel, StoredModel
from arqon_maestro.speech_engine.ngram.text_parts import START_ID, UNKNOWN_ID


class Fallback(StrEnum):
    """What to do with an order whose counts are too few for Kneser-Ney."""

    WITTEN_BELL = "witten-bell"
    ABSOLUTE = "absolute"
    ERROR = "error"


@dataclass(frozen=True)
class Estimate:
    """A model and how it was estimated.

    Attributes:
        stored: the model, where the counts are.
        discounts: of each order.
        warnings: what a person should know, a sentence each.
    """

    stored: StoredModel
    discounts: tuple[OrderDiscount, ...]
    warnings: tuple[str, ...]

    @cached_property
    def model(self) -> NgramModel:
        """The model in memory."""
        return self.stored.load()


def estimate(
    counts: NgramCounts,
    *,
    min_counts: Sequence[int] | None = None,
    discounting: Discounting = Discounting.KNESER_NEY,
    fallback: Fallback = Fallback.WITTEN_BELL,
    pruning: Pruning = Pruning.SRILM,
    open_vocabulary: bool = False,
    reporter: Reporter = SILENT,
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
        reporter: told of the n-grams done.

    Raises:
        UsageError: cut-offs that are no counts, or falling ones with `Pruning.KENLM`.
        DataError: no Kneser-Ney discounts, and `fallback` is `Fallback.ERROR`.
    """
    discounting, fallback = Discounting(discounting), Fallback(fallback)
    pruning = Pruning(pruning)
    cutoffs = _cutoffs(min_counts, counts.order, pruning)
    is_event = np.ones(len(counts.vocabulary), np.bool_)
    is_event[START_ID] = False
    is_event[UNKNOWN_ID] = open_vocabulary or pruning is Pruning.KENLM
    estimator = _Estimator(counts, cutoffs, discounting, fallback, pruning, is_event)
    with reporter.task(
        "estimating", total=sum(level.size for level in counts.levels), unit="n-grams"
    ) as task:
        for place, level in enumerate(counts.levels):
            estimator.estimate_order(place)
            task.advance(level.size)
    return estimator.result()


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
    """Goes from the 1-grams up: each order needs the probabilities of the one below."""

    def __init__(
        self,
        counts: NgramCounts,
        cutoffs: tuple[int, ...],
        discounting: Discounting,
        fallback: Fallback,
        pruning: Pruning,
        is_event: NDArray[np.bool_],
    ) -> None:
        self.counts = counts
        self.store = counts.store
        self.cutoffs = cutoffs
        self.discounting = discounting
        self.fallback = fallback
        self.pruning = pruning
        self.is_event = is_event
        self.adjusted = adjusted_levels(counts, is_event)
        self.probabilities: Column[np.float64] | None = None
        self.levels: list[StoredLevel] = []
        self.discounts: list[OrderDiscount] = []
        self.warnings: list[str] = []

    def result(self) -> Estimate:
        first_id = UNKNOWN_ID if self.is_event[UNKNOWN_ID] else START_ID
        stored = StoredModel(self.counts.vocabulary, first_id, self.levels, self.store)
        return Estimate(stored, tuple(self.discounts), tuple(self.warnings))

    def estimate_order(self, place: int) -> None:
        """Estimates the n-grams of `place` + 1 words, and their contexts' back-off weights."""
        level, adjusted = self.counts.levels[place], self.adjusted[place]
        discount = self._discount(place)
        self.discounts.append(discount)
        used = adjusted.counts
        if discount.discounting is not Discounting.KNESER_NEY:
            used = level.counts
        interpolation = Interpolation(
            discount, self.pruning, self.cutoffs[place], int(np.count_nonzero(self.is_event))
        )
        is_highest = place == self.counts.order - 1
        lower = None
        if self.probabilities is not None:
            lower = Lookup(self.probabilities, adjusted.suffixes, self.store)
        result = _OrderColumns(self, place)
        for start, stop in group_chunks(level.parents):
            parents, words = level.parents.read(start, stop), level.words.read(start, stop)
            counts = used.read(start, stop)
            event = self.is_event[words]
            if place:
                unknown = gather(self.adjusted[place - 1].has_unknown, parents)
                usable = event & ~unknown
            else:
                usable = event & (counts > 0)
            chunk = ContextChunk(
                first_context=int(parents[0]),
                groups=(parents - parents[0]).astype(np.int64),
                counts=counts,
                plain_counts=level.counts.read(start, stop),
                event=event,
                usable=usable,
                lower=None if lower is None else lower.read(start, stop),
            )
            interpolated = interpolation.apply(chunk)
            result.add(chunk, interpolated, keep_probabilities=not is_highest)
        if interpolation.full_contexts:
            self.warnings.append(
                f"order {place + 1}: {interpolation.full_contexts} contexts left no probability "
                "for backing off; their n-grams are not interpolated"
            )
        if lower is not None:
            lower.discard()
        self._finish(place, result)

    def _finish(self, place: int, result: _OrderColumns) -> None:
        if place:
            below = self.levels[-1]
            result.fill_backoffs(below.counts.size)
            self.levels[-1] = StoredLevel(
                below.counts, below.kept, below.log10_probabilities, result.backoffs
            )
            self.adjusted[place - 1].has_unknown.discard()
        if self.probabilities is not None:
            self.probabilities.discard()
        self.adjusted[place].discard(self.counts.levels[place])
        self.probabilities = result.probabilities
        self.levels.append(StoredLevel(self.counts.levels[place], result.kept, result.scores, None))

    def _discount(self, place: int) -> OrderDiscount:
        level, adjusted = self.counts.levels[place], self.adjusted[place]
        plain = self._counts_of_counts(level.words, level.counts)
        if self.discounting is Discounting.WITTEN_BELL:
            return witten_bell_discount(plain)
        if self.discounting is Discounting.ABSOLUTE:
            return absolute_discount(plain)
        try:
            return kneser_ney_discount(self._counts_of_counts(level.words, adjusted.counts))
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

    def _counts_of_counts(
        self, words: Column[np.int32], counts: Column[np.int64]
    ) -> tuple[int, int, int, int]:
        """Returns how many n-grams that end in an event are counted 1, 2, 3 and 4 times."""
        tally = np.zeros(6, np.int64)
        for start, stop in chunks(words.size):
            block = counts.read(start, stop)[self.is_event[words.read(start, stop)]]
            tally += np.bincount(np.minimum(block, 5), minlength=6)
        return int(tally[1]), int(tally[2]), int(tally[3]), int(tally[4])


class _OrderColumns:
    """The columns that one order fills."""

    def __init__(self, estimator: _Estimator, place: int) -> None:
        store = estimator.store
        self.place = place
        self.is_event = estimator.is_event
        self.kept = store.column(np.bool_)
        self.scores = store.column(np.float32)
        self.probabilities = store.column(np.float64)
        self.backoffs = store.column(np.float32)

    def add(self, chunk: ContextChunk, found: Interpolated, *, keep_probabilities: bool) -> None:
        kept, probabilities = found.kept, found.probabilities
        if self.place == 0:
            # Every word of the vocabulary, and <s> as a context, is listed.
            kept = self.is_event.copy()
            kept[START_ID] = True
        else:
            self.fill_backoffs(chunk.first_context)
            self.backoffs.append(log10_of(found.backoffs))
        self.kept.append(kept)
        self.scores.append(log10_of(probabilities))
        if keep_probabilities:
            self.probabilities.append(probabilities)

    def fill_backoffs(self, stop: int) -> None:
        """Gives the contexts before `stop` that nothing follows a weight of one."""
        missing = stop - self.backoffs.size
        if missing > 0:
            self.backoffs.append(np.zeros(missing, np.float32))
