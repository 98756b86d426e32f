"""Scores with their uncertainty: error rates, recall at k, exact match at k."""

from __future__ import annotations

import math
import random
from collections import Counter
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


@dataclass(frozen=True)
class Paired:
    """Two ways compared on the same items, each right or wrong.

    Attributes:
        both: items that both got right.
        first_only: that only the first did.
        second_only: that only the second did.
        neither: that neither did.
    """

    both: int
    first_only: int
    second_only: int
    neither: int

    @classmethod
    def of(cls, first: Sequence[bool], second: Sequence[bool]) -> Paired:
        """Counts two rows of verdicts on the same items."""
        counts = Counter(zip(first, second, strict=True))
        return cls(
            counts[True, True], counts[True, False], counts[False, True], counts[False, False]
        )

    @property
    def total(self) -> int:
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def difference(self) -> float:
        """The first's share of right ones less the second's."""
        return (self.first_only - self.second_only) / self.total

    @property
    def p_value(self) -> float:
        """McNemar's test, exact and two-sided.

        The chance that a fair coin parts the items on which they differ at least as unevenly.
        """
        differing = self.first_only + self.second_only
        fewer = min(self.first_only, self.second_only)
        tail = sum(math.comb(differing, count) for count in range(fewer + 1))
        return min(1.0, 2 * tail / (1 << differing))

    @property
    def interval(self) -> tuple[float, float]:
        """The difference's 95% interval (Newcombe 1998, "Improved confidence intervals for the
        difference between binomial proportions based on paired data", method 10)."""
        first = wilson(self.both + self.first_only, self.total)
        second = wilson(self.both + self.second_only, self.total)
        correlation = self._correlation()

        def spread(one: float, other: float) -> float:
            square = one * one - 2 * correlation * one * other + other * other
            return math.sqrt(max(0.0, square))

        low = spread(first.value - first.low, second.high - second.value)
        high = spread(first.high - first.value, second.value - second.low)
        return self.difference - low, self.difference + high

    def _correlation(self) -> float:
        margins = (
            (self.both + self.first_only)
            * (self.second_only + self.neither)
            * (self.both + self.second_only)
            * (self.first_only + self.neither)
        )
        if not margins:
            return 0.0
        product = float(self.both * self.neither - self.first_only * self.second_only)
        if product > 0:
            product = max(0.0, product - self.total / 2)
        return product / math.sqrt(margins)

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "difference": self.difference,
            "low": low,
            "high": high,
            "p_value": self.p_value,
            **asdict(self),
        }
