"""Discounts: how much of an n-gram's count goes to the words not seen after its context.

Sources: Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling"
(1998), sections 2.5 to 2.7 and 3; the notes on smoothing in SRILM's manual (ngram-discount).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from arqon_maestro.errors import DataError

# Ney's absolute discount where there are no singletons or no doubletons to estimate it from.
DEFAULT_ABSOLUTE_DISCOUNT = 0.5


class Discounting(StrEnum):
    """Ways to discount."""

    KNESER_NEY = "kneser-ney"
    WITTEN_BELL = "witten-bell"
    ABSOLUTE = "absolute"


@dataclass(frozen=True)
class OrderDiscount:
    """What is taken from the counts of one order.

    Attributes:
        discounting: the method.
        amounts: discount of an n-gram seen once, twice, and three times or more; for Witten-Bell
            zeros, as its discount depends on the context.
        counts_of_counts: number of n-grams seen exactly 1, 2, 3 and 4 times, as the method counts.
        reason: why this is not the method that was asked for; empty where it is.
    """

    discounting: Discounting
    amounts: tuple[float, float, float]
    counts_of_counts: tuple[int, int, int, int]
    reason: str = ""


def kneser_ney_discount(tally: tuple[int, int, int, int]) -> OrderDiscount:
    """Returns the three discounts of modified Kneser-Ney smoothing.

    Raises:
        DataError: a count of counts is zero, or a discount would be negative.
    """
    n1, n2, n3, n4 = tally
    if not all(tally):
        missing = ", ".join(f"n{k}" for k, number in enumerate(tally, 1) if not number)
        raise DataError(
            "too little text for Kneser-Ney discounts",
            why=f"counts of counts n1={n1} n2={n2} n3={n3} n4={n4}: {missing} must not be zero",
        )
    y = n1 / (n1 + 2 * n2)
    amounts = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    if min(amounts) < 0:
        raise DataError(
            "no Kneser-Ney discounts for this text",
            why=f"counts of counts n1={n1} n2={n2} n3={n3} n4={n4} make one negative; "
            "real text has falling ones",
        )
    return OrderDiscount(Discounting.KNESER_NEY, amounts, tally)


def absolute_discount(tally: tuple[int, int, int, int], reason: str = "") -> OrderDiscount:
    """Returns Ney's single discount n1 / (n1 + 2 n2), or a half where that is 0 or 1."""
    n1, n2 = tally[:2]
    amount = n1 / (n1 + 2 * n2) if n1 and n2 else DEFAULT_ABSOLUTE_DISCOUNT
    return OrderDiscount(Discounting.ABSOLUTE, (amount, amount, amount), tally, reason)


def witten_bell_discount(tally: tuple[int, int, int, int], reason: str = "") -> OrderDiscount:
    """Returns Witten-Bell discounting: a context's unseen words get types / (tokens + types)."""
    return OrderDiscount(Discounting.WITTEN_BELL, (0.0, 0.0, 0.0), tally, reason)
