"""Exact match and cross-entropy, with a translator whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from arqon_maestro.evaluation.code_engine import cross_entropy, exact_match


@dataclass
class Answer:
    text: str


class Table:
    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Answer]]:
        return [[Answer(text) for text in self.answers[line][:n_best]] for line in lines]


class Uniform:
    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [-(len(target.split()) + 1) * math.log(7) for _, target in pairs]


PAIRS = [("CTX ENG a", "a"), ("CTX ENG b", "b"), ("CTX SNIP_StatementList c", "c")]


def test_exact_match_at_k_by_kind_and_validity() -> None:
    table = Table({"CTX ENG a": ["a"], "CTX ENG b": ["bad", "b"], PAIRS[2][0]: []})
    scores = exact_match(table, PAIRS, n_best=5, accept=lambda source, text: text != "bad")
    assert [scores.at[k].count for k in (1, 5)] == [1, 2]
    assert 10 not in scores.at
    assert (scores.kinds["insert"].count, scores.kinds["insert"].total) == (1, 2)
    assert (scores.kinds["add"].count, scores.kinds["add"].total) == (0, 1)
    assert scores.accepted is not None
    assert scores.accepted.count == 1
    assert scores.first_accepted is not None
    assert scores.first_accepted.count == 2
    assert scores.misses == [("CTX ENG b", "b", "bad"), (PAIRS[2][0], "c", "")]


def test_without_a_test_validity_is_not_reported() -> None:
    scores = exact_match(Table({source: [target] for source, target in PAIRS}), PAIRS, n_best=1)
    assert scores.to_json()["valid_at_1"] is None
    assert scores.to_json()["exact_match"]["1"]["value"] == 1


def test_cross_entropy_of_a_uniform_model() -> None:
    scores = cross_entropy(Uniform(), PAIRS).to_json()
    assert scores["cross_entropy"] == pytest.approx(math.log(7))
    assert scores["perplexity"] == pytest.approx(7)
    assert scores["low"] == pytest.approx(scores["high"])
    assert scores["words"] == 6
