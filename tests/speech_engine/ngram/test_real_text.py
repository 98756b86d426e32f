"""The estimator on real text: what CorpusGen says for the code of Python's standard library."""

from __future__ import annotations

import math
import random
import sysconfig
from pathlib import Path

import pytest

from arqon_maestro.corpusgen.modes import text_lines
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import Fallback, estimate
from arqon_maestro.speech_engine.ngram.mixing import mix
from arqon_maestro.speech_engine.ngram.perplexity import perplexity_of

from . import reference
from .conftest import WriteText, entries, total_probability
from .test_kneser_ney import agrees, estimate_ngram

pytestmark = pytest.mark.slow

LINES = 20_000
HELD_OUT_LINES = 2_000
# Of real text too, words that are rare stay out of the vocabulary.
VOCABULARY_COUNT = 3
SETTINGS = [(3, (1, 2, 5)), (4, (1, 2, 4, 5))]

Text = list[list[str]]


@pytest.fixture(scope="module")
def real_text() -> tuple[Text, Text]:
    """Text to train on, and held-out text of other files."""
    lines: Text = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        try:
            source = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines += [line.split() for line in text_lines(source, path.name, "python").lines]
        if len(lines) >= LINES + HELD_OUT_LINES:
            return lines[:LINES], lines[LINES : LINES + HELD_OUT_LINES]
    raise AssertionError("a standard library that is too small")


def plain_perplexity(model: reference.Reference, text: Text) -> tuple[float, float]:
    """Perplexity with and without ``</s>`` as a word, one word after the other."""
    total, words = 0.0, 0
    order = max(map(len, model.probabilities))
    for sentence in text:
        history = [reference.START]
        for word in [*sentence, reference.END]:
            if (word,) in model.probabilities:
                context = tuple(history[max(0, len(history) - order + 1) :])
                total += math.log10(model.probability((*context, word)))
                words += word != reference.END
            history.append(word)
    return 10 ** (-total / (words + len(text))), 10 ** (-total / words)


@pytest.mark.parametrize(("order", "min_counts"), SETTINGS)
@pytest.mark.parametrize("with_vocabulary", [False, True])
def test_agrees_with_the_plain_estimator(
    real_text: tuple[Text, Text],
    write_text: WriteText,
    order: int,
    min_counts: tuple[int, ...],
    with_vocabulary: bool,
) -> None:
    training, held_out = real_text
    vocabulary = None
    if with_vocabulary:
        seen = reference.raw_counts(training, 1, None, 0)[0]
        vocabulary = {w for (w,), c in seen.items() if c >= VOCABULARY_COUNT} - {"<s>", "</s>"}
    expected = reference.srilm(
        training, order, vocabulary=vocabulary, min_counts=min_counts, empty=500
    )
    counts = count_ngrams(
        [write_text(training)],
        order,
        vocabulary=sorted(vocabulary) if vocabulary else None,
        empty_sentences=500,
    )
    assert (counts.oov_tokens > 0) == with_vocabulary
    estimated = estimate(counts, min_counts=min_counts, fallback=Fallback.ERROR)
    agrees(estimated, expected)
    model = estimated.model
    measured = perplexity_of(model, held_out)
    with_end, without_end = plain_perplexity(expected, held_out)
    assert measured.oovs > 0
    assert f"{measured.perplexity:.4g}" == f"{with_end:.4g}"
    assert f"{measured.perplexity_excluding_eos:.4g}" == f"{without_end:.4g}"
    contexts = [ngram for ngram in entries(model) if len(ngram) < order and ngram[-1] != "</s>"]
    for context in random.Random(1).sample(contexts, 40):
        assert total_probability(model, context) == pytest.approx(1.0, abs=1e-5), context


@pytest.mark.parametrize("order", [3, 4])
def test_agrees_with_mitlm(real_text: tuple[Text, Text], write_text: WriteText, order: int) -> None:
    path = write_text(real_text[0])
    found = entries(estimate(count_ngrams([path], order)).model)
    theirs = entries(estimate_ngram(path, order))
    assert found.keys() == theirs.keys()
    # MITLM prints six decimals, cut off.
    for ngram, (score, backoff) in theirs.items():
        assert found[ngram][0] == pytest.approx(score, abs=2e-6), ngram
        if not math.isclose(backoff, 0.0):
            assert found[ngram][1] == pytest.approx(backoff, abs=2e-6), ngram


def test_mixtures_are_normalised(real_text: tuple[Text, Text], write_text: WriteText) -> None:
    training, held_out = real_text
    models = [
        estimate(count_ngrams([write_text(text)], 4), min_counts=(1, 2, 2, 2)).model
        for text in (training, held_out)
    ]
    mixture = mix(*models, 0.6)
    found = entries(mixture)
    assert found.keys() == entries(models[0]).keys() | entries(models[1]).keys()
    sample = random.Random(2).sample(sorted(found), 400)
    for *history, word in sample:
        if word == "<s>":
            continue
        expected = sum(
            share * 10 ** model.log10_probability(history, word)
            for model, share in zip(models, (0.6, 0.4), strict=True)
            if word in model.word_ids
        )
        assert 10 ** found[(*history, word)][0] == pytest.approx(expected, rel=1e-5)
    for context in [ngram for ngram in sample if len(ngram) < 4 and ngram[-1] != "</s>"][:40]:
        assert total_probability(mixture, context) == pytest.approx(1.0, abs=1e-5), context
