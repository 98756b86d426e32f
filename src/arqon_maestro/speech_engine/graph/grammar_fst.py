"""G: an n-gram model as an acceptor of words, with ``#0`` on the arcs that back off.

Source: Kaldi's ``arpa2fst`` (``lm/arpa-lm-compiler``). A state is a history; one that only backs
off is left out, and what leads to it goes on to the shorter history at once. Arrays throughout.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START
from arqon_maestro.speech_engine.ngram.trie import ABSENT, keys_of, locate

_LN10 = float(np.log(10.0))
_ROOT = 0
_NO_WORD = -1

Nodes = NDArray[np.int64]
Costs = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grammar:
    """G, and what of the model it lacks.

    Attributes:
        fst: sorted by input label.
        left_out: n-grams with a word that the symbol table lacks.
        missing_words: those words.
    """

    fst: Fst
    left_out: int
    missing_words: tuple[str, ...]


def grammar_fst(
    model: NgramModel,
    words: Mapping[str, int],
    *,
    disambiguation: int,
    silent_words: Collection[str] = (),
) -> Grammar:
    """Builds G.

    Args:
        model: the model; all its orders are used.
        words: number of each word of the graph.
        disambiguation: number of ``#0`` among the words, on the input side of back-off arcs.
        silent_words: words that are accepted but not put out, such as ``#nonterm:hint``.

    Raises:
        DataError: a model without 1-grams, ``<s>`` or ``</s>``, or no word of it in the symbol
            table.
    """
    if not model.sizes[0]:
        raise DataError("a language model without 1-grams", why="it has no words")
    for mark in (SENTENCE_START, SENTENCE_END):
        if mark not in model.word_ids:
            raise DataError(f"a language model without {mark}", why="it cannot begin or end")
    marks = {SENTENCE_START, SENTENCE_END}
    labels = np.array(
        [_NO_WORD if word in marks else words.get(word, _NO_WORD) for word in model.vocabulary],
        np.int32,
    )
    if (labels >= 0).sum() == 0:
        raise DataError(
            "no word of the language model is a word of the graph",
            why="the model and words.txt belong to different vocabularies",
        )
    nodes = _nodes(model, labels)
    silent = np.array([words[word] for word in silent_words if word in words], np.int32)
    fst = _fst(model, nodes, labels, silent, disambiguation)
    missing = [word for word in model.vocabulary if word not in words and word not in marks]
    left_out = int((~nodes.kept[1:]).sum())
    return Grammar(fst.connected().sorted_by_input(), left_out, tuple(missing))


def _cost(log10: Costs) -> Costs:
    """Natural logarithms as Kaldi rounds them, with the sign changed."""
    costs: Costs = -(log10.astype(np.float64) * _LN10).astype(np.float32)
    return costs


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The empty history, then the n-grams of all orders, as one array.

    Attributes:
        firsts: node of the first n-gram of each order, and one past the last.
        words: `(nodes,)` last word of each n-gram; -1 at the empty history.
        parents: `(nodes,)` node without the last word.
        kept: `(nodes,)` whether all words are words of the graph.
        is_state: `(nodes,)` whether more than backing off is known of it as a history.
        targets: `(nodes,)` the state that one is in after this n-gram.
        detours: `(nodes,)` back-off weights on the way there.
        backs: `(nodes,)` the longest n-gram that this one ends with.
        backoffs: `(nodes,)` cost of backing off.
    """

    firsts: list[int]
    words: Nodes
    parents: Nodes
    kept: Flags
    is_state: Flags
    targets: Nodes
    detours: Costs
    backs: Nodes
    backoffs: Costs


def _nodes(model: NgramModel, labels: NDArray[np.int32]) -> _Nodes:
    start, end = model.word_ids[SENTENCE_START], model.word_ids[SENTENCE_END]
    firsts = np.cumsum([1, *model.sizes]).tolist()
    levels = model.levels
    words = np.concatenate([[_NO_WORD], *(level.words for level in levels)]).astype(np.int64)
    parents = np.zeros(words.size, np.int64)
    for order in range(2, model.order + 1):
        parents[firsts[order - 1] : firsts[order]] = firsts[order - 2] + levels[order - 1].parents
    known = np.append(labels >= 0, True)
    known[[start, end]] = True
    kept = known[words]
    for first, stop in pairwise(firsts[1:]):
        kept[first:stop] &= kept[parents[first:stop]] & (words[first:stop] != start)
    backs = _backs(model, firsts, words, parents)
    backoffs = np.concatenate([[0], *(_cost(level.log10_backoffs) for level in levels)])
    is_state = np.zeros(words.size, np.bool_)
    is_state[parents[firsts[0] :][kept[firsts[0] :]]] = True
    is_state &= kept & (words != end)
    # One begins somewhere, and may back off to the empty history, whatever is known there.
    is_state[_ROOT] = True
    is_state[firsts[0] + start] = model.order > 1
    targets = np.arange(words.size)
    detours = np.zeros(words.size, np.float32)
    for first, stop in pairwise(firsts):
        own, back = is_state[first:stop], backs[first:stop]
        targets[first:stop] = np.where(own, targets[first:stop], targets[back])
        detours[first:stop] = np.where(own, 0, backoffs[first:stop] + detours[back])
    return _Nodes(firsts, words, parents, kept, is_state, targets, detours, backs, backoffs)


def _backs(model: NgramModel, firsts: list[int], words: Nodes, parents: Nodes) -> Nodes:
    """Returns for each node the longest n-gram, other than itself, that it ends with."""
    backs = np.zeros(words.size, np.int64)
    for order in range(2, model.order + 1):
        rows = np.arange(firsts[order - 1], firsts[order])
        histories = backs[parents[rows]]
        # A model with pruned n-grams may lack "b c" and have "a b c": then it is "c".
        for length in range(order - 1, 0, -1):
            open_rows = np.flatnonzero(
                (backs[rows] == _ROOT) & _has_length(histories, length - 1, firsts)
            )
            found = _children(model, firsts, histories[open_rows], words[rows[open_rows]], length)
            backs[rows[open_rows]] = found
            histories[open_rows] = backs[histories[open_rows]]
    return backs


def _has_length(nodes: Nodes, length: int, firsts: list[int]) -> Flags:
    if length == 0:
        root: Flags = nodes == _ROOT
        return root
    has: Flags = nodes >= firsts[length - 1]
    has &= nodes < firsts[length]
    return has


def _children(
    model: NgramModel, firsts: list[int], histories: Nodes, words: Nodes, length: int
) -> Nodes:
    """Returns the node of each history and word, of `length` words together; 0 if none is."""
    if length == 1:
        return firsts[0] + words
    positions = histories - firsts[length - 2]
    found = locate(model.keys[length - 1], keys_of(positions, words, model.word_bits))
    return np.where(found == ABSENT, _ROOT, firsts[length - 1] + found)


def _fst(
    model: NgramModel,
    nodes: _Nodes,
    labels: NDArray[np.int32],
    silent: NDArray[np.int32],
    disambiguation: int,
) -> Fst:
    end = model.word_ids[SENTENCE_END]
    start = model.word_ids[SENTENCE_START]
    probabilities = [level.log10_probabilities for level in model.levels]
    costs = _cost(np.concatenate([np.zeros(1, np.float32), *probabilities]))
    numbers = np.cumsum(nodes.is_state) - 1
    ends = nodes.kept & (nodes.words == end)
    finals = np.full(int(nodes.is_state.sum()), NOT_FINAL)
    finals[numbers[nodes.parents[ends]]] = costs[ends]
    moves = np.flatnonzero(nodes.kept & (nodes.words != end) & (nodes.words != start))
    moves = moves[moves != _ROOT]
    inputs = labels[nodes.words[moves]]
    outputs = np.where(np.isin(inputs, silent), 0, inputs)
    back = np.flatnonzero(nodes.is_state)[1:]
    target = nodes.backs[back]
    nothing = np.zeros(back.size, np.int32)
    first = nodes.firsts[0] + start
    return Fst.of(
        int(numbers[first]) if nodes.is_state[first] else _ROOT,
        finals,
        numbers[np.concatenate([nodes.parents[moves], back])],
        np.concatenate([inputs, nothing + disambiguation]),
        np.concatenate([outputs, nothing]),
        np.concatenate(
            [costs[moves] + nodes.detours[moves], nodes.backoffs[back] + nodes.detours[target]]
        ),
        numbers[np.concatenate([nodes.targets[moves], nodes.targets[target]])],
    )
