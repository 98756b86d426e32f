"""The n best distinct transcripts of a lattice under an n-gram model of any order.

First a frame-synchronous Viterbi pass over pairs (lattice node, history of the model), with a beam;
then A* backwards from the end, whose heuristic is the exact forward score, so transcripts come in
the order of their cost. Paths that differ only in times, pronunciations or silences meet in A*'s
table of (state, words after it) and give one transcript.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.lattice import SENTENCE_END, Edge, Lattice, Node
from arqon_maestro.speech_engine.transcripts import FILLERS

_LN_10 = math.log(10)
#: Stages over which states are compared where their costs are estimates of whole paths. Words are
#: shorter, so the best path has had a node among them.
_WINDOW = 20


class ContextModel(Protocol):
    """What the search needs of `speech_engine.ngram.model.NgramModel`."""

    @property
    def order(self) -> int:
        """Length of the longest n-gram."""

    @property
    def word_ids(self) -> Mapping[str, int]:
        """Id of each word."""

    @property
    def unknown_id(self) -> int:
        """Id of the words outside the vocabulary, negative if there is none."""

    def ngram_log10_probabilities(
        self, columns: Sequence[NDArray[np.int32]]
    ) -> NDArray[np.float64]:
        """Returns log10 p(last | before) of n-grams given column by column."""

    def context_lengths(self, columns: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
        """Returns how many of the last words of histories, given column by column, matter."""


@dataclass(frozen=True)
class SearchSettings:
    """Weights and limits of the search; costs are natural logs on the language model's scale.

    Attributes:
        acoustic_scale: what acoustic log-probabilities are multiplied by. Frames are not
            independent, so at scale 1 the language model would have no say.
        word_cost: of each word, against insertions.
        silence_cost: of each silence between words.
        noise_cost: of each noise.
        beam: a state worse than the best of its frame by more is dropped.
        states_per_frame: a frame keeps at most as many.
        expansions: A* gives up after as many, with what it has.
    """

    acoustic_scale: float = 0.1
    word_cost: float = 0.0
    silence_cost: float = 0.5
    noise_cost: float = 2.0
    beam: float = 16.0
    states_per_frame: int = 300
    expansions: int = 20000


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A transcript of the lattice: words of the model, fillers left out, and its costs."""

    words: tuple[str, ...]
    acoustic_cost: float
    language_model_cost: float

    @property
    def cost(self) -> float:
        return self.acoustic_cost + self.language_model_cost


@dataclass(slots=True)
class _State:
    node: int
    history: tuple[int, ...]
    cost: float
    ahead: float
    arcs: list[tuple[_State, float, float]]

    @property
    def estimate(self) -> float:
        """Of the whole path's cost."""
        return self.cost + self.ahead


def n_best(
    lattice: Lattice,
    model: ContextModel,
    settings: SearchSettings,
    included: ContextModel | None = None,
) -> Iterator[Hypothesis]:
    """Yields distinct word sequences of `lattice`, cheapest first.

    Exact but for the beam. Without a path from start to end within the beam nothing is yielded.

    Args:
        lattice: words, and what they sound like.
        model: the language model.
        settings: weights and limits.
        included: a language model whose costs the lattice's edges hold already, whole paths taken
            together. They are taken out of the acoustic cost.
    """
    final = _forward(lattice, model, settings, included)
    if final is not None:
        yield from _backward(final, lattice, settings)


def _stage(node: Node) -> tuple[int, int]:
    """Returns what nodes have in common between which there is no edge."""
    return node.start_frame, node.level


def _forward(
    lattice: Lattice,
    model: ContextModel,
    settings: SearchSettings,
    included: ContextModel | None,
) -> _State | None:
    """Returns the best final state; states hold all arcs into them that survived."""
    vocabulary = {word: number for number, word in enumerate(_words(lattice))}
    states: list[list[_State]] = [[] for _ in lattice.nodes]
    # What an included model says of the rest of a path is close to what the model will say.
    ahead = _costs_ahead(lattice, settings) if included is not None else [0.0] * len(states)
    states[0] = [_State(0, (vocabulary[lattice.nodes[0].word],), 0.0, ahead[0], [])]
    pruner = _Pruner(settings, window=1 if included is None else _WINDOW)
    scorer = _Scorer(model, vocabulary)
    remover = _Scorer(included, vocabulary) if included is not None else None
    scorers = (scorer, remover) if remover is not None else (scorer,)
    histories = _Histories(scorers)
    for _, group in groupby(
        range(1, len(lattice.nodes)), key=lambda index: _stage(lattice.nodes[index])
    ):
        numbers = list(group)
        proposals: list[tuple[int, _State, Edge]] = [
            (number, state, edge)
            for number in numbers
            for edge in lattice.incoming[number]
            for state in states[edge.source]
        ]
        wanted = dict.fromkeys(
            (state.history, vocabulary[lattice.nodes[number].word])
            for number, state, _ in proposals
            if lattice.nodes[number].word
        )
        for one in scorers:
            one.look_up(wanted)
        histories.look_up((*history, word) for history, word in wanted)
        found: dict[tuple[int, tuple[int, ...]], _State] = {}
        for number, state, edge in proposals:
            node = lattice.nodes[number]
            acoustic = -edge.acoustic_log_probability * settings.acoustic_scale
            if node.word:
                word = vocabulary[node.word]
                language = scorer.cost(state.history, word)
                if remover is not None:
                    acoustic -= remover.cost(state.history, word)
                history = histories.after(*state.history, word)
                if node.word != SENTENCE_END:
                    acoustic += settings.word_cost
            else:
                language = 0.0
                history = state.history
                acoustic += settings.noise_cost if node.noise else settings.silence_cost
            if node.word == SENTENCE_END:
                history = ()
            cost = state.cost + acoustic + language
            known = found.get((number, history))
            if known is None:
                known = _State(number, history, cost, ahead[number], [])
                found[number, history] = known
            known.cost = min(known.cost, cost)
            known.arcs.append((state, acoustic, language))
        for state in pruner.kept(found.values()):
            states[state.node].append(state)
    return states[-1][0] if states[-1] else None


def _costs_ahead(lattice: Lattice, settings: SearchSettings) -> list[float]:
    """Returns the least cost of the edges from each node to the end."""
    ahead = [math.inf] * len(lattice.nodes)
    ahead[-1] = 0.0
    for number in range(len(lattice.nodes) - 1, 0, -1):
        for edge in lattice.incoming[number]:
            cost = ahead[number] - edge.acoustic_log_probability * settings.acoustic_scale
            ahead[edge.source] = min(ahead[edge.source], cost)
    return ahead


class _Pruner:
    """Drops states that are worse than the best of the last few stages by more than the beam."""

    def __init__(self, settings: SearchSettings, window: int) -> None:
        self._settings = settings
        self._best: deque[float] = deque(maxlen=window)

    def kept(self, states: Iterable[_State]) -> list[_State]:
        """Returns the states of a stage that are gone on from, the best first."""
        ranked = sorted(states, key=lambda state: state.estimate)
        if not ranked:
            return []
        self._best.append(ranked[0].estimate)
        limit = min(self._best) + self._settings.beam
        some = ranked[: self._settings.states_per_frame]
        return [state for state in some if state.estimate <= limit]


def _backward(final: _State, lattice: Lattice, settings: SearchSettings) -> Iterator[Hypothesis]:
    tie = 0
    # (estimate of the whole cost, tie breaker, state, words after it, acoustic, language)
    heap: list[tuple[float, int, _State, tuple[str, ...], float, float]] = [
        (final.cost, tie, final, (), 0.0, 0.0)
    ]
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for _ in range(settings.expansions):
        if not heap:
            return
        _, _, state, after, acoustic, language = heapq.heappop(heap)
        key = (id(state), after)
        if key in seen:
            continue
        seen.add(key)
        if not state.arcs:
            yield Hypothesis(after, acoustic, language)
            continue
        node = lattice.nodes[state.node]
        spoken = node.word and node.word != SENTENCE_END and node.word not in FILLERS
        words = (node.spoken or node.word, *after) if spoken else after
        for previous, arc_acoustic, arc_language in state.arcs:
            tie += 1
            ahead = acoustic + arc_acoustic + language + arc_language
            heapq.heappush(
                heap,
                (
                    previous.cost + ahead,
                    tie,
                    previous,
                    words,
                    acoustic + arc_acoustic,
                    language + arc_language,
                ),
            )


def _words(lattice: Lattice) -> list[str]:
    return list(dict.fromkeys(node.word for node in lattice.nodes))


class _Scorer:
    """Looks up conditional probabilities in batches and remembers them.

    Words and histories are given by number in a vocabulary of the lattice.
    """

    def __init__(self, model: ContextModel, vocabulary: Mapping[str, int]) -> None:
        self._model = model
        ids, unknown = model.word_ids, model.unknown_id
        self._ids = np.array([ids.get(word, unknown) for word in vocabulary], np.int32)
        self._known: dict[tuple[tuple[int, ...], int], float] = {}

    def look_up(self, wanted: Iterable[tuple[tuple[int, ...], int]]) -> None:
        """Fetches the probabilities of distinct (history, word) pairs that are not known yet."""
        by_length: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        for key in wanted:
            if key not in self._known:
                by_length.setdefault(len(key[0]), []).append(key)
        for length, keys in by_length.items():
            rows = self._ids[np.array([(*history, word) for history, word in keys])]
            # A model of order 1 looks at no history.
            first = max(0, length + 1 - self._model.order)
            columns = [rows[:, column].copy() for column in range(first, length + 1)]
            scores = self._model.ngram_log10_probabilities(columns)
            self._known.update(zip(keys, (-_LN_10 * scores).tolist(), strict=True))

    def cost(self, history: tuple[int, ...], word: int) -> float:
        """Returns -ln p(word | history), looked up before."""
        return self._known[history, word]

    def context_lengths(self, histories: Sequence[tuple[int, ...]]) -> list[int]:
        """Returns how many of the last words of histories, all of one length, matter."""
        rows = self._ids[np.array(histories)]
        columns = [rows[:, column].copy() for column in range(rows.shape[1])]
        lengths: list[int] = self._model.context_lengths(columns).tolist()
        return lengths


class _Histories:
    """Shortens histories to what at least one of the models tells apart."""

    def __init__(self, scorers: Sequence[_Scorer]) -> None:
        self._scorers = scorers
        self._short: dict[tuple[int, ...], tuple[int, ...]] = {}

    def look_up(self, histories: Iterable[tuple[int, ...]]) -> None:
        """Shortens histories that are not known yet."""
        by_length: dict[int, dict[tuple[int, ...], None]] = {}
        for history in histories:
            if history not in self._short:
                by_length.setdefault(len(history), {})[history] = None
        for wanted in by_length.values():
            same = list(wanted)
            lengths = [scorer.context_lengths(same) for scorer in self._scorers]
            for history, *kept in zip(same, *lengths, strict=True):
                self._short[history] = history[len(history) - max(kept) :]

    def after(self, *history: int) -> tuple[int, ...]:
        """Returns what counts of a history that was looked up before."""
        return self._short[history]
