"""Composes L and G over whole arrays.

Source: OpenFst's ``compose``; states come in its order, which is that of a breadth-first search.
G's input side has no epsilons, so that a state is a pair of states, and no filter is needed. A wave
of new states is composed at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import Costs, Fst, Labels, spans
from arqon_maestro.speech_engine.graph.joining import put_together

Keys = NDArray[np.int64]
#: A run of known states is merged with the one before it unless that is so many times longer.
_RUN_GROWTH = 4


@dataclass(frozen=True, eq=False)
class Composition:
    """L∘G.

    Attributes:
        fst: what is on a path from the start to an end.
        left: `(S,)` the state of L that each of its states is.
        right: `(S,)` the state of G.
    """

    fst: Fst
    left: Labels
    right: Labels


def composed(lexicon: Fst, grammar: Fst) -> Composition:
    """Composes a transducer with an acceptor or transducer of its outputs.

    Args:
        lexicon: L.
        grammar: G, sorted by input label, without epsilons there.

    Raises:
        DataError: epsilons on the input side of G.
    """
    if (grammar.ilabels == 0).any():
        raise DataError("a grammar that takes nothing in on some arcs", why="epsilons in G")
    if lexicon.start < 0 or grammar.start < 0:
        nothing = np.zeros(0, np.int32)
        return Composition(Fst.empty(), nothing, nothing)
    by_output = lexicon.with_arcs(np.lexsort((lexicon.olabels, lexicon.sources)))
    return _Composer(by_output, grammar).run()


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Arcs of a wave, by the state of it that they leave; `(arcs,)` each."""

    owners: Keys
    ilabels: Labels
    olabels: Labels
    weights: Costs
    targets: Keys


class _Numbers:
    """Numbers of the states, by key: runs of sorted keys, each much longer than the next."""

    def __init__(self) -> None:
        self.runs: list[tuple[Keys, Labels]] = []
        self.count = 0

    def of(self, keys: Keys) -> tuple[Labels, Keys]:
        """Returns the numbers of keys, and the keys that are new, in the order of the numbers."""
        numbers = np.full(keys.size, -1, np.int32)
        unknown = np.arange(keys.size)
        for run, known in self.runs:
            wanted = keys[unknown]
            places = np.searchsorted(run, wanted).clip(max=run.size - 1)
            found = run[places] == wanted
            numbers[unknown[found]] = known[places[found]]
            unknown = unknown[~found]
        fresh, firsts, inverse = np.unique(keys[unknown], return_index=True, return_inverse=True)
        order = np.argsort(firsts)
        known = np.empty(fresh.size, np.int32)
        known[order] = np.arange(self.count, self.count + fresh.size, dtype=np.int32)
        numbers[unknown] = known[inverse]
        self.count += fresh.size
        self._add(fresh, known)
        return numbers, fresh[order]

    def _add(self, keys: Keys, numbers: Labels) -> None:
        while self.runs and keys.size * _RUN_GROWTH > self.runs[-1][0].size:
            before, known = self.runs.pop()
            keys, numbers = np.concatenate([before, keys]), np.concatenate([known, numbers])
            order = np.argsort(keys, kind="stable")
            keys, numbers = keys[order], numbers[order]
        if keys.size:
            self.runs.append((keys, numbers))


class _Composer:
    def __init__(self, lexicon: Fst, grammar: Fst) -> None:
        self.lexicon = lexicon
        self.grammar = grammar
        self.width = np.int64(grammar.num_states)
        # Sorted by output, each state's epsilons come first.
        silent = lexicon.olabels == 0
        self.silent_counts = np.bincount(lexicon.sources[silent], minlength=lexicon.num_states)
        self.has_words = np.diff(lexicon.offsets) > self.silent_counts
        self.word_arcs = np.flatnonzero(~silent)
        self.labels = np.int64(max(lexicon.olabels.max(initial=0), grammar.ilabels.max(initial=0)))
        self.labels += 1
        self.word_keys = (
            lexicon.sources[self.word_arcs] * self.labels + lexicon.olabels[self.word_arcs]
        )

    def run(self) -> Composition:
        numbers = _Numbers()
        start = np.array([self.lexicon.start * self.width + self.grammar.start])
        _, wave = numbers.of(start)
        columns: list[tuple[NDArray[Any], ...]] = []
        counts, finals, lefts, rights = [], [], [], []
        while wave.size:
            states, words = np.divmod(wave, self.width)
            lefts.append(states.astype(np.int32))
            rights.append(words.astype(np.int32))
            finals.append(self.lexicon.finals[states] + self.grammar.finals[words])
            arcs = self._arcs(states, words)
            counts.append(np.bincount(arcs.owners, minlength=wave.size))
            targets, wave = numbers.of(arcs.targets)
            columns.append((arcs.ilabels, arcs.olabels, arcs.weights, targets))
        del numbers, arcs, targets
        ilabels, olabels, weights, targets = put_together(columns)
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
        fst = Fst(0, np.concatenate(finals), offsets, ilabels, olabels, weights, targets)
        useful = fst.useful()
        left, right = np.concatenate(lefts)[useful], np.concatenate(rights)[useful]
        return Composition(fst.with_states(useful), left, right)

    def _arcs(self, states: Keys, words: Keys) -> _Arcs:
        """Returns the arcs of states: those without a word first, then by the word."""
        silent, spoken = self._silent(states, words), self._spoken(states, words)
        if not spoken.owners.size:
            return silent
        owners = np.concatenate([silent.owners, spoken.owners])
        order = np.argsort(owners, kind="stable")
        return _Arcs(
            owners[order],
            np.concatenate([silent.ilabels, spoken.ilabels])[order],
            np.concatenate([silent.olabels, spoken.olabels])[order],
            np.concatenate([silent.weights, spoken.weights])[order],
            np.concatenate([silent.targets, spoken.targets])[order],
        )

    def _silent(self, states: Keys, words: Keys) -> _Arcs:
        graph = self.lexicon
        counts = self.silent_counts[states]
        arcs = spans(graph.offsets[states], counts)
        owners = np.repeat(np.arange(states.size), counts)
        targets = graph.targets[arcs] * self.width + words[owners]
        return _Arcs(owners, graph.ilabels[arcs], graph.olabels[arcs], graph.weights[arcs], targets)

    def _spoken(self, states: Keys, words: Keys) -> _Arcs:
        left, right = self.lexicon, self.grammar
        owners = np.flatnonzero(self.has_words[states])
        counts = np.diff(right.offsets)[words[owners]]
        moves = spans(right.offsets[words[owners]], counts)
        owners = np.repeat(owners, counts)
        keys = states[owners] * self.labels + right.ilabels[moves]
        firsts = np.searchsorted(self.word_keys, keys)
        counts = np.searchsorted(self.word_keys, keys, side="right") - firsts
        arcs = self.word_arcs[spans(firsts, counts)]
        owners, moves = np.repeat(owners, counts), np.repeat(moves, counts)
        return _Arcs(
            owners,
            left.ilabels[arcs],
            right.olabels[moves],
            left.weights[arcs] + right.weights[moves],
            left.targets[arcs] * self.width + right.targets[moves],
        )
