"""Scores against values computed by hand and a naive implementation."""

from __future__ import annotations

import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.evaluation.metrics import bootstrap, edit_distance, recall_at, wilson


def naive_distance(a: str, b: str) -> int:
    @functools.cache
    def at(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return at(len(a), len(b))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_edit_distance_is_the_naive_one(a: str, b: str) -> None:
    assert edit_distance(a, b) == naive_distance(a, b)


def test_wilson_agrees_with_the_textbook() -> None:
    # Newcombe (1998), table I: 81 of 263.
    rate = wilson(81, 263)
    assert math.isclose(rate.low, 0.2553, abs_tol=5e-5)
    assert math.isclose(rate.high, 0.3662, abs_tol=5e-5)


@given(st.integers(1, 1000), st.data())
def test_wilson_contains_the_share(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, total))
    rate = wilson(count, total)
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_wilson_refuses_what_is_no_share() -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(1, 0)


def test_recall_counts_the_first_k() -> None:
    rates = recall_at(["a", "b", "c"], [["a"], ["x", "b"], ["x", "y"]], (1, 2))
    assert (rates[1].count, rates[2].count) == (1, 2)


def test_bootstrap_brackets_the_mean_and_repeats() -> None:
    items = list(range(100))

    def mean(values: object) -> float:
        return sum(values) / len(values)  # type: ignore[arg-type,call-overload]

    low, high = bootstrap(items, mean)
    assert low < 49.5 < high
    assert (low, high) == bootstrap(items, mean)
    # The standard error of this mean is 2.9: the interval is about ±5.7.
    assert math.isclose(high - low, 11.3, abs_tol=1.5)
