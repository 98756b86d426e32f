"""Two models mixed into one: a linear interpolation made static.

As SRILM's ``ngram -mix-lm -lambda``: every n-gram of either model gets the mixture of the two
probabilities, one of them backed off where that model lacks it, and the back-off weights are
computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.backoff import BareLevel, log10_of, with_backoffs
from arqon_maestro.speech_engine.ngram.model import OUT_OF_VOCABULARY, NgramModel
from arqon_maestro.speech_engine.ngram.text import MARKERS, read_blocks
from arqon_maestro.speech_engine.ngram.trie import IdArray, bits_for, keys_of, locate, word_columns

# Expectation maximisation ends when the weight moves less than this, or after so many rounds.
WEIGHT_TOLERANCE = 1e-5
MAXIMUM_ROUNDS = 200


@dataclass(frozen=True)
class FittedWeight:
    """A mixture weight fitted to a text.

    Attributes:
        weight: share of the first model.
        rounds: of expectation maximisation.
        perplexity: of the (dynamic) mixture on the text, ends of sentences included.
    """

    weight: float
    rounds: int
    perplexity: float


def mix(first: NgramModel, second: NgramModel, weight: float) -> NgramModel:
    """Returns the mixture ``weight * first + (1 - weight) * second`` as one back-off model.

    A word that one model lacks has probability zero there. The order is the larger one.

    Raises:
        UsageError: the weight is not between 0 and 1.
    """
    if not 0.0 <= weight <= 1.0:
        raise UsageError(f"mixture weight {weight}", why="the share is between 0 and 1")
    vocabulary = _joined(first.vocabulary, second.vocabulary)
    ids = {word: number for number, word in enumerate(vocabulary)}
    bits = bits_for(len(vocabulary))
    sources = [_Source(model, ids) for model in (first, second)]
    levels: list[BareLevel] = []
    for order in range(1, max(first.order, second.order) + 1):
        keys = np.unique(np.concatenate([source.keys(order, bits) for source in sources]))
        for source in sources:
            source.place(keys)
        mask = np.uint64((1 << bits) - 1)
        level = BareLevel(
            (keys >> np.uint64(bits)).astype(np.int32),
            (keys & mask).astype(np.int32),
            np.zeros(keys.size),
        )
        columns = word_columns([*levels, level], order)
        mixture = weight * sources[0].probabilities(columns)
        mixture += (1.0 - weight) * sources[1].probabilities(columns)
        levels.append(BareLevel(level.parents, level.words, log10_of(mixture)))
    return with_backoffs(vocabulary, levels)


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    both = {*first, *second}
    markers = [word for word in MARKERS if word in both]
    return (*markers, *sorted(both.difference(MARKERS)))


class _Source:
    """One of the two models, seen through the joint vocabulary."""

    def __init__(self, model: NgramModel, ids: dict[str, int]) -> None:
        self.model = model
        self.to_joint = np.array([ids[word] for word in model.vocabulary], np.int64)
        self.to_own = np.full(len(ids), OUT_OF_VOCABULARY, np.int32)
        self.to_own[self.to_joint] = np.arange(len(model.vocabulary), dtype=np.int32)
        self._keys = np.zeros(0, np.uint64)
        self._positions = np.zeros(1, np.int64)

    def keys(self, order: int, bits: int) -> NDArray[np.uint64]:
        """Returns the joint keys of the model's n-grams of an order."""
        if order > self.model.order:
            self._keys = np.zeros(0, np.uint64)
        else:
            level = self.model.levels[order - 1]
            parents = self._positions[level.parents]
            self._keys = keys_of(parents, self.to_joint[level.words], bits)
        return self._keys

    def place(self, joint: NDArray[np.uint64]) -> None:
        """Notes where the n-grams of the last call of `keys` are among the joint ones."""
        self._positions = locate(joint, self._keys)

    def probabilities(self, columns: Sequence[IdArray]) -> NDArray[np.float64]:
        own = [self.to_own[column] for column in columns]
        scores: NDArray[np.float64] = 10.0 ** self.model.ngram_log10_probabilities(own)
        return scores


def fit_weight(
    first: NgramModel,
    second: NgramModel,
    paths: Sequence[Path],
    *,
    reporter: Reporter = SILENT,
) -> FittedWeight:
    """Returns the share of the first model that makes held-out text likeliest.

    Words outside both vocabularies are left out.

    Raises:
        DataError: a malformed text, or one without any word of the models.
    """
    pairs = [np.zeros((2, 0))]
    with reporter.task("scoring", unit="sentences") as task:
        for path in paths:
            for block in read_blocks(path):
                scored = [
                    _token_probabilities(model, block.words, block.tokens, block.lengths)
                    for model in (first, second)
                ]
                pairs.append(np.stack(scored))
                task.advance(block.lengths.size)
    likelihoods = np.concatenate(pairs, axis=1)
    likelihoods = likelihoods[:, likelihoods.sum(axis=0) > 0]
    if not likelihoods.size:
        raise DataError(
            "no word of the models in the held-out text", where=paths[0] if paths else None
        )
    weight, moved, rounds = 0.5, 1.0, 0
    while moved >= WEIGHT_TOLERANCE and rounds < MAXIMUM_ROUNDS:
        own = weight * likelihoods[0]
        new = float(np.mean(own / (own + (1.0 - weight) * likelihoods[1])))
        moved, weight = abs(new - weight), new
        rounds += 1
    mixture = weight * likelihoods[0] + (1.0 - weight) * likelihoods[1]
    return FittedWeight(weight, rounds, float(np.exp(-np.mean(np.log(mixture)))))


def _token_probabilities(
    model: NgramModel,
    words: Sequence[str],
    tokens: NDArray[np.int32],
    lengths: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Returns the probability of every word and end of sentence; 0 outside the vocabulary."""
    get, unknown = model.word_ids.get, model.unknown_id
    ids = np.array([get(word, unknown) for word in words], np.int32)
    sequence = model.sentence_ids(ids[tokens], lengths)
    scores = model.token_log10_probabilities(sequence.ids, sequence.starts)
    predicted = ~sequence.starts
    known = sequence.ids[predicted] >= 0
    return np.where(known, 10.0 ** scores[predicted], 0.0)
