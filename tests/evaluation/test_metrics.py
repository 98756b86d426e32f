"""Scores against values computed by hand and a naive implementation."""

from __future__ import annotations

import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.evaluation.metrics import Paired, bootstrap, edit_distance, recall_at, wilson


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


def test_a_paired_interval_is_newcombes() -> None:
    # Newcombe (1998), paired data, method 10: 36, 12, 2 and 0 of 50.
    low, high = Paired(36, 12, 2, 0).interval
    assert math.isclose(low, 0.0569, abs_tol=5e-5)
    assert math.isclose(high, 0.3404, abs_tol=5e-5)


def test_mcnemar_is_the_exact_binomial() -> None:
    # 12 of 14: twice (1 + 14 + 91) / 2^14.
    assert math.isclose(Paired(36, 12, 2, 0).p_value, 2 * 106 / 2**14)
    assert Paired(5, 0, 0, 5).p_value == 1
    assert Paired(0, 3, 3, 0).p_value == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_pairs_are_counted_and_turn_round(verdicts: list[tuple[bool, bool]]) -> None:
    first, second = ([pair[side] for pair in verdicts] for side in (0, 1))
    here, there = Paired.of(first, second), Paired.of(second, first)
    assert here.total == len(verdicts)
    assert math.isclose(here.difference, (sum(first) - sum(second)) / len(verdicts))
    assert here.difference == -there.difference
    assert here.p_value == there.p_value
    low, high = here.interval
    assert low <= here.difference <= high
    assert math.isclose(low, -there.interval[1], abs_tol=1e-12)


def test_rows_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Paired.of([True], [True, False])
