"""Choices for tests: every coin falls one way, unless a rate is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from arqon_maestro.corpusgen.choices import NEVER, Table
from arqon_maestro.corpusgen.rates import RATES, Rates

T = TypeVar("T")


class Plain:
    """Nothing unusual happens: a flip is what is likelier, the first option is chosen."""

    def flip(self, probability: float) -> bool:
        return probability >= 1

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return options[0]

    def draw(self, table: Table[T]) -> T:
        return table.options[0]

    def wait(self, rate: float) -> int:
        return 1 if rate >= 1 else NEVER

    def happens(self, rate: float) -> bool:
        return True

    def below(self, limit: int) -> int:
        return limit - 1

    def shuffle(self, items: list[T]) -> None:
        return


def rates(**certain: float) -> Rates:
    """Returns rates that are all 0 but those that are named."""
    probabilities: dict[str, Any] = {entry.name: 0.0 for entry in fields(Rates)}
    return replace(RATES, **{**probabilities, **certain})
