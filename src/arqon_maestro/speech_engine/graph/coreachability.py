"""Which states of L∘G are alone: no other state is reached with the labels that lead there.

From some phone on, a word is alone, as of those that may come here no other goes on alike. There
determinization has no choice to make. This is found out for a lexicon in which no pronunciation
begins with another one, as disambiguation symbols see to; of another, no state is called alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.graph.composition import Composition
from arqon_maestro.speech_engine.graph.fst import Flags, Fst, Positions, spans

#: Instead of the number of a state between words.
_INSIDE = -1


def alone_in_words(graph: Composition, lexicon: Fst) -> Flags:
    """Returns which states are in a word, and are reached alone wherever the word begins.

    Several states that the same labels lead to, from one place between words, are followed until
    they part.

    Args:
        graph: L∘G.
        lexicon: L.
    """
    fst, between = graph.fst, _between(lexicon)
    nothing = np.zeros(fst.num_states, np.bool_)
    if between is None or not fst.num_arcs:
        return nothing
    is_inside = between[graph.left] == _INSIDE
    width, labels = np.int64(graph.right.max()) + 1, np.int64(fst.ilabels.max()) + 1
    groups = between[graph.left] * width + graph.right
    silent = fst.ilabels == 0
    if (groups[fst.sources[silent]] != groups[fst.targets[silent]]).any():
        return nothing
    # A state in a word is a group of its own.
    groups[is_inside] = between.size * width + np.flatnonzero(is_inside)
    counts = np.diff(fst.offsets)
    states = np.flatnonzero(~is_inside | (counts > 1))
    numbers = groups[states]
    is_shared = np.zeros(fst.num_states, np.bool_)
    while states.size:
        arcs = spans(fst.offsets[states], counts[states])
        keys = np.repeat(numbers, counts[states]) * labels + fst.ilabels[arcs]
        order = np.argsort(keys)
        order = order[fst.ilabels[arcs[order]] > 0]
        keys, states = keys[order], fst.targets[arcs[order]].astype(np.int64)
        same = keys[1:] == keys[:-1]
        inside = is_inside[states]
        alike = np.where(inside[1:], inside[:-1], groups[states[1:]] == groups[states[:-1]])
        if not alike[same].all():
            return nothing
        several = np.append(same, False) | np.append(False, same)
        several &= inside
        numbers = np.cumsum(np.append(True, ~same))[several]
        states = states[several]
        is_shared[states] = True
    alone: Flags = is_inside & ~is_shared
    return alone


def _between(lexicon: Fst) -> Positions | None:
    """Returns a number for each state of L between words, `_INSIDE` for those in words.

    States between words are those that are entered in several ways. From the start on, the same
    labels lead only to such with one number, or only to states in words. Where that cannot be, as
    one word begins with another one, None is returned.
    """
    between = np.bincount(lexicon.targets, minlength=lexicon.num_states) != 1
    between[lexicon.start] = True
    # Through an epsilon one comes with the labels that led to the state before.
    silent = lexicon.ilabels == 0
    between[lexicon.targets[silent]] = True
    if not between[lexicon.sources[silent]].all():
        return None
    classes = np.where(between, np.arange(lexicon.num_states), _INSIDE)
    sources, targets = lexicon.sources[silent], lexicon.targets[silent]
    _unite(classes, np.append(sources, sources), np.append(sources, targets))
    while True:
        before = classes.copy()
        if not _unite_ends(lexicon, classes):
            return None
        if (classes == before).all():
            return classes


def _unite_ends(lexicon: Fst, classes: Positions) -> bool:
    """Gives one number to states between words that the same labels lead to.

    Returns:
        Whether no word begins with another one.
    """
    width = np.int64(lexicon.ilabels.max(initial=0)) + 1
    between = classes != _INSIDE
    prefixes = classes.copy()
    arcs = np.flatnonzero(between[lexicon.sources] & (lexicon.ilabels > 0))
    count = lexicon.num_states
    while arcs.size:
        keys = prefixes[lexicon.sources[arcs]] * width + lexicon.ilabels[arcs]
        states = lexicon.targets[arcs].astype(np.int64)
        ends = between[states]
        longer, numbers = np.unique(keys[~ends], return_inverse=True)
        if np.isin(keys[ends], longer).any():
            return False
        _unite(classes, keys[ends], states[ends])
        states = states[~ends]
        prefixes[states] = count + numbers
        count += longer.size
        arcs = spans(lexicon.offsets[states], np.diff(lexicon.offsets)[states])
    return True


def _unite(classes: Positions, keys: Positions, states: NDArray[np.integer]) -> None:
    """Gives one number to states with the same key, and to all that had a number of theirs."""
    _, groups = np.unique(keys, return_inverse=True)
    lowest = np.full(states.size, classes.size)
    np.minimum.at(lowest, groups, classes[states])
    renamed = np.arange(classes.size)
    np.minimum.at(renamed, classes[states], lowest[groups])
    named = classes != _INSIDE
    classes[named] = renamed[classes[named]]
