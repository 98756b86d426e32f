"""Relative-entropy pruning against the definition of relative entropy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arqon_maestro.errors import UsageError
from arqon_maestro.speech_engine.ngram.backoff import BareLevel, masses, suffix_chain, with_backoffs
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.discounting import Discounting
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.model import ModelLevel, NgramModel
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
    changes = perplexity_changes(
        top, rest, model.levels[1].log10_backoffs, np.array(probability_of)
    )
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


def plainly_pruned(
    model: NgramModel, threshold: float, history: NgramModel
) -> set[tuple[str, ...]]:
    """The n-grams that stay, one context after the other (Stolcke 1998, section 3)."""
    table = entries(model)
    stays = set(table)
    order = max(map(len, table))
    for size in range(order - 1, 0, -1):
        for context in [ngram for ngram in table if len(ngram) == size]:
            followers = [g for g in table if g[:-1] == context and len(g) == size + 1]
            head = ["</s>" if context[0] == "<s>" else context[0]]
            log10_context = history.log10_probability([], head[0]) + sum(
                history.log10_probability(context[:place], context[place])
                for place in range(1, size)
            )
            lower = {g: 10 ** model.log10_probability(context[1:], g[-1]) for g in followers}
            left = 1 - sum(10 ** table[g][0] for g in followers)
            lower_left = 1 - sum(lower.values())
            for ngram in followers:
                if any(longer[:-1] == ngram for longer in stays if len(longer) == size + 2):
                    continue
                own = 10 ** table[ngram][0]
                new_weight = math.log10((left + own) / (lower_left + lower[ngram]))
                change = own * (new_weight + math.log10(lower[ngram]) - table[ngram][0])
                change += left * (new_weight - table[context][1])
                if 10 ** (-(10**log10_context) * change) - 1 < threshold:
                    stays.remove(ngram)
    return stays


@pytest.mark.parametrize("threshold", [2e-4, 5e-4, 1e-3, 3e-3])
@pytest.mark.parametrize("with_history", [False, True])
def test_the_same_n_grams_stay_as_plainly(
    write_text: WriteText, threshold: float, with_history: bool
) -> None:
    counts = count_ngrams([write_text(TEXT[:50])], 3)
    model = estimate(counts).model
    history = estimate(counts, discounting=Discounting.WITTEN_BELL).model if with_history else None
    pruned = prune(model, threshold, history=history)
    expected = plainly_pruned(model, threshold, history or model)
    assert 0 < len(expected) < len(entries(model))
    assert entries(pruned.model).keys() == expected


def test_threshold_zero_keeps_all(model: NgramModel) -> None:
    assert prune(model, 0.0).removed == (0, 0, 0)


def test_contexts_that_are_not_normalised_are_left_alone(model: NgramModel) -> None:
    levels = list(model.levels)
    # After the first context, probabilities sum to more than one.
    scores = levels[1].log10_probabilities.copy()
    scores[levels[1].parents == levels[1].parents[0]] = -0.1
    levels[1] = ModelLevel(
        levels[1].parents, levels[1].words, scores, levels[1].log10_backoffs.copy()
    )
    spoilt = NgramModel(model.vocabulary, (*levels[:2],))
    pruned = prune(spoilt, 10.0).model
    assert (pruned.levels[1].parents == levels[1].parents[0]).all()
    assert pruned.levels[1].words.size == (levels[1].parents == levels[1].parents[0]).sum()


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
        prune(model, math.nan)
    with pytest.raises(UsageError):
        prune(model, 1.0, minimum_order=1)
