"""Scores with their uncertainty: error rates, recall at k, exact match at k."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

T = TypeVar("T")

Z_95 = 1.959964  # two-sided 95% of the normal distribution


@dataclass(frozen=True)
class Rate:
    """A share of `total` with its 95% interval."""

    value: float
    low: float
    high: float
    count: int
    total: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%}–{self.high:.1%}, {self.count}/{self.total})"


def wilson(count: int, total: int) -> Rate:
    """Returns the share ``count / total`` with Wilson's score interval (Wilson, 1927).

    Raises:
        ValueError: `total` is not positive, or `count` is outside 0..total.
    """
    if total <= 0 or not 0 <= count <= total:
        raise ValueError(f"not a share: {count} of {total}")
    share = count / total
    spread = Z_95 * Z_95 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    # Rounding must not push the share itself out of its interval.
    low, high = min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
    return Rate(share, low, high, count, total)


def edit_distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """Returns the least number of insertions, deletions and substitutions (Levenshtein)."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(hypothesis, 1):
            change = diagonal + (wanted != got)
            diagonal = row[j]
            row[j] = min(change, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def at_k(reference: T, ranked: Sequence[T], k: int) -> bool:
    """Whether `reference` is among the first `k` of `ranked`."""
    return reference in ranked[:k]


def recall_at(
    references: Sequence[T], ranked: Sequence[Sequence[T]], ranks: Sequence[int] = (1, 5, 10)
) -> dict[int, Rate]:
    """Returns for each k the share of references among the first k of their ranked answers."""
    total = len(references)
    pairs = list(zip(references, ranked, strict=True))
    return {k: wilson(sum(at_k(want, got, k) for want, got in pairs), total) for k in ranks}


def bootstrap(
    items: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Returns the 95% percentile bootstrap interval of `statistic` over `items` (Efron, 1979)."""
    source = random.Random(seed)
    values = sorted(statistic(source.choices(items, k=len(items))) for _ in range(samples))
    return values[round(0.025 * (samples - 1))], values[round(0.975 * (samples - 1))]
