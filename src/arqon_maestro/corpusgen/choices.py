"""The choice interface: a generator decides everything through a few small methods.

So the same generator can be driven by a seeded random source, exhaustively, or by a target.
What can be worked out beforehand is: a part of the generator whose outcomes are few becomes a
`Table`, by running it along all its turns, and is then a single draw.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

import xxhash

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

NEVER = 1 << 60
"""More trials than any file has."""

_WAITS_AT_ONCE = 256


class Table(Generic[T]):
    """Options and their chances.

    Args:
        chances: options with weights of any sum; those that weigh nothing are left out.

    Attributes:
        options: what may be drawn, at least one.
        weights: their probabilities, which sum to one.
        cumulative: the sums of the weights up to each option; the last is one.
    """

    __slots__ = ("cumulative", "options", "weights")

    def __init__(self, chances: Iterable[tuple[T, float]]) -> None:
        kept = [(option, weight) for option, weight in chances if weight > 0]
        total = sum(weight for _, weight in kept)
        self.options: tuple[T, ...] = tuple(option for option, _ in kept)
        self.weights: tuple[float, ...] = tuple(weight / total for _, weight in kept)
        self.cumulative: list[float] = list(accumulate(self.weights))
        self.cumulative[-1] = 1.0

    def without(self, option: T) -> Table[T]:
        """Returns the table given that the draw is not `option`."""
        pairs = zip(self.options, self.weights, strict=True)
        return Table((other, weight) for other, weight in pairs if other != option)


class Choices(Protocol):
    """Makes a generator's decisions."""

    def flip(self, probability: float) -> bool:
        """Returns True with `probability`."""

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Returns one of `options`: uniformly, or in proportion to `weights`."""

    def draw(self, table: Table[T]) -> T:
        """Returns one of a table's options."""

    def wait(self, rate: float) -> int:
        """Returns in how many trials of a rare event `happens` has to be asked: 1 is the next.

        The event does not happen in the trials before. Counting down is all that a trial costs.
        """

    def happens(self, rate: float) -> bool:
        """Returns whether the event happens in the trial that `wait` counted down to."""

    def below(self, limit: int) -> int:
        """Returns an integer from 0 to `limit` - 1, uniformly."""

    def shuffle(self, items: list[T]) -> None:
        """Puts `items` in a random order, in place."""


class RandomChoices:
    """Choices of a seeded random source: the same seed gives the same decisions."""

    __slots__ = ("_random",)

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def flip(self, probability: float) -> bool:
        return self._random() < probability

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        if weights is None:
            return options[int(self._random() * len(options))]
        left = self._random() * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return options[index]
        return options[-1]

    def draw(self, table: Table[T]) -> T:
        return table.options[bisect_right(table.cumulative, self._random())]

    def wait(self, rate: float) -> int:
        if rate <= 0:
            return NEVER
        waits = _waits(rate)
        trials = 1
        while True:
            more = bisect_right(waits, self._random())
            trials += more
            if more < len(waits):
                return trials

    def happens(self, rate: float) -> bool:
        return True

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def shuffle(self, items: list[T]) -> None:
        # Written out, so that the result does not hang on a detail of the standard library.
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


@lru_cache(maxsize=256)
def _waits(rate: float) -> Sequence[float]:
    """Returns the chances that an event of this rate happens within 1, 2, 3 … trials.

    Products alone, and no logarithm, so that they are the same on every machine.
    """
    within: list[float] = []
    missed = 1.0
    while len(within) < _WAITS_AT_ONCE and missed > 0:
        missed *= 1 - rate
        within.append(1 - missed)
    return within


class _Turns:
    """Choices that follow a given sequence of turns, and take the first one after it."""

    def __init__(self, turns: Sequence[int]) -> None:
        self._given = turns
        self.taken: list[int] = []
        self.options: list[int] = []
        self.probability = 1.0

    def _turn(self, weights: Sequence[float]) -> int:
        at = len(self.taken)
        turn = self._given[at] if at < len(self._given) else 0
        self.taken.append(turn)
        self.options.append(len(weights))
        self.probability *= weights[turn]
        return turn

    def flip(self, probability: float) -> bool:
        if probability <= 0 or probability >= 1:
            return probability >= 1
        return self._turn((1 - probability, probability)) == 1

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        if weights is None:
            return options[self.below(len(options))]
        return self.draw(Table(zip(options, weights, strict=True)))

    def draw(self, table: Table[T]) -> T:
        return table.options[self._turn(table.weights)]

    def wait(self, rate: float) -> int:
        return 1

    def happens(self, rate: float) -> bool:
        return self.flip(rate)

    def below(self, limit: int) -> int:
        return self._turn((1 / limit,) * limit)

    def shuffle(self, items: list[T]) -> None:
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


def tabulate(run: Callable[[Choices], H]) -> Table[H]:
    """Returns all that `run` may return, with the chances, by taking every turn of it.

    The order is that of the turns: a flip that fails, the first option, come first.
    """
    chances: dict[H, float] = {}
    turns: list[int] = []
    while True:
        choices = _Turns(turns)
        outcome = run(choices)
        chances[outcome] = chances.get(outcome, 0.0) + choices.probability
        turns = choices.taken
        while turns and turns[-1] + 1 == choices.options[len(turns) - 1]:
            turns.pop()
        if not turns:
            return Table(chances.items())
        turns[-1] += 1


def seed_of(*parts: object) -> int:
    """Returns a 64-bit seed from any printable parts (seed, step, path), the same everywhere."""
    text = "\0".join(str(part) for part in parts)
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
