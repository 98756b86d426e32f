"""Texts and comparisons that several tests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.trie import word_columns

WriteText = Callable[[Sequence[Sequence[str]]], Path]
Entries = dict[tuple[str, ...], tuple[float, float]]


@pytest.fixture
def write_text(tmp_path: Path) -> WriteText:
    """Writes sentences to a new file and returns its path."""
    number = 0

    def write(sentences: Sequence[Sequence[str]]) -> Path:
        nonlocal number
        number += 1
        path = tmp_path / f"text-{number}.txt"
        path.write_text("".join(" ".join(s) + "\n" for s in sentences), encoding="utf-8")
        return path

    return write


def entries(model: NgramModel) -> Entries:
    """Returns log10 probability and log10 back-off weight of every n-gram of a model."""
    result: Entries = {}
    for order, level in enumerate(model.levels, 1):
        columns = word_columns(model.levels, order)
        rows = zip(
            *(column.tolist() for column in columns),
            level.log10_probabilities.tolist(),
            level.log10_backoffs.tolist(),
            strict=True,
        )
        for *ids, score, backoff in rows:
            result[tuple(model.vocabulary[i] for i in ids)] = (score, backoff)
    return result


def total_probability(model: NgramModel, history: Sequence[str]) -> float:
    """Returns the sum of the probabilities of all words after a history."""
    predicted = [word for word in model.vocabulary if word != "<s>"]
    return sum(10 ** model.log10_probability(history, word) for word in predicted)
