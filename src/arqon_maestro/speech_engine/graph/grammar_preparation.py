"""Prepares a graph with nonterminals for the runtime: Kaldi's ``PrepareForGrammarFst``.

Source: Kaldi's ``decoder/grammar-fst``. The runtime joins graphs where it reads the label of a
nonterminal. It wants that all arcs of such a state lead into the same graph, and that they put
nothing out; states that are otherwise get states of their own behind epsilons. A final cost that
does not occur otherwise marks the states that the runtime takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.context import BEGIN, END, REENTER, USER_DEFINED
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS, encoding_multiple
from arqon_maestro.speech_engine.graph.joining import Arcs, joined

#: The mark: a final cost of states that the runtime expands.
SPECIAL_COST = np.float32(4096.0)
_ANY = -1


@dataclass(frozen=True, eq=False)
class _Arcs:
    """The arcs of special states, `(arcs,)` each."""

    sources: NDArray[np.int64]
    positions: NDArray[np.int64]
    nonterminals: NDArray[np.int64]


def prepared_for_grammar(graph: Fst, nonterminal_offset: int) -> Fst:
    """Returns a graph that the runtime can join with others.

    Args:
        graph: HCLG with nonterminals, self-loops included.
        nonterminal_offset: number of ``#nonterm_bos``.

    Raises:
        DataError: nonterminals where they cannot be; or a graph that is prepared already.
    """
    if (graph.finals == SPECIAL_COST).any():
        raise DataError("a graph that is prepared for nonterminals already")
    return _Preparation(graph, nonterminal_offset).run()


class _Preparation:
    def __init__(self, graph: Fst, offset: int) -> None:
        self.graph = graph
        self.offset = offset
        self.multiple = encoding_multiple(offset)
        self.states = graph.num_states
        self.finals: dict[int, float] = {}
        self.rows: dict[int, list[tuple[int, int, float, int]]] = {}
        self.simple_final = -1

    def run(self) -> Fst:
        graph = self.graph
        special = np.unique(graph.sources[graph.ilabels >= NONTERMINAL_LABELS])
        queue = special.tolist()
        for state in queue:
            arcs = self._arcs(state)
            if self._needs_epsilons(state, arcs):
                queue += self._insert_epsilons(state, arcs)
            else:
                self.rows[state] = [self._to_simple_final(arc) for arc in arcs]
                self._mark(state, arcs)
        return self._result(np.array(sorted(self.rows), np.int64))

    def _arcs(self, state: int) -> list[tuple[int, int, float, int]]:
        """Returns (input, output, cost, target) of a state's arcs."""
        if state in self.rows:
            return self.rows[state]
        graph = self.graph
        span = slice(graph.offsets[state], graph.offsets[state + 1])
        columns = (graph.ilabels, graph.olabels, graph.weights, graph.targets)
        return list(zip(*(column[span].tolist() for column in columns), strict=True))

    def _final(self, state: int) -> float:
        if state in self.finals or state >= self.graph.num_states:
            return self.finals.get(state, np.inf)
        return float(self.graph.finals[state])

    def _nonterminal(self, label: int) -> int:
        """Returns the nonterminal of a label counted from ``#nonterm_bos``; 0 for none."""
        if label < NONTERMINAL_LABELS:
            return 0
        found = (label - NONTERMINAL_LABELS) // self.multiple - self.offset
        if found <= 0:
            raise DataError(
                f"label {label} stands for no nonterminal",
                why=f"with #nonterm_bos being phone {self.offset}",
            )
        return found

    def _category(self, arc: tuple[int, int, float, int]) -> tuple[int, int, int]:
        """Returns what arcs of one state must have in common: nonterminal, target, output."""
        label, output, _, target = arc
        nonterminal = self._nonterminal(label)
        if nonterminal >= USER_DEFINED:
            return nonterminal, target, output
        return nonterminal, _ANY, output if nonterminal == END else 0

    def _needs_epsilons(self, state: int, arcs: Sequence[tuple[int, int, float, int]]) -> bool:
        categories = {self._category(arc) for arc in arcs}
        for arc in arcs:
            self._check(state, arc)
        if np.isfinite(self._final(state)):
            categories.add((0, _ANY, 0))
        kinds = {nonterminal for nonterminal, _, _ in categories}
        if len(categories) > 1 and kinds & {BEGIN, REENTER}:
            raise DataError(
                "a state that begins a nonterminal, or comes back from one, and goes on otherwise",
                why="the graph was not determinized",
            )
        return len(categories) > 1 or any(output != 0 for _, _, output in categories)

    def _check(self, state: int, arc: tuple[int, int, float, int]) -> None:
        nonterminal, target = self._nonterminal(arc[0]), arc[3]
        if nonterminal >= USER_DEFINED:
            following = self._arcs(target)
            if not following or self._nonterminal(following[0][0]) != REENTER:
                raise DataError("a nonterminal that is not come back from")
        if nonterminal == BEGIN and state != self.graph.start:
            raise DataError("#nonterm_begin elsewhere than at the beginning of a graph")
        if nonterminal == END and (self._arcs(target) or not np.isfinite(self._final(target))):
            raise DataError("#nonterm_end elsewhere than at the end of a graph")

    def _insert_epsilons(
        self, state: int, arcs: Sequence[tuple[int, int, float, int]]
    ) -> list[int]:
        """Gives each category of arcs a state of its own; returns these states."""
        groups: dict[tuple[int, int, int], list[tuple[int, int, float, int]]] = {}
        ordinary = []
        for arc in arcs:
            category = self._category(arc)
            if category[0] == 0:
                ordinary.append(arc)
            else:
                groups.setdefault(category, []).append(arc)
        numbers = {}
        costs = {}
        for category, members in groups.items():
            numbers[category] = self.states
            self.states += 1
            costs[category] = -float(np.logaddexp.reduce([-cost for _, _, cost, _ in members]))
            self.rows[numbers[category]] = [
                (label, 0 if output == category[2] else output, cost - costs[category], target)
                for label, output, cost, target in members
            ]
        entries = [(0, c[2], costs[c], numbers[c]) for c in sorted(groups)]
        self.rows[state] = entries + ordinary
        return list(numbers.values())

    def _to_simple_final(self, arc: tuple[int, int, float, int]) -> tuple[int, int, float, int]:
        """Takes the final cost after ``#nonterm_end`` onto the arc."""
        label, output, cost, target = arc
        if self._nonterminal(label) != END or self._final(target) == 0:
            return arc
        if self.simple_final < 0:
            self.simple_final = self.states
            self.states += 1
            self.finals[self.simple_final] = 0.0
            self.rows[self.simple_final] = []
        return label, output, cost + self._final(target), self.simple_final

    def _mark(self, state: int, arcs: Sequence[tuple[int, int, float, int]]) -> None:
        if self._nonterminal(arcs[0][0]) in (BEGIN, REENTER):
            return
        self.finals[state] = float(SPECIAL_COST)

    def _result(self, changed: NDArray[np.int64]) -> Fst:
        graph = self.graph
        finals = np.full(self.states, NOT_FINAL, np.float32)
        finals[: graph.num_states] = graph.finals
        finals[list(self.finals)] = list(self.finals.values())
        untouched = np.ones(graph.num_states, np.bool_)
        untouched[changed[changed < graph.num_states]] = False
        rows = [(state, *arc) for state in changed.tolist() for arc in self.rows[state]]
        columns = np.array(rows, np.float64).reshape(-1, 5).T
        sources, inputs, outputs, targets = (columns[i].astype(np.int32) for i in (0, 1, 2, 4))
        parts = (
            Arcs(
                graph.sources,
                graph.ilabels,
                graph.olabels,
                graph.weights,
                graph.targets,
                keep=untouched[graph.sources],
            ),
            Arcs(sources, inputs, outputs, columns[3].astype(np.float32), targets),
        )
        return joined(graph.start, finals, parts)
