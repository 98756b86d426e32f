"""All the ways to say a number, by taking every turn of the speller."""

from __future__ import annotations

from functools import lru_cache

from arqon_maestro.corpusgen.choices import Table, tabulate
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_number

LONGEST_READ = 4
"""Longer numbers have thousands of readings; digit by digit is what people say."""

_CACHED_NUMBERS = 11_110  # all the numbers of four digits at most


@lru_cache(maxsize=_CACHED_NUMBERS)
def reading_table(digits: str) -> Table[tuple[str, ...]]:
    """Returns the ways to say a run of at most `LONGEST_READ` digits, with their chances."""
    return tabulate(lambda choices: tuple(speak_number(digits, choices)))


def readings(digits: str) -> tuple[tuple[str, ...], ...]:
    """Returns the ways to say a run of digits, without repetition.

    Numbers of more than four digits are only read digit by digit.
    """
    if len(digits) > LONGEST_READ:
        return (tuple(DIGITS[int(digit)] for digit in digits),)
    return reading_table(digits).options
