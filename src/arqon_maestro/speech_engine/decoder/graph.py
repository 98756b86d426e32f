"""A decoding graph (HCLG) as arrays in which the search finds the arcs of many states at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError

Ints = NDArray[np.int64]


class Leaving(NamedTuple):
    """Arcs that leave some states. A: arcs.

    Attributes:
        sources: `(A,)` position among the states asked for.
        ilabels, olabels, weights, nexts: `(A,)` as in `Arcs`.
    """

    sources: Ints
    ilabels: NDArray[np.int32]
    olabels: NDArray[np.int32]
    weights: NDArray[np.float64]
    nexts: Ints


class SearchGraph(Protocol):
    """What the search needs of a graph. All states are given as arrays `(K,)`."""

    @property
    def start(self) -> int:
        """The first state."""

    @property
    def size(self) -> int:
        """One more than the highest state that was named until now."""

    def emitting_from(self, states: Ints) -> Leaving:
        """Returns the arcs that take a frame."""

    def silent_from(self, states: Ints) -> Leaving:
        """Returns the arcs that take none; this may name states that are new."""

    def finals_of(self, states: Ints) -> NDArray[np.float64]:
        """Returns what it costs to end in each state, infinite where that cannot be."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """Some arcs of a graph, sorted by the state that they leave.

    S: states. A: arcs.

    Attributes:
        first: `(S + 1,)` index of the first arc of each state, and A.
        ilabels: `(A,)` transition ids, 0 for none.
        olabels: `(A,)` word ids, 0 for none.
        weights: `(A,)` costs, natural logarithms.
        nexts: `(A,)` the states they lead to.
    """

    first: Ints
    ilabels: NDArray[np.int32]
    olabels: NDArray[np.int32]
    weights: NDArray[np.float32]
    nexts: NDArray[np.int32]

    def leaving(self, states: Ints) -> Leaving:
        """Returns the arcs that leave `states`."""
        starts = self.first[states]
        counts = self.first[states + 1] - starts
        ends = np.cumsum(counts)
        sources = np.repeat(np.arange(states.size), counts)
        arcs = np.arange(sources.size) + (starts - ends + counts)[sources]
        return Leaving(
            sources,
            self.ilabels[arcs],
            self.olabels[arcs],
            self.weights[arcs].astype(np.float64),
            self.nexts[arcs].astype(np.int64),
        )

    def chosen(self, chosen: NDArray[np.bool_]) -> Arcs:
        """Returns the arcs of a mask `(A,)`."""
        before = np.concatenate([[0], np.cumsum(chosen)])
        return Arcs(
            before[self.first],
            self.ilabels[chosen],
            self.olabels[chosen],
            self.weights[chosen],
            self.nexts[chosen],
        )


@dataclass(frozen=True, eq=False)
class DecodingGraph:
    """A decoding graph in the tropical semiring.

    Attributes:
        start: the first state.
        final_costs: `(S,)`, infinite where no sentence may end.
        arcs: all arcs.
    """

    start: int
    final_costs: NDArray[np.float32]
    arcs: Arcs

    def __post_init__(self) -> None:
        states = self.final_costs.size
        if not 0 <= self.start < states:
            raise DataError(f"a decoding graph of {states} states that starts at {self.start}")
        nexts = self.arcs.nexts
        if nexts.size and not (nexts.min() >= 0 and nexts.max() < states):
            raise DataError("a decoding graph with an arc to a state that it does not have")

    @classmethod
    def of(
        cls,
        start: int,
        final_costs: NDArray[np.float32],
        sources: NDArray[np.int32],
        ilabels: NDArray[np.int32],
        olabels: NDArray[np.int32],
        weights: NDArray[np.float32],
        nexts: NDArray[np.int32],
    ) -> DecodingGraph:
        """Returns the graph of arcs `(A,)` in any order, given by the states they leave."""
        order = np.argsort(sources, kind="stable")
        counts = np.bincount(sources, minlength=final_costs.size)
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        columns = (ilabels[order], olabels[order], weights[order], nexts[order])
        return cls(start, final_costs, Arcs(first, *columns))

    @cached_property
    def emitting(self) -> Arcs:
        """The arcs that take a frame."""
        return self.arcs.chosen(self.arcs.ilabels > 0)

    @cached_property
    def silent(self) -> Arcs:
        """The arcs that take none."""
        return self.arcs.chosen(self.arcs.ilabels == 0)

    @property
    def size(self) -> int:
        return self.final_costs.size

    def emitting_from(self, states: Ints) -> Leaving:
        return self.emitting.leaving(states)

    def silent_from(self, states: Ints) -> Leaving:
        return self.silent.leaving(states)

    def finals_of(self, states: Ints) -> NDArray[np.float64]:
        return self.final_costs[states].astype(np.float64)
