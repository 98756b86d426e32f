"""Two models on the same held-out lines: what each gets right, and whether the change is real."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from arqon_maestro.evaluation.code_engine import BATCH_LINES, LineRescorer, LineTranslator
from arqon_maestro.evaluation.metrics import Rate, bootstrap, recall_at
from arqon_maestro.progress import SILENT, Reporter

RANKS = (1, 5)
BOOTSTRAP_SAMPLES = 1000


@dataclass(frozen=True)
class Change:
    """How a score changed on the same lines.

    Attributes:
        value: after less before.
        low: of its 95% interval, by bootstrap over the lines.
        high: of it.
        p_value: of no change: McNemar's exact test for right and wrong, the sign test for losses,
            both two-sided.
    """

    value: float
    low: float
    high: float
    p_value: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class MatchComparison:
    """Exact match of two models.

    Attributes:
        before: k → share of references among the first k outputs of the first model.
        after: of the second.
        change: of the share at 1.
    """

    before: dict[int, Rate]
    after: dict[int, Rate]
    change: Change

    def to_json(self) -> dict[str, Any]:
        return {
            name: {str(k): rate.to_json() for k, rate in rates.items()}
            for name, rates in (("before", self.before), ("after", self.after))
        } | {"change": self.change.to_json()}


@dataclass(frozen=True)
class LossComparison:
    """Cross-entropy of two models, in nats a word of the target, its end included.

    Attributes:
        before: of the first model.
        after: of the second.
        change: second less first: below 0 is better.
        lines: lines measured.
    """

    before: float
    after: float
    change: Change
    lines: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_matches(
    before: LineTranslator,
    after: LineTranslator,
    pairs: Sequence[tuple[str, str]],
    *,
    label: str = "exact match",
    reporter: Reporter = SILENT,
) -> MatchComparison:
    """Translates the sources of `pairs` with both models and compares with their targets."""
    references = [target for _, target in pairs]
    outputs: tuple[list[list[str]], list[list[str]]] = ([], [])
    with reporter.task(label, len(pairs), "lines") as task:
        for start in range(0, len(pairs), BATCH_LINES):
            batch = [source for source, _ in pairs[start : start + BATCH_LINES]]
            for translator, ranked in zip((before, after), outputs, strict=True):
                ranked += [
                    [hypothesis.text for hypothesis in found]
                    for found in translator.translate(batch, max(RANKS))
                ]
            task.advance(len(batch))
    hits = [
        [bool(found) and found[0] == wanted for found, wanted in zip(side, references, strict=True)]
        for side in outputs
    ]
    differences = [int(new) - int(old) for old, new in zip(*hits, strict=True)]
    low, high = bootstrap(differences, _mean, samples=BOOTSTRAP_SAMPLES)
    return MatchComparison(
        recall_at(references, outputs[0], RANKS),
        recall_at(references, outputs[1], RANKS),
        Change(_mean(differences), low, high, sign_test(differences)),
    )


def compare_losses(
    before: LineRescorer, after: LineRescorer, pairs: Sequence[tuple[str, str]]
) -> LossComparison:
    """Scores the targets of `pairs` given their sources with both models."""
    words = [len(target.split()) + 1 for _, target in pairs]
    old, new = ([-score for score in model.rescore(pairs)] for model in (before, after))
    total = sum(words)
    differences = [
        after_loss - before_loss for before_loss, after_loss in zip(old, new, strict=True)
    ]
    items = list(zip(differences, words, strict=True))

    def change(sample: Sequence[tuple[float, int]]) -> float:
        return sum(difference for difference, _ in sample) / sum(count for _, count in sample)

    low, high = bootstrap(items, change, samples=BOOTSTRAP_SAMPLES)
    return LossComparison(
        sum(old) / total,
        sum(new) / total,
        Change(change(items), low, high, sign_test(differences)),
        len(pairs),
    )


def sign_test(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of as many rises as falls; no change tells nothing.

    For right and wrong answers this is McNemar's exact test (McNemar, 1947).
    """
    rises = sum(difference > 0 for difference in differences)
    falls = sum(difference < 0 for difference in differences)
    changed = rises + falls
    fewer = min(rises, falls)
    # Of the binomial with 1/2, in logarithms: the coefficients of 2,000 lines are no floats.
    tail = math.fsum(
        math.exp(
            math.lgamma(changed + 1)
            - math.lgamma(k + 1)
            - math.lgamma(changed - k + 1)
            - changed * math.log(2)
        )
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * tail)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def summarise(scores: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Returns rows to read of comparisons in JSON: held-out set → measure → its comparison."""
    rows = []
    for held_out, measures in scores.items():
        if "exact_match" in measures:
            found = measures["exact_match"]
            for k in found["before"]:
                before, after = (found[side][k] for side in ("before", "after"))
                text = f"{before['value']:.1%} → {after['value']:.1%}"
                if k == "1":
                    text += _change(found["change"], 100, " points", ".1f")
                text += f"; {after['total']:,} lines"
                rows.append((f"{held_out} held-out lines, exact match at {k}", text))
        found = measures["cross_entropy"]
        text = f"{found['before']:.3f} → {found['after']:.3f}"
        text += _change(found["change"], 1, "", ".3f") + f"; {found['lines']:,} lines"
        rows.append((f"{held_out} held-out lines, nats a word", text))
    return rows


def _change(change: Mapping[str, float], factor: int, unit: str, form: str) -> str:
    value, low, high = (f"{factor * change[key]:+{form}}" for key in ("value", "low", "high"))
    return f": {value}{unit} (95% {low} to {high}, p = {change['p_value']:.2g})"
