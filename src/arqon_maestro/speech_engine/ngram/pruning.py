"""Relative-entropy pruning: leaves out the n-grams whose loss the model hardly notices.

Source: Stolcke, "Entropy-based Pruning of Backoff Language Models" (1998), as in SRILM's
``ngram -prune``: an n-gram goes if its removal raises the perplexity of the model, weighed by
the model's own probability of the context, by less than a threshold (relative).

The lower orders of a Kneser-Ney model are no good estimates of how often a context occurs (Chelba,
Brants, Neveitt and Xu, "Study on Interaction between Entropy Pruning and Kneser-Ney Smoothing",
2010). Another model of the same text, with Witten-Bell discounting say, can give the contexts'
probabilities instead, as SRILM's ``-prune-history-lm``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import UsageError
from arqon_maestro.speech_engine.ngram.backoff import (
    PROBABILITY_TOLERANCE,
    BareLevel,
    FloatArray,
    Masses,
    masses,
    suffix_chain,
    with_backoffs,
)
from arqon_maestro.speech_engine.ngram.model import OUT_OF_VOCABULARY, ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START
from arqon_maestro.speech_engine.ngram.trie import word_columns

SMALLEST = 1e-300


@dataclass(frozen=True)
class Pruned:
    """A pruned model and the number of n-grams of each order that went."""

    model: NgramModel
    removed: tuple[int, ...]


def prune(
    model: NgramModel,
    threshold: float,
    *,
    minimum_order: int = 2,
    history: NgramModel | None = None,
) -> Pruned:
    """Returns the model without the n-grams that change it too little.

    Args:
        model: a normalised model.
        threshold: relative growth of the perplexity below which an n-gram goes (say 1e-8); with 0
            all stay.
        minimum_order: shorter n-grams all stay.
        history: model of the contexts' probabilities; default: the model itself.

    Raises:
        UsageError: a threshold that is negative, or 1-grams to be pruned.
    """
    if not threshold >= 0:  # not a number is none
        raise UsageError(f"pruning threshold {threshold}", why="it is 0 or more")
    if minimum_order < 2:
        raise UsageError(f"pruning from order {minimum_order}", why="1-grams are never pruned")
    suffixes = suffix_chain(model.levels, model.word_bits)
    contexts = _context_probabilities(model, history)
    keep = [np.ones(level.words.size, np.bool_) for level in model.levels]
    for place in range(model.order - 1, minimum_order - 2, -1):
        level = model.levels[place]
        lower = NgramModel(model.vocabulary, model.levels[:place])
        rest = masses(lower, level, suffixes[place])
        old = model.levels[place - 1].log10_backoffs
        change = perplexity_changes(level, rest, old, contexts[place - 1])
        stays = ~(change < threshold) | ~_is_normalised(rest)[level.parents]
        if threshold == 0.0:
            stays[:] = True
        if place + 1 < model.order:
            above = model.levels[place + 1]
            stays[above.parents[keep[place + 1]]] = True
        keep[place] = stays
    removed = tuple(int(np.count_nonzero(~stays)) for stays in keep)
    return Pruned(with_backoffs(model.vocabulary, _selected(model, keep)), removed)


def _is_normalised(rest: Masses) -> NDArray[np.bool_]:
    """Returns which contexts can have a back-off weight at all; in others nothing is pruned."""
    negative = (rest.left < -PROBABILITY_TOLERANCE) | (rest.lower_left < -PROBABILITY_TOLERANCE)
    nowhere = (rest.left > PROBABILITY_TOLERANCE) & (rest.lower_left <= 0.0)
    return ~negative & ~nowhere


def perplexity_changes(
    level: ModelLevel,
    rest: Masses,
    log10_backoffs: NDArray[np.float32],
    context_probabilities: FloatArray,
) -> FloatArray:
    """Returns the relative growth of the model's perplexity when each n-gram alone is removed.

    Args:
        level: the n-grams, `(n-grams,)`.
        rest: what their contexts leave (see `backoff.masses`).
        log10_backoffs: `(contexts,)` the contexts' back-off weights.
        context_probabilities: `(contexts,)` of the words of each context.
    """
    parents = level.parents
    own = 10.0 ** level.log10_probabilities.astype(np.float64)
    lower = 10.0**rest.lower
    old = log10_backoffs.astype(np.float64) * np.log(10.0)
    left = np.maximum(rest.left, 0.0)
    denominators = np.maximum(rest.lower_left[parents] + lower, SMALLEST)
    new = np.log(np.maximum((left[parents] + own) / denominators, SMALLEST))
    log_own = np.log(np.maximum(own, SMALLEST))
    word_change = new + np.log(np.maximum(lower, SMALLEST)) - log_own
    entropy = -(own * word_change + left[parents] * (new - old[parents]))
    change: FloatArray = np.expm1(context_probabilities[parents] * entropy)
    return change


def _context_probabilities(model: NgramModel, history: NgramModel | None) -> list[FloatArray]:
    """Returns the probability of the words of every n-gram but of the highest order.

    A history starts with ``<s>`` as often as with ``</s>`` it ends.
    """
    result: list[FloatArray] = []
    for place, level in enumerate(model.levels[:-1]):
        if history is None:
            logs = level.log10_probabilities.astype(np.float64)
        else:
            ids = np.array(
                [history.word_ids.get(word, OUT_OF_VOCABULARY) for word in model.vocabulary],
                np.int32,
            )
            columns = [ids[column] for column in word_columns(model.levels, place + 1)]
            logs = history.ngram_log10_probabilities(columns)
        if place == 0:
            start, end = (model.word_ids.get(word) for word in (SENTENCE_START, SENTENCE_END))
            if start is not None and end is not None:
                logs[start] = logs[end]
            result.append(10.0**logs)
        else:
            result.append(result[-1][level.parents] * 10.0**logs)
    return result


def _selected(model: NgramModel, keep: list[NDArray[np.bool_]]) -> list[BareLevel]:
    levels: list[BareLevel] = []
    positions = np.zeros(1, np.int64)
    for level, stays in zip(model.levels, keep, strict=True):
        levels.append(
            BareLevel(
                positions[level.parents[stays]].astype(np.int32),
                level.words[stays],
                level.log10_probabilities[stays].astype(np.float64),
            )
        )
        positions = np.cumsum(stays) - 1
    return levels
