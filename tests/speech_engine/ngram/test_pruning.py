"""Relative-entropy pruning against the definition of relative entropy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arqon_maestro.errors import UsageError
from arqon_maestro.speech_engine.ngram.backoff import BareLevel, masses, suffix_chain, with_backoffs
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.perplexity import perplexity_of
from arqon_maestro.speech_engine.ngram.pruning import perplexity_changes, prune

from . import reference
from .conftest import WriteText, entries, total_probability

TEXT = reference.random_text(seed=31, sentences=200, words=15)


@pytest.fixture
def model(write_text: WriteText) -> NgramModel:
    return estimate(count_ngrams([write_text(TEXT)], 3)).model


def without(model: NgramModel, place: int, row: int) -> NgramModel:
    """The model without one n-gram of the highest order, its context's weight made anew."""
    levels = [
        BareLevel(level.parents, level.words, level.log10_probabilities.astype(float))
        for level in model.levels
    ]
    keep = [i for i in range(levels[place].words.size) if i != row]
    top = levels[place]
    levels[place] = BareLevel(top.parents[keep], top.words[keep], top.log10_probabilities[keep])
    return with_backoffs(model.vocabulary, levels)


def test_changes_are_the_relative_entropy_of_the_model_without_the_n_gram(
    model: NgramModel,
) -> None:
    top = model.levels[2]
    lower = NgramModel(model.vocabulary, model.levels[:2])
    rest = masses(lower, top, suffix_chain(model.levels, model.word_bits)[2])
    contexts = [ngram for ngram in entries(model) if len(ngram) == 2]
    grams = [ngram for ngram in entries(model) if len(ngram) == 3]
    words = [word for word in model.vocabulary if word != "<s>"]
    probability_of = []
    for first, second in contexts:
        # A sentence begins as often as one ends.
        head = "</s>" if first == "<s>" else first
        logs = model.log10_probability([], head) + model.log10_probability([first], second)
        probability_of.append(10**logs)
    changes = perplexity_changes(top, rest, np.array(probability_of))
    for row in range(0, len(grams), 97):
        *history, _ = grams[row]
        smaller = without(model, 2, row)
        divergence = 0.0
        for word in words:
            old = model.log10_probability(history, word)
            divergence += 10**old * (old - smaller.log10_probability(history, word))
        context = probability_of[contexts.index(tuple(history))]
        expected = math.expm1(context * divergence * math.log(10))
        assert changes[row] == pytest.approx(expected, abs=2e-8), grams[row]


@pytest.mark.parametrize("threshold", [0.0, 1e-5, 1e-3, 1.0])
def test_a_pruned_model_is_a_model(model: NgramModel, threshold: float) -> None:
    pruned = prune(model, threshold)
    before, after = entries(model), entries(pruned.model)
    assert after.keys() <= before.keys()
    assert sum(pruned.removed) == len(before) - len(after)
    for ngram in after:
        assert ngram[:-1] in after or len(ngram) == 1
        assert after[ngram][0] == before[ngram][0]
    for context in [(), *list(after)[::7]]:
        if len(context) < 3 and "</s>" not in context:
            assert total_probability(pruned.model, context) == pytest.approx(1.0, abs=1e-5)


def test_more_pruning_is_a_smaller_and_worse_model(model: NgramModel) -> None:
    sizes, perplexities = [], []
    for threshold in (0.0, 1e-5, 1e-4, 1e-3):
        pruned = prune(model, threshold).model
        sizes.append(len(entries(pruned)))
        perplexities.append(perplexity_of(pruned, TEXT).perplexity)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    assert perplexities == sorted(perplexities)


def test_minimum_order_keeps_shorter_n_grams(model: NgramModel) -> None:
    pruned = prune(model, 1.0, minimum_order=3)
    assert [level.words.size for level in pruned.model.levels[:2]] == [
        level.words.size for level in model.levels[:2]
    ]
    assert pruned.model.levels[2].words.size == 0
    with pytest.raises(UsageError):
        prune(model, -1.0)
    with pytest.raises(UsageError):
        prune(model, 1.0, minimum_order=1)
