"""From the lattice of tokens to a lattice of words, which the n-best search takes.

A node of the word lattice is a word that ends up at a token: the word's own arc of the graph leads
there. Between two such arcs lie paths without words, of which the best is kept for each pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.search import Frame, Links, TokenLattice
from arqon_maestro.speech_engine.lattice import SENTENCE_END, SENTENCE_START, Edge, Lattice, Node

_START, _END = 0, 1

_Paths = dict[int, dict[int, float]]
"""By token, and by the node they come from: cost of the best path without a word."""


class _Place(NamedTuple):
    """Where a word ends up; `level` is the longest way to the token within its frame."""

    frame: int
    level: int
    token: int
    word: int


class _Builder:
    def __init__(self, tokens: TokenLattice) -> None:
        self._beam = tokens.beam
        self.places = [_Place(0, -1, 0, 0), _Place(len(tokens.frames), 0, 0, 0)]
        self.incoming: list[dict[int, float]] = [{}, {}]
        self._costs = [0.0, math.inf]
        self._numbers: dict[_Place, int] = {}

    def add_edge(self, source: int, place: _Place, cost: float) -> int:
        """Leads from a node to a word at a place, and returns the place's node."""
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
            self.incoming.append({})
            self._costs.append(math.inf)
        self.lead(source, number, cost)
        return number

    def lead(self, source: int, target: int, cost: float) -> None:
        """Leads from a node to a node."""
        known = self.incoming[target].get(source, math.inf)
        self.incoming[target][source] = min(known, cost)
        self._costs[target] = min(self._costs[target], self._costs[source] + cost)

    def within(self, source: int, cost: float, limit: float) -> bool:
        """Returns whether a path that goes on from a node costs at most `limit` and the beam."""
        return self._costs[source] + cost <= limit + self._beam


class _Step:
    """Goes through the links into a frame."""

    def __init__(self, builder: _Builder, number: int, frame: Frame, graph_scale: float) -> None:
        self._builder = builder
        self._number = number
        self._levels = _levels(frame)
        self._scale = graph_scale
        self._limits = (frame.costs - frame.behind).tolist()

    def follow(self, links: Links, before: _Paths, into: _Paths) -> _Paths:
        """Goes on from the paths `before`, and returns `into` with the paths that this gives."""
        builder, levels = self._builder, self._levels
        for source, target, word, cost in _in_order(links, levels, self._scale):
            limit = self._limits[target]
            for origin, known in before.get(source, {}).items():
                if builder.within(origin, known + cost, limit):
                    node, rest = origin, known + cost
                    if word:
                        place = _Place(self._number, levels[target], target, word)
                        node, rest = builder.add_edge(origin, place, rest), 0.0
                    found = into.setdefault(target, {})
                    found[node] = min(rest, found.get(node, math.inf))
        return into


def word_lattice(
    tokens: TokenLattice,
    word_node: Callable[[int], Node],
    *,
    graph_scale: float = 1.0,
) -> Lattice:
    """Returns the word lattice.

    Args:
        tokens: what a search left. A path between two words that makes every path through it worse
            than the best by more than its beam is left out.
        word_node: from a word id to a node that starts anywhere.
        graph_scale: what the graph's costs are multiplied by.

    Returns:
        A lattice whose edges carry the whole cost of the graph and the sounds, negated, in the
        place of the acoustic log-probability. Without a path there are no edges.

    Raises:
        DataError: silent arcs go round in a circle.
    """
    builder = _Builder(tokens)
    paths: _Paths = {}
    for number, frame in enumerate(tokens.frames):
        step = _Step(builder, number, frame, graph_scale)
        start: _Paths = {} if number else {tokens.start: {_START: 0.0}}
        here = step.follow(frame.emitting, paths, start)
        paths = step.follow(frame.silent, here, here)
    finals = tokens.final_costs.tolist()
    for token, origins in paths.items():
        for origin, cost in origins.items():
            if math.isfinite(finals[token]):
                builder.lead(origin, _END, cost + graph_scale * finals[token])
    return _lattice(builder, word_node, len(tokens.frames) - 1)


def _levels(frame: Frame) -> list[int]:
    """Returns for each token the number of silent links on the longest way to it."""
    levels = [0] * frame.costs.size
    links = list(zip(frame.silent.sources.tolist(), frame.silent.targets.tolist(), strict=True))
    for _ in range(len(links) + 1):
        changed = False
        for source, target in links:
            if levels[target] <= levels[source]:
                levels[target] = levels[source] + 1
                changed = True
        if not changed:
            return levels
    raise DataError("a decoding graph with a circle of silent arcs")


def _in_order(
    links: Links, levels: list[int], graph_scale: float
) -> Iterator[tuple[int, int, int, float]]:
    """Yields source, target, word and cost, so that what leads to a silent source is before it."""
    costs = (graph_scale * links.graph_costs + links.acoustic_costs).tolist()
    rows = zip(
        links.sources.tolist(), links.targets.tolist(), links.words.tolist(), costs, strict=True
    )
    # The level of a target is above that of a silent source.
    yield from sorted(rows, key=lambda row: levels[row[1]])


def _lattice(builder: _Builder, word_node: Callable[[int], Node], frames: int) -> Lattice:
    order = sorted(range(2, len(builder.places)), key=lambda number: builder.places[number])
    order = [_START, *order, _END]
    index = {number: position for position, number in enumerate(order)}
    nodes = [Node(SENTENCE_START, 0)]
    for number in order[1:-1]:
        place = builder.places[number]
        node = word_node(place.word)
        nodes.append(replace(node, start_frame=place.frame, level=place.level))
    nodes.append(Node(SENTENCE_END, frames + 1))
    incoming = tuple(
        tuple(
            Edge(index[source], index[number], -cost)
            for source, cost in sorted(builder.incoming[number].items())
        )
        for number in order
    )
    return Lattice(tuple(nodes), incoming, frames)
