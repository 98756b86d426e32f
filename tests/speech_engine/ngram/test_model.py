"""Probabilities of sentences, words and texts."""

from __future__ import annotations

import math
import os
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import phonetisaurus
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.ngram.arpa_writer import write_arpa
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.model import LOG10_ZERO, NgramModel
from arqon_maestro.speech_engine.ngram.perplexity import perplexity, perplexity_of

from . import reference
from .conftest import Entries, WriteText, entries

TRAINING = reference.random_text(seed=11, sentences=600, words=500)
HELD_OUT = reference.random_text(seed=12, sentences=80, words=600)


@pytest.fixture
def model(write_text: WriteText) -> NgramModel:
    return estimate(count_ngrams([write_text(TRAINING)], 4), min_counts=(1, 2, 1, 2)).model


def plain_log10(table: Entries, history: tuple[str, ...], word: str) -> float:
    history = history[-3:]
    if (*history, word) in table:
        return table[(*history, word)][0]
    if not history:
        return -math.inf
    return table.get(history, (0.0, 0.0))[1] + plain_log10(table, history[1:], word)


def test_sentences_word_by_word(model: NgramModel) -> None:
    sentences = [*HELD_OUT[:12], [], ["never-heard"], ["w1", "never-heard", "w2"]]
    known, table = set(model.vocabulary), entries(model)
    for include_eos in (True, False):
        scores = model.score_sentences(sentences, include_eos=include_eos)
        for sentence, score in zip(sentences, scores, strict=True):
            padded = ("<s>", *sentence, *(["</s>"] if include_eos else []))
            expected = sum(
                plain_log10(table, padded[:i], padded[i])
                for i in range(1, len(padded))
                if padded[i] in known
            )
            assert score == pytest.approx(expected, abs=1e-5)


def test_a_penalty_for_words_outside_the_vocabulary(model: NgramModel) -> None:
    sentence = ["w1", "never-heard", "w2"]
    plain = model.score_sentences([sentence])[0]
    assert model.score_sentences([sentence], oov_log10_probability=-7)[0] == pytest.approx(
        plain - 7
    )


def test_an_open_vocabulary_scores_unknown_words(write_text: WriteText) -> None:
    counts = count_ngrams([write_text(TRAINING)], 2, vocabulary=["w0", "w1", "w2"])
    model = estimate(counts, open_vocabulary=True).model
    assert model.log10_probability([], "never-heard") == model.log10_probability([], "<unk>")
    result = perplexity_of(model, [["w1", "never-heard"]])
    assert (result.words, result.oovs, result.scored_words) == (2, 1, 2)


def test_single_words(model: NgramModel) -> None:
    table = entries(model)
    for history in [(), ("<s>",), ("<s>", "w0"), ("w9", "w3", "w0", "w1"), ("nobody", "w1")]:
        for word in ("w0", "w7", "</s>"):
            assert model.log10_probability(history, word) == pytest.approx(
                plain_log10(table, history, word), abs=1e-5
            )
    assert model.log10_probability(["w0"], "never-heard") == LOG10_ZERO


def test_no_sentences(model: NgramModel) -> None:
    assert model.score_sentences([]).shape == (0,)
    with pytest.raises(DataError, match="without sentences"):
        perplexity_of(model, [])


def test_models_cannot_be_changed(model: NgramModel) -> None:
    with pytest.raises(ValueError, match="read-only"):
        model.levels[0].log10_probabilities[0] = 0


def test_perplexity_counts_as_the_field_does(model: NgramModel, write_text: WriteText) -> None:
    path = write_text([*HELD_OUT, []])
    result = perplexity(model, [path])
    known = set(model.vocabulary)
    words = [word for sentence in HELD_OUT for word in sentence]
    oovs = sum(word not in known for word in words)
    assert oovs > 0
    assert (result.words, result.oovs, result.sentences) == (len(words), oovs, len(HELD_OUT) + 1)
    total = float(model.score_sentences([*HELD_OUT, []]).sum())
    assert result.log10_probability == pytest.approx(total)
    scored = len(words) - oovs
    assert result.perplexity == pytest.approx(10 ** (-total / (scored + len(HELD_OUT) + 1)))
    assert result.perplexity_excluding_eos == pytest.approx(10 ** (-total / scored))
    assert list(result.as_dict()) == [
        "perplexity",
        "perplexity_excluding_eos",
        "log10_probability",
        "words",
        "oovs",
        "sentences",
    ]


def test_perplexity_agrees_with_mitlm(write_text: WriteText, tmp_path: Path) -> None:
    # Without cut-offs: MITLM refuses models where an n-gram's last words are no n-gram.
    model = estimate(count_ngrams([write_text(TRAINING)], 4)).model
    known = set(model.vocabulary)
    text = [[word for word in sentence if word in known] for sentence in HELD_OUT]
    path = write_text([sentence for sentence in text if sentence])
    write_arpa(model, tmp_path / "model.arpa")
    package = Path(phonetisaurus.__file__).parent
    run = subprocess.run(
        [
            str(package / "bin/x86_64/evaluate-ngram"),
            *("-order", "4"),
            *("-lm", str(tmp_path / "model.arpa")),
            *("-eval-perp", str(path)),
        ],
        env={**os.environ, "LD_LIBRARY_PATH": str(package / "lib/x86_64")},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    match = re.search(r"\.txt\t([0-9.]+)\s*$", run.stdout + run.stderr, re.MULTILINE)
    assert match, run.stdout + run.stderr
    assert perplexity(model, [path]).perplexity == pytest.approx(float(match[1]), rel=1e-4)


def test_rescoring_ten_thousand_hypotheses_takes_less_than_a_second(model: NgramModel) -> None:
    hypotheses = [(sentence * 3)[:12] for sentence in (HELD_OUT * 126)[:10_000]]
    model.score_sentences(hypotheses[:10])
    started = time.process_time()
    scores = model.score_sentences(hypotheses)
    assert time.process_time() - started < 1.0
    assert scores.shape == (10_000,)
    assert np.all(scores <= 0)
