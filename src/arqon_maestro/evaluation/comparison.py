"""Two models on the same held-out lines: what each gets right, and whether the change is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arqon_maestro.evaluation.code_engine import (
    CrossEntropy,
    ExactMatch,
    LineRescorer,
    LineTranslator,
    cross_entropy,
    exact_match,
    loss_difference,
)
from arqon_maestro.evaluation.metrics import Paired
from arqon_maestro.evaluation.summary import points, share
from arqon_maestro.progress import SILENT, Reporter

N_BEST = 5


@dataclass(frozen=True)
class MatchComparison:
    """Exact match of two models.

    Attributes:
        before: the first model's.
        after: the second's.
        paired: the second and the first, in this order, at 1.
    """

    before: ExactMatch
    after: ExactMatch
    paired: Paired

    def to_json(self) -> dict[str, Any]:
        sides = {"before": self.before, "after": self.after}
        return {
            name: {str(k): rate.to_json() for k, rate in side.at.items()}
            for name, side in sides.items()
        } | {"paired": self.paired.to_json()}


@dataclass(frozen=True)
class LossComparison:
    """Cross-entropy of two models, in nats a word of the target, its end included.

    Attributes:
        before: the first model's.
        after: the second's.
        difference: after less before: below 0 is better.
        low, high: its 95% interval, bootstrapped over the lines.
    """

    before: CrossEntropy
    after: CrossEntropy
    difference: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        return {
            "before": self.before.value,
            "after": self.after.value,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "lines": len(self.before.words),
        }


def compare_matches(
    before: LineTranslator,
    after: LineTranslator,
    pairs: Sequence[tuple[str, str]],
    *,
    label: str = "exact match",
    reporter: Reporter = SILENT,
) -> MatchComparison:
    """Translates the sources of `pairs` with both models and compares with their targets."""
    first, second = (
        exact_match(
            translator, pairs, n_best=N_BEST, label=f"{label}, {when}", misses=0, reporter=reporter
        )
        for translator, when in ((before, "before"), (after, "after"))
    )
    hits = [
        [output == target for output, (_, target) in zip(found.firsts, pairs, strict=True)]
        for found in (second, first)
    ]
    return MatchComparison(first, second, Paired.of(*hits))


def compare_losses(
    before: LineRescorer,
    after: LineRescorer,
    pairs: Sequence[tuple[str, str]],
    *,
    label: str = "cross-entropy",
    reporter: Reporter = SILENT,
) -> LossComparison:
    """Scores the targets of `pairs` given their sources with both models."""
    first, second = (
        cross_entropy(rescorer, pairs, label=f"{label}, {when}", reporter=reporter)
        for rescorer, when in ((before, "before"), (after, "after"))
    )
    return LossComparison(first, second, *loss_difference(second, first))


def summarise(scores: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Returns rows to read of comparisons in JSON: held-out set → measure → its comparison."""
    rows = []
    for held_out, measures in scores.items():
        if "exact_match" in measures:
            found = measures["exact_match"]
            for k, before in found["before"].items():
                text = f"{share(before)} → {share(found['after'][k])}"
                if k == "1":
                    text += f": {points(found['paired'])}"
                rows.append((f"{held_out} held-out lines, exact match @{k}", text))
        loss = measures["cross_entropy"]
        rows.append(
            (
                f"{held_out} held-out lines, nats a word",
                f"{loss['before']:.3f} → {loss['after']:.3f}: {loss['difference']:+.3f} "
                f"({loss['low']:+.3f} to {loss['high']:+.3f}); {loss['lines']:,} lines",
            )
        )
    return rows
