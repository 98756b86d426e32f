"""All the ways to say a number, by taking every turn of the speller."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from arqon_maestro.corpusgen.spoken.numbers import DIGITS, speak_number

T = TypeVar("T")

# Longer numbers have thousands of readings; digit by digit is what people say.
_LONGEST_READ = 4
_CACHED_NUMBERS = 4096


class _Turns:
    """Choices that follow a given sequence of turns, and take the first one after it."""

    def __init__(self, turns: Sequence[int]) -> None:
        self._given = turns
        self.taken: list[int] = []
        self.options: list[int] = []

    def _turn(self, options: int) -> int:
        at = len(self.taken)
        turn = self._given[at] if at < len(self._given) else 0
        self.taken.append(turn)
        self.options.append(options)
        return turn

    def flip(self, probability: float) -> bool:
        if probability <= 0 or probability >= 1:
            return probability >= 1
        return self._turn(2) == 1

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        del weights
        return options[self._turn(len(options))]

    def below(self, limit: int) -> int:
        return self._turn(limit)

    def shuffle(self, items: list[T]) -> None:
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


@lru_cache(maxsize=_CACHED_NUMBERS)
def readings(digits: str) -> tuple[tuple[str, ...], ...]:
    """Returns the ways to say a run of digits, without repetition.

    Numbers of more than four digits are only read digit by digit.
    """
    if len(digits) > _LONGEST_READ:
        return (tuple(DIGITS[int(digit)] for digit in digits),)
    found: dict[tuple[str, ...], None] = {}
    turns: list[int] = []
    while True:
        choices = _Turns(turns)
        found[tuple(speak_number(digits, choices))] = None
        turns = choices.taken
        while turns and turns[-1] + 1 == choices.options[len(turns) - 1]:
            turns.pop()
        if not turns:
            return tuple(found)
        turns[-1] += 1
