"""Relative-entropy pruning: leaves out the n-grams whose loss the model hardly notices.

Source: Stolcke, "Entropy-based Pruning of Backoff Language Models" (1998), as in SRILM's
``ngram -prune``: an n-gram goes if its removal raises the perplexity of the model, weighed by
the model's own probability of the context, by less than a threshold (relative).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import UsageError
from arqon_maestro.speech_engine.ngram.backoff import (
    BareLevel,
    FloatArray,
    Masses,
    backoff_weights,
    masses,
    suffix_chain,
    with_backoffs,
)
from arqon_maestro.speech_engine.ngram.model import ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START

SMALLEST = 1e-300


@dataclass(frozen=True)
class Pruned:
    """A pruned model and the number of n-grams of each order that went."""

    model: NgramModel
    removed: tuple[int, ...]


def prune(model: NgramModel, threshold: float, *, minimum_order: int = 2) -> Pruned:
    """Returns the model without the n-grams that change it too little.

    Args:
        model: a normalised model.
        threshold: relative growth of the perplexity below which an n-gram goes (say 1e-8).
        minimum_order: shorter n-grams all stay.

    Raises:
        UsageError: a threshold that is negative, or 1-grams to be pruned.
    """
    if threshold < 0:
        raise UsageError(f"pruning threshold {threshold}", why="it is 0 or more")
    if minimum_order < 2:
        raise UsageError(f"pruning from order {minimum_order}", why="1-grams are never pruned")
    suffixes = suffix_chain(model.levels, model.word_bits)
    contexts = _context_probabilities(model)
    keep = [np.ones(level.words.size, np.bool_) for level in model.levels]
    for place in range(model.order - 1, minimum_order - 2, -1):
        level = model.levels[place]
        lower = NgramModel(model.vocabulary, model.levels[:place])
        change = perplexity_changes(
            level, masses(lower, level, suffixes[place]), contexts[place - 1]
        )
        stays = change >= threshold
        if place + 1 < model.order:
            above = model.levels[place + 1]
            stays[above.parents[keep[place + 1]]] = True
        keep[place] = stays
    removed = tuple(int(np.count_nonzero(~stays)) for stays in keep)
    return Pruned(with_backoffs(model.vocabulary, _selected(model, keep)), removed)


def perplexity_changes(
    level: ModelLevel, rest: Masses, context_probabilities: FloatArray
) -> FloatArray:
    """Returns the relative growth of the model's perplexity when each n-gram alone is removed.

    Args:
        level: the n-grams, `(n-grams,)`.
        rest: what their contexts leave (see `backoff.masses`).
        context_probabilities: `(contexts,)` of the words of each context.
    """
    parents = level.parents
    own = 10.0 ** level.log10_probabilities.astype(np.float64)
    lower = 10.0**rest.lower
    old = np.log(np.maximum(backoff_weights(rest.left, rest.lower_left), SMALLEST))
    left = np.maximum(rest.left, 0.0)
    denominators = np.maximum(rest.lower_left[parents] + lower, SMALLEST)
    new = np.log(np.maximum((left[parents] + own) / denominators, SMALLEST))
    log_own = np.log(np.maximum(own, SMALLEST))
    word_change = new + np.log(np.maximum(lower, SMALLEST)) - log_own
    entropy = -(own * word_change + left[parents] * (new - old[parents]))
    change: FloatArray = np.expm1(context_probabilities[parents] * entropy)
    return change


def _context_probabilities(model: NgramModel) -> list[FloatArray]:
    """Returns the probability of the words of every n-gram but of the highest order.

    A history starts with ``<s>`` as often as with ``</s>`` it ends.
    """
    result: list[FloatArray] = []
    for place, level in enumerate(model.levels[:-1]):
        logs = level.log10_probabilities.astype(np.float64)
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
