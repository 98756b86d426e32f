"""Best-first search over a generator's decisions, by running it again and again.

A run is repeated with the first decisions given; at each new one it takes the likeliest option,
and the others are kept for later runs. So any generator that decides through `Choices` can be
explored without a line of it written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Generic, TypeVar

from arqon_maestro.corpusgen.choices import NEVER, Table

T = TypeVar("T")

# An option that is against what is looked for is tried this much later than its chance says.
_PENALTY = 1e-3


class StopRate(float):
    """The rate of stopping early, told apart from other rates of the same size."""


class DeadEndError(Exception):
    """The decisions so far cannot lead to what is looked for."""


@dataclass(frozen=True, slots=True)
class Outcomes(Generic[T]):
    """What a part of the generator may do, without repetition.

    Attributes:
        chances: results and their probabilities, in the order in which they were found.
        unexplored: probability of what was not tried.
    """

    chances: Sequence[tuple[T, float]]
    unexplored: float = 0.0


class Guide:
    """Choices that follow given decisions, and the likeliest options after them.

    Args:
        stops: whether generation may stop early. Otherwise it never does, and the chance of that
            is part of `probability`.
        strict: whether an option that is against what is looked for is a dead end, rather than
            one to try late.

    Attributes:
        probability: of the decisions of this run so far.
        priority: the same, lowered by penalties.
        branches: the options not taken: priority, probability, decisions.
        unexplored: probability of what no decision leads to.
    """

    def __init__(self, *, stops: bool = False, strict: bool = True) -> None:
        self.stops = stops
        self.strict = strict
        self.follow(())

    def follow(self, decisions: Sequence[int]) -> None:
        """Starts a run."""
        self._given = decisions
        self._taken: list[int] = []
        self.probability = self.priority = 1.0
        self.branches: list[tuple[float, float, tuple[int, ...]]] = []
        self.unexplored = 0.0

    def _decide(self, weights: Sequence[float], penalties: Sequence[float] | None = None) -> int:
        """Takes one of the options with these probabilities, which may sum to less than one."""
        if len(weights) == 1:
            taken = 0
        elif len(self._taken) < len(self._given):
            taken = self._given[len(self._taken)]
            self._taken.append(taken)
        else:
            ranks = weights
            if penalties is not None:
                ranks = [
                    weight * penalty for weight, penalty in zip(weights, penalties, strict=True)
                ]
            taken = max(range(len(weights)), key=ranks.__getitem__)
            for option, weight in enumerate(weights):
                if option != taken and weight > 0:
                    decisions = (*self._taken, option)
                    priority = self.priority * ranks[option]
                    self.branches.append((priority, self.probability * weight, decisions))
            self._taken.append(taken)
        self.probability *= weights[taken]
        self.priority *= weights[taken] * (penalties[taken] if penalties is not None else 1.0)
        return taken

    def flip(self, probability: float) -> bool:
        if probability <= 0 or probability >= 1:
            return probability >= 1
        if isinstance(probability, StopRate) and not self.stops:
            self.probability *= 1 - probability
            self.priority *= 1 - probability
            return False
        return self._decide((1 - probability, float(probability))) == 1

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        if weights is None:
            return options[self._decide((1 / len(options),) * len(options))]
        total = sum(weights)
        return options[self._decide([weight / total for weight in weights])]

    def draw(self, table: Table[T]) -> T:
        return table.options[self._decide(table.weights)]

    def wait(self, rate: float) -> int:
        # Every trial is a decision of its own.
        return 1 if rate > 0 else NEVER

    def happens(self, rate: float) -> bool:
        return self.flip(rate)

    def below(self, limit: int) -> int:
        return self._decide((1 / limit,) * limit)

    def shuffle(self, items: list[T]) -> None:
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def pick(self, outcomes: Outcomes[T], fits: Callable[[T], bool]) -> T:
        """Takes one of the outcomes.

        Args:
            outcomes: of a part of the generator.
            fits: whether an outcome can be part of what is looked for.

        Raises:
            DeadEndError: if none can.
        """
        if len(self._taken) >= len(self._given):
            self.unexplored += self.probability * outcomes.unexplored
        chances = outcomes.chances
        fitting = [fits(result) for result, _ in chances]
        if self.strict:
            chances = [chance for chance, fit in zip(chances, fitting, strict=True) if fit]
        if not chances:
            raise DeadEndError
        penalties = None
        if not self.strict:
            penalties = [1.0 if fit else _PENALTY for fit in fitting]
        taken = self._decide([probability for _, probability in chances], penalties)
        return chances[taken][0]


@dataclass(slots=True)
class Exploration(Generic[T]):
    """The ends of a search.

    Attributes:
        ends: results and the probabilities of the decisions that led to them; a result may come
            several times.
        unexplored: probability of all decisions that were not followed.
        runs: how often the generator ran.
    """

    ends: list[tuple[T, float]] = field(default_factory=list)
    unexplored: float = 0.0
    runs: int = 0

    def grouped(self) -> Outcomes[T]:
        """Returns the results without repetition; they have to be hashable."""
        chances: dict[T, float] = {}
        for result, probability in self.ends:
            chances[result] = chances.get(result, 0.0) + probability
        return Outcomes(tuple(chances.items()), self.unexplored)


def explore(
    run: Callable[[], T], guide: Guide, *, most_runs: int, tolerance: float
) -> Exploration[T]:
    """Runs a generator along its decisions, the likeliest first.

    Args:
        run: runs the generator, which decides through `guide`; raises DeadEndError where its
            result cannot be, or is not, what is looked for.
        guide: leads it.
        most_runs: ends the search.
        tolerance: so does an unexplored probability of at most this share of what was found.
    """
    found = Exploration[T]()
    waiting: list[tuple[float, int, float, tuple[int, ...]]] = [(-1.0, 0, 1.0, ())]
    waiting_mass, found_mass, lost_mass = 1.0, 0.0, 0.0
    order = 0
    while waiting and found.runs < most_runs and waiting_mass > tolerance * found_mass:
        _, _, mass, decisions = heappop(waiting)
        waiting_mass -= mass
        guide.follow(decisions)
        found.runs += 1
        try:
            found.ends.append((run(), guide.probability))
            found_mass += guide.probability
        except DeadEndError:
            pass
        lost_mass += guide.unexplored
        for priority, probability, branch in guide.branches:
            order += 1
            heappush(waiting, (-priority, order, probability, branch))
            waiting_mass += probability
    found.unexplored = lost_mass + sum(mass for _, _, mass, _ in waiting)
    return found
