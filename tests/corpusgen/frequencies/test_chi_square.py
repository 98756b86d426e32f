"""The chi-square test itself, by tabulated points of the distribution."""

from __future__ import annotations

from collections import Counter

import pytest

from .chi_square import LEAST_HITS, assert_agrees, assert_share, p_value


@pytest.mark.parametrize(
    ("degrees", "statistic", "chance"),
    [
        (1, 3.841, 0.05),
        (1, 10.828, 0.001),
        (1, 0.0158, 0.9),
        (2, 5.991, 0.05),
        (5, 0.831, 0.975),
        (10, 18.307, 0.05),
        (10, 29.588, 0.001),
        (30, 43.773, 0.05),
        (100, 124.342, 0.05),
        (100, 149.449, 0.001),
    ],
)
def test_tabulated_points(degrees: int, statistic: float, chance: float) -> None:
    assert p_value(statistic, degrees) == pytest.approx(chance, rel=0.01)


def test_far_points() -> None:
    assert p_value(0, 3) == 1
    assert p_value(1000, 3) < 1e-200


@pytest.mark.parametrize("relative", [0.8, 1.2])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5])
def test_a_rate_that_is_off_by_a_fifth_is_noticed(share: float, relative: float) -> None:
    of = round(LEAST_HITS / min(share, 1 - share))
    assert_share(round(of * share), of, share)
    with pytest.raises(AssertionError, match="p ="):
        assert_share(round(of * share * relative), of, share)


def test_too_few_samples_are_an_error() -> None:
    with pytest.raises(AssertionError, match="too few"):
        assert_share(50, 100, 0.5)


def test_outcomes_that_cannot_be() -> None:
    with pytest.raises(AssertionError, match="c"):
        assert_agrees(Counter("aabbc"), {"a": 0.5, "b": 0.5})
