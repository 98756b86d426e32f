"""A packed forest and its trees, cheapest first, made one at a time as they are asked for.

The order is that of Huang and Chiang, "Better k-best parsing" (2005), algorithm 3: a vertex
finds its k-th derivation only when something above needs it.
"""

from __future__ import annotations

import heapq
from typing import TypeAlias

from arqon_maestro.corpusgen.grammar.tree import Child, Node

# Cost, and the children that it is made of; the one node where the vertex is a whole rule's.
Derivation: TypeAlias = tuple[float, tuple[Child, ...]]

_NOTHING: Derivation = (0.0, ())


class Vertex:
    """A part that parses share: the first children of a rule, or all of it.

    Args:
        name: the rule's, where the vertex is all of it: its derivations are nodes.

    Attributes:
        cost: of the cheapest derivation.
    """

    __slots__ = ("_candidates", "_edges", "_ranked", "_tried", "cost", "name")

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.cost = float("inf")
        self._edges: list[tuple[float, Vertex | None, Vertex | None]] = []
        self._ranked: list[Derivation] = []
        self._candidates: list[tuple[float, int, int, int]] | None = None
        self._tried: set[tuple[int, int, int]] = set()

    @classmethod
    def leaf(cls, cost: float, child: Child) -> Vertex:
        """Returns a vertex with one derivation: a word, or a node of words."""
        vertex = cls()
        vertex.cost = cost
        vertex._ranked.append((cost, (child,)))
        return vertex

    def add(self, cost: float, first: Vertex | None, then: Vertex | None = None) -> None:
        """Adds a way to derive this; `first` and `then` have all of theirs already."""
        self._edges.append((cost, first, then))
        total = cost + (first.cost if first else 0.0) + (then.cost if then else 0.0)
        self.cost = min(self.cost, total)

    def ranked(self, rank: int) -> Derivation | None:
        """Returns the derivation of a rank, 0 the cheapest; None where there are not so many.

        Equal costs keep the order in which the ways were added.
        """
        if rank < len(self._ranked):
            return self._ranked[rank]
        if self._candidates is None:
            self._candidates = []
            for edge in range(len(self._edges)):
                self._propose(edge, 0, 0)
        while len(self._ranked) <= rank and self._candidates:
            cost, edge, first_rank, then_rank = heapq.heappop(self._candidates)
            _, first, then = self._edges[edge]
            children = _derivation(first, first_rank)[1] + _derivation(then, then_rank)[1]
            self._ranked.append((cost, (Node(self.name, children),) if self.name else children))
            self._propose(edge, first_rank + 1, then_rank)
            self._propose(edge, first_rank, then_rank + 1)
        return self._ranked[rank] if rank < len(self._ranked) else None

    def _propose(self, edge: int, first_rank: int, then_rank: int) -> None:
        key = (edge, first_rank, then_rank)
        if key in self._tried:
            return
        self._tried.add(key)
        cost, first, then = self._edges[edge]
        for tail, rank in ((first, first_rank), (then, then_rank)):
            if tail is None:
                if rank:
                    return
                continue
            derivation = tail.ranked(rank)
            if derivation is None:
                return
            cost += derivation[0]
        assert self._candidates is not None
        heapq.heappush(self._candidates, (cost, *key))


def _derivation(vertex: Vertex | None, rank: int) -> Derivation:
    return (vertex.ranked(rank) if vertex else None) or _NOTHING
