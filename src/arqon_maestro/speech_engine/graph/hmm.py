"""H: the transition ids of each window of phones, and its composition with CLG.

Source: Kaldi's ``hmm/hmm-utils`` (``GetHTransducer``). Self-loops come later (`self_loops`):
without them determinization has less to do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.context import Window
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst, Labels, spans
from arqon_maestro.speech_engine.kaldi.topology import NO_PDF, HmmState
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import ContextDependency

#: Labels of nonterminals in H and HCLG: this, and (nonterminal * multiple + phone before it).
NONTERMINAL_LABELS = 10_000_000
_ENCODING_STEP = 1000


@dataclass(frozen=True)
class Move:
    """A transition of a phone, between its states: 0 is the first, `last` stands for its end."""

    source: int
    target: int
    label: int
    cost: float


@dataclass(frozen=True)
class PhoneHmm:
    """The transitions of a phone in a window, without self-loops.

    Attributes:
        moves: from state to state.
        last: number of the end; the states between it and 0 are the phone's own.
    """

    moves: tuple[Move, ...]
    last: int

    @classmethod
    def single(cls, label: int) -> PhoneHmm:
        """Returns one that is one label long."""
        return cls((Move(0, 1, label, 0.0),), 1)

    def entered_once(self) -> PhoneHmm:
        """Returns it with a first state that none of its own transitions leads to."""
        if all(move.target != 0 for move in self.moves):
            return self
        moved = (Move(m.source + 1, m.target + 1, m.label, m.cost) for m in self.moves)
        return PhoneHmm((Move(0, 1, 0, 0.0), *moved), self.last + 1)


@dataclass(frozen=True, eq=False)
class HTransducer:
    """H: for each label of CLG what it is in transition ids.

    Attributes:
        hmms: different ones.
        of_label: `(labels,)` position in `hmms`.
        disambiguation: transition ids that stand for disambiguation symbols.
    """

    hmms: list[PhoneHmm]
    of_label: NDArray[np.int64]
    disambiguation: Labels


def encoding_multiple(nonterminal_offset: int) -> int:
    """Returns the factor of a nonterminal in its label: a round number above all phones."""
    return _ENCODING_STEP * ((nonterminal_offset + _ENCODING_STEP) // _ENCODING_STEP)


def h_transducer(
    windows: Sequence[Window],
    tree: ContextDependency,
    model: TransitionModel,
    *,
    transition_scale: float = 1.0,
    nonterminal_offset: int | None = None,
) -> HTransducer:
    """Builds H, without self-loops.

    Args:
        windows: what the labels of CLG stand for; the first is epsilon.
        tree: of the acoustic model.
        model: its transition model.
        transition_scale: of the costs of transitions.
        nonterminal_offset: number of ``#nonterm_bos``.

    Raises:
        DataError: a phone that the model lacks, or a tree of another model.
    """
    phones = _PhoneHmms(tree, model, transition_scale)
    first_symbol = model.num_transition_ids + 1
    symbols = 0
    numbers: dict[PhoneHmm, int] = {}
    of_label = []
    for window in windows:
        if not window:
            hmm = PhoneHmm.single(0)
        elif len(window) == 1 and window[0] <= 0:
            # (0,) is a symbol too: the wheel's, for the end of an utterance with right context.
            hmm = PhoneHmm.single(first_symbol + symbols)
            symbols += 1
        elif window[0] >= 0:
            hmm = phones.of(window)
        elif nonterminal_offset is None:
            raise DataError("a nonterminal in a graph without any", why=f"label {-window[0]}")
        else:
            multiple = encoding_multiple(nonterminal_offset)
            hmm = PhoneHmm.single(NONTERMINAL_LABELS - window[0] * multiple + window[1])
        of_label.append(numbers.setdefault(hmm, len(numbers)))
    disambiguation = np.arange(first_symbol, first_symbol + symbols, dtype=np.int32)
    return HTransducer(list(numbers), np.array(of_label, np.int64), disambiguation)


class _PhoneHmms:
    """The HMMs of phones in windows, each made once."""

    def __init__(self, tree: ContextDependency, model: TransitionModel, scale: float) -> None:
        self.tree = tree
        self.model = model
        self.scale = scale
        self.known: dict[tuple[int, ...], PhoneHmm] = {}

    def of(self, window: Window) -> PhoneHmm:
        if len(window) != self.tree.width:
            raise DataError(
                f"windows of {len(window)} phones for a tree of {self.tree.width}",
                why="the graph was made for another model",
            )
        phone = window[self.tree.central]
        pdfs = tuple(self._pdf(window, c) for c in range(self.model.topology.pdf_classes(phone)))
        key = (phone, *pdfs)
        if key not in self.known:
            self.known[key] = self._made(phone, pdfs).entered_once()
        return self.known[key]

    def _pdf(self, window: Window, pdf_class: int) -> int:
        pdf = self.tree.pdf(window, pdf_class)
        if pdf is None:
            raise DataError(
                f"the tree has no pdf for class {pdf_class} of the phones {window}",
                why="the tree belongs to another model, or to other phones",
            )
        return pdf

    def _made(self, phone: int, pdfs: tuple[int, ...]) -> PhoneHmm:
        states = self.model.topology.states(phone)
        moves = []
        for number, state in enumerate(states):
            emits = state.forward_class != NO_PDF
            first = self._first_id(phone, number, state, pdfs) if emits else 0
            for index, (target, probability) in enumerate(state.transitions):
                if target == number:
                    continue
                if emits:
                    cost = -self.model.leaving_log_probability(first + index)
                else:
                    cost = -math.log(probability)
                moves.append(Move(number, target, first + index if emits else 0, cost * self.scale))
        return PhoneHmm(tuple(moves), len(states) - 1)

    def _first_id(self, phone: int, number: int, state: HmmState, pdfs: tuple[int, ...]) -> int:
        pair = pdfs[state.forward_class], pdfs[state.self_loop_class]
        row = self.model.transition_state(phone, number, *pair)
        if row is None:
            raise DataError(
                f"the transition model has no state {number} of phone {phone} with pdfs "
                f"{pair[0]} and {pair[1]}",
                why="tree and final.mdl belong to different models",
            )
        return int(self.model.first_ids[row])


def expanded(graph: Fst, transducer: HTransducer) -> Fst:
    """Composes H with CLG: each arc becomes the HMM of its label.

    The states inside an HMM are shared by all arcs with this HMM that lead to the same place, as
    in a composition. It puts out its word where it is entered.
    """
    entries, inner = (_columns(transducer.hmms, first=first) for first in (True, False))
    own_states = np.array([hmm.last - 1 for hmm in transducer.hmms], np.int64)
    if not own_states.any() and (entries.counts == 1).all():
        # A chain model's phone is one transition: each arc stays one arc.
        labels = entries.labels[transducer.of_label].astype(np.int32)
        costs = entries.costs[transducer.of_label]
        weights = np.empty_like(graph.weights)
        for _, arcs in graph.blocks():
            weights[arcs] = graph.weights[arcs] + costs[graph.ilabels[arcs]]
        return replace(graph, ilabels=labels[graph.ilabels], weights=weights)
    hmms = transducer.of_label[graph.ilabels]
    longer = own_states[hmms] > 0
    width = np.int64(len(transducer.hmms))
    keys = graph.targets * width + hmms
    shared = np.unique(keys[longer])
    shared_hmms = shared % width
    ends = np.cumsum(own_states[shared_hmms])
    firsts = graph.num_states + ends - own_states[shared_hmms]
    total = graph.num_states + (int(ends[-1]) if ends.size else 0)
    places = np.searchsorted(shared, keys)
    first_of = np.full(graph.num_arcs, -1, np.int64)
    first_of[longer] = firsts[places[longer]]
    owner, rows = entries.of(hmms)
    inner_owner, inner_rows = inner.of(shared_hmms)
    inner_firsts = firsts[inner_owner]
    nothing = np.zeros(inner_rows.size, np.int32)
    return Fst.of(
        graph.start,
        np.concatenate([graph.finals, np.full(total - graph.num_states, NOT_FINAL)]),
        np.concatenate([graph.sources[owner], inner_firsts + inner.sources[inner_rows] - 1]),
        np.concatenate([entries.labels[rows], inner.labels[inner_rows]]),
        np.concatenate([graph.olabels[owner], nothing]),
        np.concatenate([graph.weights[owner] + entries.costs[rows], inner.costs[inner_rows]]),
        np.concatenate(
            [
                entries.landings(rows, first_of[owner], graph.targets[owner]),
                inner.landings(inner_rows, inner_firsts, shared[inner_owner] // width),
            ]
        ),
    )


@dataclass(frozen=True, eq=False)
class _MoveColumns:
    """Moves of all HMMs one after the other, `(moves,)` each; `starts`, `counts` by HMM."""

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    labels: NDArray[np.int64]
    costs: NDArray[np.float64]
    leaves: NDArray[np.bool_]

    def of(self, hmms: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns for each move of each HMM which of `hmms` it is of, and its row."""
        counts = self.counts[hmms]
        return np.repeat(np.arange(hmms.size), counts), spans(self.starts[hmms], counts)

    def landings(
        self, rows: NDArray[np.int64], firsts: NDArray[np.int64], ends: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Returns the graph state that each move leads to.

        Args:
            rows: of the moves.
            firsts: state 1 of the HMM, in the graph.
            ends: state after the HMM, in the graph.
        """
        return np.where(self.leaves[rows], ends, firsts + self.targets[rows] - 1)


def _columns(hmms: Sequence[PhoneHmm], *, first: bool) -> _MoveColumns:
    """Returns the moves out of the first states, or those inside."""
    rows = [[move for move in hmm.moves if (move.source == 0) == first] for hmm in hmms]
    counts = np.array([len(moves) for moves in rows], np.int64)
    flat = [move for moves in rows for move in moves]
    lasts = [hmm.last for hmm, moves in zip(hmms, rows, strict=True) for _ in moves]
    return _MoveColumns(
        np.cumsum(counts) - counts,
        counts,
        np.array([move.source for move in flat], np.int64),
        np.array([move.target for move in flat], np.int64),
        np.array([move.label for move in flat], np.int64),
        np.array([move.cost for move in flat], np.float64),
        np.array([move.target == last for move, last in zip(flat, lasts, strict=True)], np.bool_),
    )


def is_deterministic(graph: Fst) -> bool:
    """Returns whether no state has two arcs with the same input label, nor one with epsilon."""
    if (graph.ilabels == 0).any():
        return False
    width = np.int64(graph.ilabels.max(initial=0)) + 1
    for _, arcs in graph.blocks():
        keys = graph.sources[arcs] * width + graph.ilabels[arcs]
        keys.sort()
        if (keys[1:] == keys[:-1]).any():
            return False
    return True
