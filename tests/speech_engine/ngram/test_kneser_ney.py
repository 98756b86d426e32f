"""The fast estimator against the plain one, the laws of probability, and MITLM."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path

import phonetisaurus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.discounting import Discounting
from arqon_maestro.speech_engine.ngram.interpolation import Pruning
from arqon_maestro.speech_engine.ngram.kneser_ney import Estimate, Fallback, estimate
from arqon_maestro.speech_engine.ngram.model import NgramModel

from . import reference
from .conftest import WriteText, entries, total_probability

PRINTED = 1e-6
TEXT = reference.random_text(seed=1, sentences=700, words=4000)
VOCABULARY = sorted({f"w{number}" for number in range(300)} | {"never-seen", "#nonterm:hint"})


def agrees(estimated: Estimate, expected: reference.Reference) -> None:
    found = entries(estimated.model)
    assert found.keys() == expected.probabilities.keys()
    for ngram, (score, backoff) in found.items():
        assert score == pytest.approx(
            reference.log10(expected.probabilities[ngram]), abs=PRINTED
        ), ngram
        weight = reference.log10(expected.backoffs.get(ngram, 1.0))
        assert backoff == pytest.approx(weight, abs=PRINTED), ngram
    for discount, amounts in zip(estimated.discounts, expected.discounts, strict=True):
        assert discount.amounts == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("order", "min_counts"),
    [
        (1, (1,)),
        (1, (3,)),
        (2, (1, 1)),
        (2, (1, 2)),
        (3, (1, 1, 1)),
        (3, (1, 2, 5)),
        (3, (1, 3, 1)),
        (3, (2, 2, 2)),
        (4, (1, 1, 1, 1)),
        (4, (1, 2, 4, 5)),
        (4, (1, 5, 1, 2)),
    ],
)
@pytest.mark.parametrize("with_vocabulary", [False, True])
@pytest.mark.parametrize("empty", [0, 37])
def test_agrees_with_the_plain_estimator(
    order: int,
    min_counts: tuple[int, ...],
    with_vocabulary: bool,
    empty: int,
    write_text: WriteText,
) -> None:
    vocabulary = VOCABULARY if with_vocabulary else None
    counts = count_ngrams([write_text(TEXT)], order, vocabulary=vocabulary, empty_sentences=empty)
    expected = reference.srilm(
        TEXT,
        order,
        vocabulary=set(vocabulary) if vocabulary else None,
        min_counts=min_counts,
        empty=empty,
    )
    estimated = estimate(counts, min_counts=min_counts, fallback=Fallback.ERROR)
    agrees(estimated, expected)
    assert not estimated.warnings


@pytest.mark.parametrize("method", ["witten-bell", "absolute"])
@pytest.mark.parametrize(("order", "min_counts"), [(1, (1,)), (3, (1, 2, 2)), (4, (1, 1, 1, 1))])
@pytest.mark.parametrize("with_vocabulary", [False, True])
def test_other_methods_agree_with_the_plain_estimator(
    method: str,
    order: int,
    min_counts: tuple[int, ...],
    with_vocabulary: bool,
    write_text: WriteText,
) -> None:
    vocabulary = VOCABULARY if with_vocabulary else None
    counts = count_ngrams([write_text(TEXT)], order, vocabulary=vocabulary)
    expected = reference.srilm(
        TEXT,
        order,
        vocabulary=set(vocabulary) if vocabulary else None,
        min_counts=min_counts,
        method=method,
    )
    agrees(estimate(counts, min_counts=min_counts, discounting=Discounting(method)), expected)


def test_open_vocabulary_agrees_with_the_plain_estimator(write_text: WriteText) -> None:
    counts = count_ngrams([write_text(TEXT)], 3, vocabulary=VOCABULARY)
    expected = reference.srilm(
        TEXT, 3, vocabulary=set(VOCABULARY), min_counts=(1, 2, 2), open_vocabulary=True
    )
    agrees(estimate(counts, min_counts=(1, 2, 2), open_vocabulary=True), expected)


@pytest.mark.parametrize("min_counts", [(1, 1, 1), (1, 2, 2), (1, 2, 5)])
def test_kenlm_rule_agrees_with_the_plain_estimator(
    min_counts: tuple[int, ...], write_text: WriteText
) -> None:
    counts = count_ngrams([write_text(TEXT)], 3)
    estimated = estimate(counts, min_counts=min_counts, pruning=Pruning.KENLM)
    agrees(estimated, reference.kenlm(TEXT, 3, min_counts=min_counts))


def test_kenlm_rule_refuses_falling_minimum_counts(write_text: WriteText) -> None:
    counts = count_ngrams([write_text(TEXT)], 3)
    with pytest.raises(UsageError, match="KenLM"):
        estimate(counts, min_counts=(1, 5, 2), pruning=Pruning.KENLM)


@pytest.mark.slow
@pytest.mark.parametrize(("order", "min_counts"), [(3, (1, 2, 5)), (4, (1, 2, 4, 5))])
def test_agrees_with_the_plain_estimator_on_20000_lines(
    order: int, min_counts: tuple[int, ...], write_text: WriteText
) -> None:
    text = reference.random_text(seed=2, sentences=20_000, words=3000)
    counts = count_ngrams([write_text(text)], order)
    agrees(
        estimate(counts, min_counts=min_counts),
        reference.srilm(text, order, min_counts=min_counts),
    )


SMALL_TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "dé", "e-1"]), max_size=6), min_size=1, max_size=12
).filter(lambda text: any(text))


@settings(max_examples=60, deadline=None)
@given(
    text=SMALL_TEXTS,
    order=st.integers(1, 5),
    minimum=st.integers(1, 3),
    discounting=st.sampled_from(Discounting),
    fallback=st.sampled_from([Fallback.WITTEN_BELL, Fallback.ABSOLUTE]),
    pruning=st.sampled_from(Pruning),
    words=st.none() | st.just(["a", "b", "unseen"]),
    empty=st.sampled_from([0, 1, 50]),
)
def test_every_context_sums_to_one(
    tmp_path_factory: pytest.TempPathFactory,
    text: list[list[str]],
    order: int,
    minimum: int,
    discounting: Discounting,
    fallback: Fallback,
    pruning: Pruning,
    words: list[str] | None,
    empty: int,
) -> None:
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in text), encoding="utf-8")
    counts = count_ngrams([path], order, vocabulary=words, empty_sentences=empty)
    model = estimate(
        counts,
        min_counts=(1, *[minimum] * (order - 1)),
        discounting=discounting,
        fallback=fallback,
        pruning=pruning,
    ).model
    contexts = [ngram for ngram in entries(model) if len(ngram) < order and ngram[-1] != "</s>"]
    for context in [(), ("never", "heard"), *contexts]:
        assert total_probability(model, context) == pytest.approx(1.0, abs=1e-5), context


def test_too_few_counts_fall_back_with_a_warning(write_text: WriteText) -> None:
    counts = count_ngrams([write_text([["a", "b"], ["a"]])], 2)
    estimated = estimate(counts)
    assert [discount.discounting for discount in estimated.discounts] == ["witten-bell"] * 2
    assert "too little text for Kneser-Ney" in estimated.warnings[0]
    # Witten-Bell by hand: a twice, b once, </s> twice; three types, three words.
    p_a = 2 / (5 + 3) + 3 / (5 + 3) / 3
    assert 10 ** estimated.model.log10_probability([], "a") == pytest.approx(p_a)
    p_b_after_a = 1 / (2 + 2) + 2 / (2 + 2) * (1 / 8 + 3 / 8 / 3)
    assert 10 ** estimated.model.log10_probability(["a"], "b") == pytest.approx(p_b_after_a)
    with pytest.raises(DataError, match="order 1"):
        estimate(counts, fallback=Fallback.ERROR)


def test_absolute_discounting_by_hand(write_text: WriteText) -> None:
    counts = count_ngrams([write_text([["a", "b"], ["a"], ["a", "a"]])], 1)
    model = estimate(counts, discounting=Discounting.ABSOLUTE).model
    # a four times, b once, </s> three times: n1 = 1, n2 = 0, so the discount is a half.
    assert 10 ** model.log10_probability([], "b") == pytest.approx(0.5 / 8 + 1.5 / 8 / 3)


def test_bad_minimum_counts(write_text: WriteText) -> None:
    counts = count_ngrams([write_text([["a"]])], 2)
    with pytest.raises(UsageError, match="3 minimum counts"):
        estimate(counts, min_counts=(1, 1, 1))
    with pytest.raises(UsageError, match="0 or more"):
        estimate(counts, min_counts=(-1,))


def test_contexts_without_words_left_are_not_interpolated(write_text: WriteText) -> None:
    # A million empty sentences: all of the mass after <s> is in the words seen there.
    text = reference.random_text(seed=3, sentences=400, words=40)
    counts = count_ngrams([write_text(text)], 2, empty_sentences=50_000_000)
    estimated = estimate(counts)
    assert any("left no probability" in warning for warning in estimated.warnings)
    assert total_probability(estimated.model, ["<s>"]) == pytest.approx(1.0, abs=1e-5)


def estimate_ngram(text: Path, order: int) -> NgramModel:
    """MITLM's modified Kneser-Ney, with discounts from the counts."""
    package = Path(phonetisaurus.__file__).parent
    output = text.with_suffix(".mitlm.arpa")
    subprocess.run(
        [
            str(package / "bin/x86_64/estimate-ngram"),
            *("-order", str(order)),
            *("-smoothing", "FixModKN"),
            *("-text", str(text)),
            *("-write-lm", str(output)),
        ],
        env={**os.environ, "LD_LIBRARY_PATH": str(package / "lib/x86_64")},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return NgramModel.read(output)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_agrees_with_mitlm(order: int, write_text: WriteText) -> None:
    path = write_text(TEXT)
    found = entries(estimate(count_ngrams([path], order)).model)
    theirs = entries(estimate_ngram(path, order))
    assert found.keys() == theirs.keys()
    # MITLM prints six decimals, cut off.
    for ngram, (score, backoff) in theirs.items():
        assert found[ngram][0] == pytest.approx(score, abs=2e-6), ngram
        if not math.isclose(backoff, 0.0):
            assert found[ngram][1] == pytest.approx(backoff, abs=2e-6), ngram
