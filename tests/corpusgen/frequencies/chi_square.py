"""Pearson's chi-square test, written out: do counts agree with shares?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

K = TypeVar("K", bound=Hashable)

# The tests have fixed seeds. When the generator draws its choices in another order, each of them
# has this chance of failing for nothing.
LEAST_P_VALUE = 1e-4
# Outcomes that are expected more rarely are taken together.
LEAST_EXPECTED = 5
# A rate that is off by a fifth moves 600 expected hits by 120, nearly five standard deviations.
LEAST_HITS = 600

_MOST_TERMS = 10_000
_PRECISION = 1e-12
_TINY = 1e-300


def p_value(statistic: float, degrees: int) -> float:
    """Returns the chance that a chi-square variable is at least `statistic`.

    It is the regularised upper incomplete gamma function Q(degrees / 2, statistic / 2), by its
    series or its continued fraction (Lentz's method), as is usual.
    """
    a, x = degrees / 2, statistic / 2
    if x <= 0:
        return 1.0
    scale = math.exp(-x + a * math.log(x) - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, _MOST_TERMS):
            term *= x / (a + n)
            total += term
            if term < total * _PRECISION:
                break
        return 1 - total * scale
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for n in range(1, _MOST_TERMS):
        factor = -n * (n - a)
        b += 2
        d = factor * d + b
        c = b + factor / c
        d = 1 / (d or _TINY)
        step = c * d
        fraction *= step
        if abs(step - 1) < _PRECISION:
            break
    return fraction * scale


def assert_agrees(observed: Counter[K], shares: Mapping[K, float]) -> None:
    """Fails if the counts are not those of the shares, which are all there is."""
    total = observed.total()
    assert set(observed) <= set(shares), (set(observed) - set(shares), observed.most_common(9))
    assert math.isclose(sum(shares.values()), 1, rel_tol=1e-6), sum(shares.values())
    if len(shares) == 1:
        return
    statistic, bins, rare_seen, rare_expected = 0.0, 0, 0, 0.0
    for outcome, share in shares.items():
        expected = share * total
        if expected < LEAST_EXPECTED:
            rare_seen += observed[outcome]
            rare_expected += expected
        else:
            bins += 1
            statistic += (observed[outcome] - expected) ** 2 / expected
    if rare_expected >= LEAST_EXPECTED:
        bins += 1
        statistic += (rare_seen - rare_expected) ** 2 / rare_expected
    assert bins > 1, "nothing to compare"
    found = p_value(statistic, bins - 1)
    table = {
        outcome: (observed[outcome], round(total * share)) for outcome, share in shares.items()
    }
    assert found > LEAST_P_VALUE, f"p = {found:.2g}; seen and expected: {table}"


def assert_share(hits: int, of: int, share: float, least_hits: int = LEAST_HITS) -> None:
    """Fails if `hits` of `of` is not the share; a fifth more or less of it would be noticed."""
    assert min(share, 1 - share) * of >= least_hits, "too few samples to notice a wrong rate"
    assert_agrees(Counter({True: hits, False: of - hits}), {True: share, False: 1 - share})


def mostly_slow(cases: Sequence[Any], fast: int = 2) -> list[Any]:
    """Returns the cases of a parametrised test; all but the first few are marked slow."""
    marked = [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for case in cases[fast:]
    ]
    return [*cases[:fast], *marked]


def uniform(outcomes: Sequence[K], total: float = 1.0) -> dict[K, float]:
    """Returns equal shares of `total`."""
    return dict.fromkeys(outcomes, total / len(outcomes))
