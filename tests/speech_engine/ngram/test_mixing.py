"""Mixtures: the right probabilities, normalised."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.mixing import fit_weight, mix
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.perplexity import perplexity_of

from . import reference
from .conftest import WriteText, entries, total_probability

FIRST = reference.random_text(seed=21, sentences=300, words=80)
SECOND = [
    [word.replace("w", "v") if i % 3 else word for i, word in enumerate(sentence)]
    for sentence in reference.random_text(seed=22, sentences=300, words=80)
]


def trained(write_text: WriteText, text: list[list[str]], order: int, minimum: int) -> NgramModel:
    counts = count_ngrams([write_text(text)], order)
    return estimate(counts, min_counts=(1, minimum)[:order]).model


@pytest.mark.parametrize(("order", "other_order"), [(3, 3), (2, 4), (4, 1)])
def test_every_n_gram_of_the_union_has_the_mixture(
    write_text: WriteText, order: int, other_order: int
) -> None:
    first = trained(write_text, FIRST, order, 2)
    second = trained(write_text, SECOND, other_order, 1)
    mixture = mix(first, second, 0.6)
    found = entries(mixture)
    assert found.keys() == entries(first).keys() | entries(second).keys()
    for (*history, word), (score, _) in found.items():
        if word == "<s>":
            continue
        expected = 0.0
        for model, share in ((first, 0.6), (second, 0.4)):
            if word in model.word_ids:
                expected += share * 10 ** model.log10_probability(history, word)
        assert 10**score == pytest.approx(expected, rel=1e-5), (history, word)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.tuples(
        *[
            st.lists(st.lists(st.sampled_from(words), max_size=5), min_size=1, max_size=8).filter(
                any
            )
            for words in (["a", "b", "c"], ["b", "c", "d"])
        ]
    ),
    orders=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    weight=st.floats(0.01, 0.99),
)
def test_mixtures_sum_to_one(
    tmp_path_factory: pytest.TempPathFactory,
    texts: tuple[list[list[str]], ...],
    orders: tuple[int, int],
    weight: float,
) -> None:
    models = []
    for text, order in zip(texts, orders, strict=True):
        path = tmp_path_factory.mktemp("text") / "text"
        path.write_text("".join(" ".join(sentence) + "\n" for sentence in text))
        models.append(estimate(count_ngrams([path], order)).model)
    mixture = mix(*models, weight)
    for context in [(), *entries(mixture)]:
        if len(context) < mixture.order and "</s>" not in context:
            assert total_probability(mixture, context) == pytest.approx(1.0, abs=1e-5), context


def test_all_of_the_first_is_the_first(write_text: WriteText) -> None:
    first = trained(write_text, FIRST, 3, 2)
    second = trained(write_text, SECOND, 3, 1)
    held_out = reference.random_text(seed=23, sentences=50, words=80)
    text = [[word for word in sentence if word in first.word_ids] for sentence in held_out]
    alone = perplexity_of(first, text)
    assert perplexity_of(mix(first, second, 1.0), text).perplexity == pytest.approx(
        alone.perplexity, rel=1e-5
    )
    assert perplexity_of(mix(second, first, 0.0), text).perplexity == pytest.approx(
        alone.perplexity, rel=1e-5
    )


def test_the_fitted_weight_is_the_best(write_text: WriteText) -> None:
    first = trained(write_text, FIRST, 2, 1)
    second = trained(write_text, SECOND, 2, 1)
    held_out = FIRST[:60] + SECOND[:20]
    fitted = fit_weight(first, second, [write_text(held_out)])
    assert 0.5 < fitted.weight < 0.95

    def dynamic(weight: float) -> float:
        return fit_perplexity(first, second, held_out, weight)

    assert fitted.perplexity == pytest.approx(dynamic(fitted.weight), rel=1e-6)
    for other in (fitted.weight - 0.02, fitted.weight + 0.02):
        assert dynamic(other) > fitted.perplexity


def fit_perplexity(
    first: NgramModel, second: NgramModel, text: list[list[str]], weight: float
) -> float:
    """Perplexity of the mixture, word by word."""
    product, number = 0.0, 0
    for sentence in text:
        padded = ["<s>", *sentence, "</s>"]
        for i in range(1, len(padded)):
            p = sum(
                share * 10 ** model.log10_probability(padded[:i], padded[i])
                for model, share in ((first, weight), (second, 1 - weight))
            )
            product += reference.log10(p)
            number += 1
    return float(10 ** (-product / number))


def test_bad_requests(write_text: WriteText) -> None:
    model = trained(write_text, FIRST, 1, 1)
    with pytest.raises(UsageError, match="between 0 and 1"):
        mix(model, model, 1.5)
    with pytest.raises(DataError, match="held-out"):
        fit_weight(model, model, [])
