"""A decoding graph with places where the graph of a request's hint words goes in.

Where a nonterminal stands in the top graph, the search goes through a copy of the hints' graph and
comes back at the same place (Kaldi's GrammarFst). Copies are numbered as they are entered first;
none is made.

Labels of such arcs hold a nonterminal and the phone to the left: see `graph.hmm`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.graph import Arcs, DecodingGraph, Ints, Leaving
from arqon_maestro.speech_engine.graph.context import BEGIN, END, REENTER, USER_DEFINED
from arqon_maestro.speech_engine.graph.grammar_preparation import SPECIAL_COST
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS, encoding_multiple


@dataclass(frozen=True, eq=False)
class _Special:
    """Arcs of a graph whose labels hold a nonterminal, sorted by the state they leave.

    Attributes:
        sources, nexts: `(A,)` states.
        kinds: `(A,)` nonterminals, counted from the offset.
        phones: `(A,)` phones to the left.
        weights: `(A,)`.
    """

    sources: Ints
    kinds: Ints
    phones: Ints
    weights: NDArray[np.float64]
    nexts: Ints

    @classmethod
    def of(cls, graph: DecodingGraph, offset: int) -> _Special:
        arcs = graph.arcs
        chosen = np.flatnonzero(arcs.ilabels > NONTERMINAL_LABELS)
        multiple = encoding_multiple(offset)
        labels = arcs.ilabels[chosen].astype(np.int64) - NONTERMINAL_LABELS
        if arcs.olabels[chosen].any():
            raise DataError("a decoding graph with words on the arcs of nonterminals")
        sources = np.searchsorted(arcs.first, chosen, side="right") - 1
        kinds = labels // multiple - offset
        if (kinds < BEGIN).any():
            raise DataError("a decoding graph of another phone set", why="unknown nonterminals")
        return cls(
            sources,
            kinds,
            labels % multiple,
            arcs.weights[chosen].astype(np.float64),
            arcs.nexts[chosen].astype(np.int64),
        )

    def some(self, chosen: NDArray[np.bool_]) -> _Special:
        """Returns the arcs of a mask `(A,)`."""
        return _Special(
            self.sources[chosen],
            self.kinds[chosen],
            self.phones[chosen],
            self.weights[chosen],
            self.nexts[chosen],
        )


class TopGraph:
    """A decoding graph with nonterminals, ready for any hints.

    Args:
        graph: with arcs of one nonterminal, and arcs that come back from it.
        offset: the phone ``#nonterm_bos``.

    Raises:
        DataError: its nonterminals do not fit together.
    """

    def __init__(self, graph: DecodingGraph, offset: int) -> None:
        special = _Special.of(graph, offset)
        self.offset = offset
        arcs = graph.arcs
        plain = arcs.chosen(arcs.ilabels < NONTERMINAL_LABELS)
        # A graph that is prepared for the runtime marks states with a cost that is none.
        finals = np.where(graph.final_costs == SPECIAL_COST, np.inf, graph.final_costs)
        self.plain = DecodingGraph(graph.start, finals.astype(np.float32), plain)
        self.entries = special.some(special.kinds >= USER_DEFINED)
        reentries = special.some(special.kinds == REENTER)
        if np.unique(self.entries.kinds).size > 1:
            raise DataError("a decoding graph with several nonterminals", why="one is supported")
        self._keys = self.key(reentries.sources, reentries.phones)
        order = np.argsort(self._keys)
        self._keys = self._keys[order]
        if (np.diff(self._keys) == 0).any():
            raise DataError("a decoding graph that comes back twice with the same phone")
        counts = np.bincount(reentries.sources, minlength=graph.size)
        corrections = np.log(np.maximum(counts, 1))
        self._weights = (reentries.weights - corrections[reentries.sources])[order]
        self._nexts = reentries.nexts[order]
        self.returns, self.return_of_entry = np.unique(self.entries.nexts, return_inverse=True)
        if (counts[self.returns] == 0).any():
            raise DataError("a decoding graph that does not come back from a nonterminal")

    def key(self, states: Ints, phones: Ints) -> Ints:
        """Returns one number for a state and a phone."""
        return states * encoding_multiple(self.offset) + phones

    def reenter(self, states: Ints, phones: Ints) -> tuple[NDArray[np.float64], Ints]:
        """Returns the weights and targets of coming back to states with phones, `(A,)`.

        Raises:
            DataError: one cannot be come back to with that phone.
        """
        keys = self.key(states, phones)
        found = np.searchsorted(self._keys, keys)
        found[found == self._keys.size] = 0
        missing = self._keys[found] != keys
        if missing.any():
            phone = int(phones[missing][0])
            raise DataError(f"hints that end in phone {phone}", why="the graph does not know it")
        return self._weights[found], self._nexts[found]


class GrammarGraph:
    """A top graph with the graph of some hints in it, for one utterance.

    Args:
        top: the graph of the language model.
        hints: the graph of the hints: its start has an arc ``#nonterm_begin`` for each phone that
            may stand to the left, and it ends in arcs ``#nonterm_end``.

    Raises:
        DataError: the hints' graph lacks these, or was made for other phones.
    """

    def __init__(self, top: TopGraph, hints: DecodingGraph) -> None:
        self._top = top
        self._top_size = top.plain.size
        self._hints = DecodingGraph(
            hints.start,
            hints.final_costs,
            hints.arcs.chosen(hints.arcs.ilabels < NONTERMINAL_LABELS),
        )
        special = _Special.of(hints, top.offset)
        begins = special.some((special.kinds == BEGIN) & (special.sources == hints.start))
        self._ends = special.some(special.kinds == END)
        if begins.sources.size + self._ends.sources.size < special.sources.size:
            raise DataError("a graph of hints with nonterminals of its own")
        self._first_end = np.searchsorted(self._ends.sources, np.arange(hints.size + 1))
        self._entries = self._entry_arcs(begins)
        self._instances = np.full(top.returns.size, -1, np.int64)
        self._returns = np.zeros(0, np.int64)

    def _entry_arcs(self, begins: _Special) -> Arcs:
        """Returns arcs into the hints; their ilabels are the places they come back to."""
        top, entries = self._top, self._top.entries
        by_phone = np.full(encoding_multiple(top.offset), -1, np.int64)
        by_phone[begins.phones] = np.arange(begins.phones.size)
        found = by_phone[entries.phones]
        if (found < 0).any():
            phone = int(entries.phones[found < 0][0])
            raise DataError(f"hints that cannot begin after phone {phone}")
        weights = entries.weights + begins.weights[found] - math.log(begins.phones.size or 1)
        counts = np.bincount(entries.sources, minlength=self._top_size)
        return Arcs(
            np.concatenate([[0], np.cumsum(counts)]),
            top.return_of_entry.astype(np.int32),
            np.zeros(weights.size, np.int32),
            weights.astype(np.float32),
            begins.nexts[found].astype(np.int32),
        )

    @property
    def start(self) -> int:
        return self._top.plain.start

    @property
    def size(self) -> int:
        return self._top_size + self._returns.size * self._hints.size

    def emitting_from(self, states: Ints) -> Leaving:
        inside = states >= self._top_size
        if not inside.any():
            return self._top.plain.emitting_from(states)
        outer, inner = np.flatnonzero(~inside), np.flatnonzero(inside)
        instances, local = self._split(states[inner])
        return _together(
            _at(self._top.plain.emitting_from(states[outer]), outer),
            _at(self._moved(self._hints.emitting_from(local), instances), inner),
        )

    def silent_from(self, states: Ints) -> Leaving:
        inside = states >= self._top_size
        outer, inner = np.flatnonzero(~inside), np.flatnonzero(inside)
        instances, local = self._split(states[inner])
        return _together(
            _at(self._top.plain.silent_from(states[outer]), outer),
            _at(self._enter(states[outer]), outer),
            _at(self._moved(self._hints.silent_from(local), instances), inner),
            _at(self._leave(instances, local), inner),
        )

    def finals_of(self, states: Ints) -> NDArray[np.float64]:
        costs = np.full(states.size, np.inf)
        outer = states < self._top_size
        costs[outer] = self._top.plain.finals_of(states[outer])
        return costs

    def _split(self, states: Ints) -> tuple[Ints, Ints]:
        """Returns the copies that states are in, and what they are there."""
        instances, local = np.divmod(states - self._top_size, self._hints.size)
        return instances, local

    def _moved(self, arcs: Leaving, instances: Ints) -> Leaving:
        base = self._top_size + instances[arcs.sources] * self._hints.size
        return arcs._replace(nexts=base + arcs.nexts)

    def _enter(self, states: Ints) -> Leaving:
        arcs = self._entries.leaving(states)
        places = arcs.ilabels
        if places.size:
            new = np.unique(places[self._instances[places] < 0])
            self._instances[new] = self._returns.size + np.arange(new.size)
            self._returns = np.concatenate([self._returns, self._top.returns[new]])
        base = self._top_size + self._instances[places] * self._hints.size
        return arcs._replace(ilabels=np.zeros_like(places), nexts=base + arcs.nexts)

    def _leave(self, instances: Ints, local: Ints) -> Leaving:
        starts = self._first_end[local]
        counts = self._first_end[local + 1] - starts
        sources = np.repeat(np.arange(local.size), counts)
        arcs = np.arange(sources.size) + (starts - np.cumsum(counts) + counts)[sources]
        ends = self._ends
        if not arcs.size:
            nothing = np.zeros(0, np.int32)
            return Leaving(sources, nothing, nothing, np.zeros(0), sources)
        back = self._returns[instances[sources]]
        weights, nexts = self._top.reenter(back, ends.phones[arcs])
        nothing = np.zeros(arcs.size, np.int32)
        return Leaving(sources, nothing, nothing, ends.weights[arcs] + weights, nexts)


def _at(arcs: Leaving, positions: Ints) -> Leaving:
    """Returns arcs with their sources as positions among more states."""
    return arcs._replace(sources=positions[arcs.sources])


def _together(*parts: Leaving) -> Leaving:
    return Leaving(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
