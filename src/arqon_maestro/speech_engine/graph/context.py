"""CLG: phones in context. Left biphones and monophones by us, wider windows by the wheel.

Source: Kaldi's ``fstext/context-fst`` and ``fstext/grammar-context-fst``. An input label of CLG
stands for a window of phones (central phone last but for right context); for a disambiguation
symbol; or, at nonterminals, for a symbol with the phone before it.

The context of a state is the phone that came last, so an arc with a phone forgets the context it
left with: which contexts a state is reached in follows from the arcs into it, and only arcs
without a phone carry contexts on. That makes a composition of whole arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import (
    NOT_FINAL,
    STATES_AT_ONCE,
    Costs,
    Fst,
    Labels,
    spans,
)
from arqon_maestro.speech_engine.graph.joining import put_together

#: Numbers of nonterminal symbols, counted from ``#nonterm_bos``.
BOS, BEGIN, END, REENTER, USER_DEFINED = range(5)

#: Code of the empty window.
_NOTHING = 0

Window = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ContextGraph:
    """CLG.

    Attributes:
        fst: with positions in `windows` as input labels.
        windows: what each label stands for: nothing for 0; a window of phones; ``(-symbol,)``;
            or, ``(-nonterminal, phone)``.
    """

    fst: Fst
    windows: list[Window]


@dataclass(frozen=True)
class Symbols:
    """What the input labels of LG are.

    Attributes:
        disambiguation: numbers of the disambiguation symbols.
        nonterminal_offset: number of ``#nonterm_bos``; None without nonterminals.
    """

    disambiguation: Sequence[int]
    nonterminal_offset: int | None = None


def left_biphones(graph: Fst, symbols: Symbols) -> ContextGraph:
    """Composes LG with the left-biphone context, nonterminals included.

    Args:
        graph: LG.
        symbols: of its input side.
    """
    return _LeftBiphones(graph, symbols).compose()


def monophones(graph: Fst, symbols: Symbols) -> ContextGraph:
    """Relabels LG for a model without context.

    With nonterminals the left phone still matters to where graphs are joined: the windows are
    those of left biphones, shortened.
    """
    if symbols.nonterminal_offset is not None:
        found = left_biphones(graph, symbols)
        shorter = [w[1:] if len(w) == 2 and w[0] >= 0 else w for w in found.windows]
        return ContextGraph(found.fst, shorter)
    labels, inverse = np.unique(graph.ilabels, return_inverse=True)
    disambiguation = set(symbols.disambiguation)
    shift = 0 if labels.size and labels[0] == 0 else 1
    windows: list[Window] = [()]
    for label in labels[labels > 0].tolist():
        windows.append((-label,) if label in disambiguation else (label,))
    fst = Fst(
        graph.start,
        graph.finals,
        graph.offsets,
        (inverse + shift).astype(np.int32),
        graph.olabels,
        graph.weights,
        graph.targets,
    )
    return ContextGraph(fst.sorted_by_input(), windows)


class _LeftBiphones:
    """Classes of arcs, then states (state of LG, context) in order, then arcs."""

    def __init__(self, graph: Fst, symbols: Symbols) -> None:
        self.graph = graph
        highest = int(graph.ilabels.max(initial=0))
        offset = symbols.nonterminal_offset
        self.offset = highest + 1 if offset is None else offset
        # Contexts: 0 nothing yet, 1… a phone; then those inside the marks of nonterminals.
        self.contexts = max(highest, self.offset + USER_DEFINED) + 1
        labels = graph.ilabels
        self.labels = labels
        self.is_user = labels >= self.offset + USER_DEFINED
        self.is_mark = (labels >= self.offset) & ~self.is_user
        self.is_symbol = np.isin(labels, np.asarray(symbols.disambiguation, np.int64))
        self.is_phone = (labels > 0) & ~self.is_symbol & ~self.is_mark & ~self.is_user
        if (self.is_symbol & (self.is_mark | self.is_user)).any():
            raise DataError("nonterminals among the disambiguation symbols", why="of a lang folder")

    def compose(self) -> ContextGraph:
        keys = self._states()
        parts: list[tuple[NDArray[Any], ...]] = [
            self._arcs(keys, first, min(first + STATES_AT_ONCE, keys.size))
            for first in range(0, keys.size, STATES_AT_ONCE)
        ]
        sources, codes, outputs, targets, weights = put_together(parts)
        labels, windows = self._windows(codes)
        states, contexts = np.divmod(keys, self.contexts)
        finals = self.graph.finals[states]
        finals[~self._may_end(contexts)] = NOT_FINAL
        start = int(np.searchsorted(keys, np.int64(self.graph.start) * self.contexts))
        fst = Fst.of(start, finals, sources, labels, outputs, weights, targets)
        return ContextGraph(fst.connected().sorted_by_input(), windows)

    def _arcs(
        self, keys: NDArray[np.int64], first: int, stop: int
    ) -> tuple[Labels, Labels, Labels, Labels, Costs]:
        """Returns the arcs of some states: sources, codes of windows, outputs, targets, costs."""
        graph = self.graph
        states, contexts = np.divmod(keys[first:stop], self.contexts)
        counts = np.diff(graph.offsets)[states]
        arcs = spans(graph.offsets[states], counts)
        sources = np.repeat(np.arange(first, stop, dtype=np.int32), counts)
        right, codes = self._moves(arcs, np.repeat(contexts, counts))
        valid = codes >= 0
        arcs = arcs[valid]
        wanted = graph.targets[arcs] * np.int64(self.contexts) + right[valid]
        targets = np.searchsorted(keys, wanted).astype(np.int32)
        outputs, weights = graph.olabels[arcs], graph.weights[arcs]
        return sources[valid], codes[valid], outputs, targets, weights

    def _may_end(self, contexts: NDArray[np.int64]) -> NDArray[np.bool_]:
        outside: NDArray[np.bool_] = contexts != self.offset + BEGIN
        outside &= contexts != self.offset + USER_DEFINED
        return outside

    def _states(self) -> NDArray[np.int64]:
        """Returns all (state, context) that may be reached, as sorted keys."""
        graph = self.graph
        targets = graph.targets.astype(np.int64)
        width = np.int64(self.contexts)
        phone = self.is_phone
        bos = self.labels == self.offset + BOS
        parts = [
            np.array([graph.start], np.int64) * width,
            targets[phone] * width + self.labels[phone],
            targets[bos] * width,
            targets[self.is_user] * width + (self.offset + USER_DEFINED),
        ]
        for mark in (BEGIN, END):
            found = self.labels == self.offset + mark
            parts.append(targets[found] * width + (self.offset + mark))
        seen = np.unique(np.concatenate(parts))
        wave = seen
        silent = ~phone & ~self.is_mark & ~self.is_user
        has_silent = np.zeros(graph.num_states, np.bool_)
        has_silent[graph.sources[silent]] = True
        while wave.size:
            wave = wave[has_silent[wave // width]]
            states, contexts = np.divmod(wave, width)
            counts = np.diff(graph.offsets)[states]
            arcs = spans(graph.offsets[states], counts)
            carried = np.repeat(contexts, counts)[silent[arcs]]
            arcs = arcs[silent[arcs]]
            found = np.unique(targets[arcs] * width + carried)
            places = np.searchsorted(seen, found).clip(max=seen.size - 1)
            wave = found[seen[places] != found]
            seen = np.sort(np.concatenate([seen, wave])) if wave.size else seen
        return seen

    def _moves(
        self, arcs: NDArray[np.int64], left: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Labels]:
        """Returns for arcs in a context: the context after them, and the code of their window.

        The code is -1 where the context does not allow the arc.
        """
        labels = self.labels[arcs]
        begin, end, user = (self.offset + mark for mark in (BEGIN, END, USER_DEFINED))
        ordinary = (left != begin) & (left != end) & (left != user)
        inside = (left == begin) | (left == user)
        phone, named = self.is_phone[arcs], self.is_user[arcs] & ordinary
        bos = labels == self.offset + BOS
        before = np.where(left == 0, self.offset + BOS, left)
        right = np.where(phone, labels, left)
        right[bos] = 0
        codes = np.full(arcs.size, -1, np.int32)
        codes[labels == 0] = _NOTHING
        plain = phone & ordinary
        codes[plain] = self._code(left[plain], labels[plain])
        symbol = self.is_symbol[arcs] & ordinary
        codes[symbol] = self._code(-labels[symbol])
        enters = (phone | bos) & inside
        mark = np.where(left[enters] == begin, begin, self.offset + REENTER)
        codes[enters] = self._code(-mark, labels[enters])
        codes[named] = self._code(-labels[named], before[named])
        right[named] = user
        ends = (labels == end) & ordinary
        codes[ends] = self._code(-labels[ends], before[ends])
        right[ends] = end
        begins = (labels == begin) & (left == 0)
        codes[begins] = _NOTHING
        right[begins] = begin
        return right, codes

    def _code(
        self, first: NDArray[np.int64], second: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Packs a window of one or two parts into a number above `_NOTHING`."""
        last = np.zeros_like(first) if second is None else second + 1
        code: NDArray[np.int64] = (first + self.contexts) * (self.contexts + 1) + last
        return code + 1

    def _windows(self, codes: Labels) -> tuple[Labels, list[Window]]:
        """Numbers the windows that occur; returns each arc's label, and what they stand for."""
        width = self.contexts + 1
        occurs = np.zeros(2 * self.contexts * width + 1, np.bool_)
        occurs[codes] = True
        occurs[_NOTHING] = True
        numbers = np.cumsum(occurs, dtype=np.int32) - 1
        windows: list[Window] = [()]
        for code in np.flatnonzero(occurs)[1:].tolist():
            left, last = divmod(code - 1, width)
            left -= self.contexts
            windows.append((left,) if last == 0 else (left, last - 1))
        return numbers[codes], windows
