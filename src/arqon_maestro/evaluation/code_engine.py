"""Scores of the three transformers on held-out lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from arqon_maestro.evaluation.metrics import Rate, bootstrap, recall_at, wilson
from arqon_maestro.progress import SILENT, Reporter

RANKS = (1, 5, 10)
BATCH_LINES = 32
SNIPPET_MARK = "SNIP_"


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
    """

    at: dict[int, Rate]
    kinds: dict[str, Rate]
    accepted: Rate | None
    first_accepted: Rate | None
    misses: list[tuple[str, str, str]]

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
        kinds={name: wilson(sum(hits), len(hits)) for name, hits in sorted(by_kind.items())},
        accepted=accepted,
        first_accepted=first_accepted,
        misses=wrong,
    )


def cross_entropy(
    rescorer: LineRescorer, pairs: Sequence[tuple[str, str]], *, seed: int = 0
) -> dict[str, Any]:
    """Returns the loss of held-out targets given their sources, in nats a word, with its interval.

    A word is what blanks separate; the end of a line counts as one.
    """
    scores = list(rescorer.rescore(pairs))
    words = [len(target.split()) + 1 for _, target in pairs]
    items = list(zip(scores, words, strict=True))

    def loss(sample: Sequence[tuple[float, int]]) -> float:
        return -sum(score for score, _ in sample) / sum(count for _, count in sample)

    value = loss(items)
    low, high = bootstrap(items, loss, seed=seed, samples=400)
    return {
        "cross_entropy": value,
        "low": low,
        "high": high,
        "perplexity": math.exp(value),
        "lines": len(pairs),
        "words": sum(words),
    }
