"""Scores of the three transformers on held-out lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from arqon_maestro.evaluation.groups import least_words
from arqon_maestro.evaluation.metrics import Rate, bootstrap, recall_at, wilson
from arqon_maestro.progress import SILENT, Reporter

RANKS = (1, 5, 10)
BATCH_LINES = 32
SNIPPET_MARK = "SNIP_"
BOOTSTRAP_SAMPLES = 400


class Hypothesis(Protocol):
    """One output of a translator."""

    @property
    def text(self) -> str: ...


class LineTranslator(Protocol):
    """What is measured: lines to ranked lines."""

    def translate(self, lines: Sequence[str], n_best: int = 1) -> Sequence[Sequence[Hypothesis]]:
        """Returns up to `n_best` outputs a line, best first."""


class LineRescorer(Protocol):
    """What is measured: pairs to log p(target | source), natural log."""

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]: ...


Accept = Callable[[str, str], bool]
"""Whether a target is acceptable for a source."""


@dataclass(frozen=True)
class ExactMatch:
    """How often the reference is among the first k outputs.

    Attributes:
        at: k → share.
        kinds: kind of line → share at 1.
        accepted: share of lines whose first output is acceptable; None where that is not tested.
        first_accepted: share of lines whose first acceptable output is the reference.
        misses: some lines that were not right at 1: source, reference, output.
        firsts: the first output of every line; empty where there is none.
    """

    at: dict[int, Rate]
    kinds: dict[str, Rate]
    accepted: Rate | None
    first_accepted: Rate | None
    misses: list[tuple[str, str, str]]
    firsts: list[str]

    def to_json(self) -> dict[str, Any]:
        return {
            "exact_match": {str(k): rate.to_json() for k, rate in self.at.items()},
            "exact_match_by_kind": {kind: rate.to_json() for kind, rate in self.kinds.items()},
            "valid_at_1": self.accepted and self.accepted.to_json(),
            "exact_match_of_first_valid": self.first_accepted and self.first_accepted.to_json(),
            "misses": [
                {"source": source, "reference": reference, "output": output}
                for source, reference, output in self.misses
            ],
        }


def kind_of(source: str) -> str:
    """Returns ``add`` for a line with a snippet's mark, otherwise ``insert``."""
    return "add" if SNIPPET_MARK in source else "insert"


def exact_match(
    translator: LineTranslator,
    pairs: Sequence[tuple[str, str]],
    *,
    n_best: int = 10,
    kind: Callable[[str], str] = kind_of,
    accept: Accept | None = None,
    label: str = "exact match",
    misses: int = 20,
    reporter: Reporter = SILENT,
) -> ExactMatch:
    """Translates the sources of `pairs` and compares with their targets.

    Args:
        translator: the model.
        pairs: held-out (source, target) lines.
        n_best: outputs a line.
        kind: sorts lines into kinds, by source.
        accept: tests an output, such as the runtime's grammar test.
        misses: how many wrong lines are kept to look at.
    """
    outputs: list[list[str]] = []
    with reporter.task(label, len(pairs), "lines") as task:
        for start in range(0, len(pairs), BATCH_LINES):
            batch = [source for source, _ in pairs[start : start + BATCH_LINES]]
            found = translator.translate(batch, n_best)
            outputs.extend([hypothesis.text for hypothesis in ranked] for ranked in found)
            task.advance(len(batch))
    references = [target for _, target in pairs]
    by_kind: dict[str, list[bool]] = {}
    wrong: list[tuple[str, str, str]] = []
    for (source, target), ranked in zip(pairs, outputs, strict=True):
        first = ranked[0] if ranked else ""
        by_kind.setdefault(kind(source), []).append(first == target)
        if first != target and len(wrong) < misses:
            wrong.append((source, target, first))
    accepted = first_accepted = None
    if accept is not None:
        valid = [
            [text for text in ranked if accept(source, text)]
            for (source, _), ranked in zip(pairs, outputs, strict=True)
        ]
        good = sum(
            bool(ranked and kept and kept[0] == ranked[0])
            for ranked, kept in zip(outputs, valid, strict=True)
        )
        accepted = wilson(good, len(pairs))
        first_accepted = recall_at(references, valid, (1,))[1]
    return ExactMatch(
        at=recall_at(references, outputs, [k for k in RANKS if k <= n_best]),
        kinds={
            name: wilson(sum(by_kind[name]), len(by_kind[name]))
            for name in sorted(by_kind, key=lambda name: (least_words(name), name))
        },
        accepted=accepted,
        first_accepted=first_accepted,
        misses=wrong,
        firsts=[ranked[0] if ranked else "" for ranked in outputs],
    )


@dataclass(frozen=True)
class CrossEntropy:
    """The loss of held-out targets given their sources.

    Attributes:
        value: nats a word; a word is what blanks separate, and the end of a line counts as one.
        low, high: its 95% interval, bootstrapped over the lines.
        scores: the log probability of each target, in nats.
        words: the words of each target.
    """

    value: float
    low: float
    high: float
    scores: list[float]
    words: list[int]

    def to_json(self) -> dict[str, Any]:
        return {
            "cross_entropy": self.value,
            "low": self.low,
            "high": self.high,
            "perplexity": math.exp(self.value),
            "lines": len(self.words),
            "words": sum(self.words),
        }


def cross_entropy(
    rescorer: LineRescorer,
    pairs: Sequence[tuple[str, str]],
    *,
    seed: int = 0,
    label: str = "cross-entropy",
    reporter: Reporter = SILENT,
) -> CrossEntropy:
    """Scores the targets of `pairs` given their sources."""
    scores: list[float] = []
    with reporter.task(label, len(pairs), "lines") as task:
        for start in range(0, len(pairs), BATCH_LINES):
            batch = pairs[start : start + BATCH_LINES]
            scores += rescorer.rescore(batch)
            task.advance(len(batch))
    words = [len(target.split()) + 1 for _, target in pairs]
    items = list(zip(scores, words, strict=True))
    low, high = bootstrap(items, _loss, seed=seed, samples=BOOTSTRAP_SAMPLES)
    return CrossEntropy(_loss(items), low, high, scores, words)


def loss_difference(
    first: CrossEntropy, second: CrossEntropy, *, seed: int = 0
) -> tuple[float, float, float]:
    """Returns the first loss less the second, on the same lines, with its 95% interval.

    Both are computed on the same bootstrap samples of lines.
    """
    items = list(zip(first.scores, second.scores, first.words, strict=True))

    def difference(sample: Sequence[tuple[float, float, int]]) -> float:
        return sum(b - a for a, b, _ in sample) / sum(count for _, _, count in sample)

    low, high = bootstrap(items, difference, seed=seed, samples=BOOTSTRAP_SAMPLES)
    return difference(items), low, high


def _loss(sample: Sequence[tuple[float, int]]) -> float:
    return -sum(score for score, _ in sample) / sum(count for _, count in sample)
