"""Back-off weights: what makes each context's probabilities sum to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.model import LOG10_ZERO, ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.trie import (
    PositionArray,
    bits_for,
    suffix_positions,
    word_columns,
)

# A sum of probabilities this close to one leaves nothing for backing off (SRILM's tolerance).
PROBABILITY_TOLERANCE = 3e-6
# Rounding of sums of 64-bit floats.
ROUNDING = 1e-12

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BareLevel:
    """A level of a model whose back-off weights are not known yet (see `model.ModelLevel`)."""

    parents: NDArray[np.int32]
    words: NDArray[np.int32]
    log10_probabilities: FloatArray


@dataclass(frozen=True, eq=False)
class Masses:
    """What the contexts of one level leave to the words that do not follow them.

    Attributes:
        left: `(contexts,)` one minus the sum of the probabilities of the words that follow.
        lower_left: `(contexts,)` one minus the sum of what the lower order gives those words.
        lower: `(n-grams,)` log10 probability that the lower order gives each n-gram's word.
    """

    left: FloatArray
    lower_left: FloatArray
    lower: FloatArray


def sums_by(groups: NDArray[np.integer], values: NDArray[np.generic], number: int) -> FloatArray:
    """Returns the sum of `values` of each of `number` groups."""
    return np.bincount(groups, values, minlength=number).astype(np.float64, copy=False)


def backoff_weights(left: FloatArray, lower_left: FloatArray) -> FloatArray:
    """Returns back-off weights from the mass that each context leaves (see `Masses`).

    Returns:
        `(contexts,)`; 1 where the lower order leaves nothing.
    """
    left = np.where(left < ROUNDING, 0.0, left)
    nothing = lower_left <= ROUNDING
    return np.where(nothing, 1.0, left / np.where(nothing, 1.0, lower_left))


def log10_of(values: FloatArray) -> FloatArray:
    """Returns log10, with `LOG10_ZERO` for zero."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(values), LOG10_ZERO)


def masses(model: NgramModel, level: BareLevel | ModelLevel, suffixes: PositionArray) -> Masses:
    """Returns what each context leaves.

    Args:
        model: the orders below `level`.
        level: the n-grams.
        suffixes: `(n-grams,)` position of each one's last n-1 words in the model, or absent.
    """
    below = model.levels[-1]
    lower = below.log10_probabilities[np.maximum(suffixes, 0)].astype(np.float64)
    missing = np.flatnonzero(suffixes < 0)
    if missing.size:
        columns = word_columns([*model.levels, level], model.order + 1, missing)
        lower[missing] = model.ngram_log10_probabilities(columns[1:])
    contexts = below.words.size
    return Masses(
        1.0 - sums_by(level.parents, 10.0 ** level.log10_probabilities.astype(float), contexts),
        1.0 - sums_by(level.parents, 10.0**lower, contexts),
        lower,
    )


def suffix_chain(levels: Sequence[BareLevel | ModelLevel], word_bits: int) -> list[PositionArray]:
    """Returns `trie.suffix_positions` of every level; of the first one zeros."""
    chain: list[PositionArray] = [np.zeros(levels[0].words.size, np.int64)]
    for order, level in enumerate(levels[1:], 2):
        if order == 2:
            chain.append(level.words.astype(np.int64))
        else:
            chain.append(suffix_positions(level, chain[-1], levels[order - 2], word_bits))
    return chain


def with_backoffs(vocabulary: tuple[str, ...], bare: Sequence[BareLevel]) -> NgramModel:
    """Returns the model with these probabilities, normalised by its back-off weights."""
    suffixes = suffix_chain(bare, bits_for(len(vocabulary)))
    levels: list[ModelLevel] = [_finished(bare[0], np.zeros(bare[0].words.size))]
    for level, links in zip(bare[1:], suffixes[1:], strict=True):
        rest = masses(NgramModel(vocabulary, tuple(levels)), level, links)
        weights = backoff_weights(rest.left, rest.lower_left)
        with_words = np.bincount(level.parents, minlength=weights.size) > 0
        levels[-1] = _finished(levels[-1], np.where(with_words, log10_of(weights), 0.0))
        levels.append(_finished(level, np.zeros(level.words.size)))
    return NgramModel(vocabulary, tuple(levels))


def _finished(level: BareLevel | ModelLevel, backoffs: FloatArray) -> ModelLevel:
    return ModelLevel(
        level.parents,
        level.words,
        level.log10_probabilities.astype(np.float32),
        backoffs.astype(np.float32),
    )
