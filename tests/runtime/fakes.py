"""Models that answer from tables, or from the grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from arqon_maestro.code_engine.translator import Hypothesis
from arqon_maestro.corpusgen.grammar.parser import parses


@dataclass
class TableModel:
    """Answers each line from a table; records what it was asked."""

    answers: Mapping[str, Sequence[tuple[str, float]]]
    asked: list[str] = field(default_factory=list)

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        self.asked += lines
        return [
            [Hypothesis(*answer) for answer in self.answers.get(line, ())[:n_best]]
            for line in lines
        ]


@dataclass
class GrammarModel:
    """A transcript parser that is always right: it asks the grammar, for so many parses."""

    limit: int = 99

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        return [
            [
                Hypothesis(parse.markup, -0.5 * rank)
                for rank, parse in enumerate(
                    islice(parses(line.split()), min(n_best, self.limit)), 1
                )
            ]
            for line in lines
        ]


@dataclass
class SpokenModel:
    """An auto-style that answers by the spoken words alone."""

    answers: Mapping[str, Sequence[tuple[str, float]]]
    asked: list[str] = field(default_factory=list)

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        self.asked += lines
        return [
            [Hypothesis(*answer) for answer in self.answers[_spoken(line)][:n_best]]
            for line in lines
        ]


@dataclass
class ConstantRescorer:
    """Scores by the number of words of the target."""

    per_word: float
    asked: list[tuple[str, str]] = field(default_factory=list)

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [self.per_word * len(target.split()) for _, target in pairs]


def _spoken(line: str) -> str:
    tokens = line.split(" ")
    start = next(
        at for at, token in enumerate(tokens) if token == "ENG" or token.startswith("SNIP_")
    )
    return " ".join(tokens[start + 1 :])
