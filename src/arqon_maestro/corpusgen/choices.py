"""The choice interface: every decision of a generator is a `flip` or a `choose`.

So the same generator can be driven by a seeded random source, exhaustively, or by a target.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

import xxhash

T = TypeVar("T")


class Choices(Protocol):
    """Makes a generator's decisions."""

    def flip(self, probability: float) -> bool:
        """Returns True with `probability`."""

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Returns one of `options`: uniformly, or in proportion to `weights`."""

    def below(self, limit: int) -> int:
        """Returns an integer from 0 to `limit` - 1, uniformly."""

    def shuffle(self, items: list[T]) -> None:
        """Puts `items` in a random order, in place."""


class RandomChoices:
    """Choices of a seeded random source: the same seed gives the same decisions."""

    __slots__ = ("_getrandbits", "_random", "_rng")

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._random = self._rng.random
        self._getrandbits = self._rng.getrandbits

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

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def shuffle(self, items: list[T]) -> None:
        # Written out, so that the result does not hang on a detail of the standard library.
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


def seed_of(*parts: object) -> int:
    """Returns a 64-bit seed from any printable parts (seed, step, path), the same everywhere."""
    text = "\0".join(str(part) for part in parts)
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
