"""Takes the ends of words out of a graph while it is determinized, where they are one word's own.

From some phone on, no other pronunciation goes on alike, and there determinization has nothing to
do; but its time and memory go with the number of states. So the states between such phones are
left out: the phone before them stands for all of them, and they are put back afterwards. What
comes out is what determinizing all of it gives, state by state and arc by arc.

That needs a lexicon in which no pronunciation begins with another one; disambiguation symbols see
to it. Of a lexicon that is otherwise, all states stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.graph.fst import (
    NOT_FINAL,
    Flags,
    Fst,
    Labels,
    Positions,
    spans,
)

NO_TAIL = 0
_TAIL_LABEL = -1
#: Class of states that are not reached.
_OUTSIDE = -1


@dataclass(frozen=True, eq=False)
class Folding:
    """What the labels of a folded graph stand for: a label, and the tail that follows it.

    Attributes:
        labels: `(labels,)` the label of the graph as it was; in the same order.
        tails: `(labels,)` number of the tail after it, `NO_TAIL` for none.
        heads: `(tails,)` first label of each tail.
        rests: `(tails,)` number of the tail after that.
    """

    labels: Labels
    tails: Labels
    heads: Labels
    rests: Labels


def fold_lexicon(lexicon: Fst) -> tuple[Fst, Folding]:
    """Relabels L: the labels before tails stand for these, too, and tails are marked.

    Returns:
        L with as many states and arcs; and what its labels stand for.
    """
    tail_of, heads, rests = _tails(lexicon)
    following = np.where(tail_of[lexicon.sources] == NO_TAIL, tail_of[lexicon.targets], NO_TAIL)
    keys = lexicon.ilabels * np.int64(heads.size) + following
    # Epsilon remains 0.
    names, numbers = np.unique(np.append(keys, 0), return_inverse=True)
    inside = tail_of[lexicon.sources] != NO_TAIL
    ilabels = np.where(inside, _TAIL_LABEL, numbers[:-1]).astype(np.int32)
    labels, tails = (part.astype(np.int32) for part in np.divmod(names, heads.size))
    return replace(lexicon, ilabels=ilabels), Folding(labels, tails, heads, rests)


def _tails(lexicon: Fst) -> tuple[Labels, Labels, Labels]:
    """Returns the tail that begins at each state, and heads and rests of all tails."""
    states, arcs = _tail_states(lexicon)
    tail_of = np.full(lexicon.num_states, NO_TAIL, np.int32)
    is_open = np.zeros(lexicon.num_states, np.bool_)
    is_open[states] = True
    heads, rests = [np.zeros(1, np.int32)], [np.zeros(1, np.int32)]
    count = 1
    while states.size:
        # From the ends to the beginnings, as tails are told apart by all of their labels.
        ready = ~is_open[lexicon.targets[arcs]]
        labels, rest = lexicon.ilabels[arcs[ready]], tail_of[lexicon.targets[arcs[ready]]]
        keys, numbers = np.unique(labels * np.int64(count) + rest, return_inverse=True)
        tail_of[states[ready]] = count + numbers
        is_open[states[ready]] = False
        head, rest = (part.astype(np.int32) for part in np.divmod(keys, count))
        heads.append(head)
        rests.append(rest)
        count += keys.size
        states, arcs = states[~ready], arcs[~ready]
    return tail_of, np.concatenate(heads), np.concatenate(rests)


def _tail_states(lexicon: Fst) -> tuple[Positions, Positions]:
    """Returns the states that can be left out, and the only arc of each."""
    is_alone = _alone(lexicon)
    states = np.flatnonzero(is_alone & (np.diff(lexicon.offsets) == 1) & ~lexicon.is_final)
    arcs = lexicon.offsets[states]
    plain = (lexicon.olabels[arcs] == 0) & (lexicon.weights[arcs] == 0)
    plain &= is_alone[lexicon.targets[arcs]]
    return states[plain], arcs[plain]


def _alone(lexicon: Fst) -> Flags:
    """Returns which states are in a word, and in one alone: no other state is reached as they are.

    Those that can be reached with the same labels are put into one class. States that are entered
    in several ways are between words; inside a word, the class follows from the one before and
    from the label. If labels lead into a word and to its end, one word begins with another one,
    and no state is alone.
    """
    nothing = np.zeros(lexicon.num_states, np.bool_)
    between = np.bincount(lexicon.targets, minlength=lexicon.num_states) != 1
    between[lexicon.start] = True
    # Through an epsilon one comes with the labels that led to the state before.
    silent = lexicon.ilabels == 0
    between[lexicon.targets[silent]] = True
    if not between[lexicon.sources[silent]].all():
        return nothing
    classes = np.where(between, np.arange(lexicon.num_states), _OUTSIDE)
    _unite(classes, classes[lexicon.sources[silent]], lexicon.targets[silent])
    while True:
        before = classes[between]
        inside = _classify_words(lexicon, between, classes)
        if inside is None:
            return nothing
        if (classes[between] == before).all():
            break
    sizes = np.bincount(classes[inside] - lexicon.num_states, minlength=1)
    nothing[inside] = sizes[classes[inside] - lexicon.num_states] == 1
    return nothing


def _classify_words(lexicon: Fst, between: Flags, classes: Positions) -> Positions | None:
    """Gives the states in words their classes, and unites those of states where words end.

    Returns:
        The states in words; None if one word begins with another one.
    """
    width = np.int64(lexicon.ilabels.max(initial=0)) + 1
    arcs = np.flatnonzero(between[lexicon.sources] & (lexicon.ilabels > 0))
    count = lexicon.num_states
    words: list[Positions] = [np.zeros(0, np.int64)]
    while arcs.size:
        keys = classes[lexicon.sources[arcs]] * width + lexicon.ilabels[arcs]
        targets = lexicon.targets[arcs].astype(np.int64)
        ends = between[targets]
        prefixes, numbers = np.unique(keys[~ends], return_inverse=True)
        if np.isin(keys[ends], prefixes).any():
            return None
        _unite(classes, keys[ends], targets[ends])
        states = targets[~ends]
        classes[states] = count + numbers
        count += prefixes.size
        words.append(states)
        arcs = spans(lexicon.offsets[states], np.diff(lexicon.offsets)[states])
    return np.concatenate(words)


def _unite(classes: Positions, keys: Positions, states: NDArray[np.integer]) -> None:
    """Puts states between words with the same key into the same class, the lowest of theirs."""
    _, groups = np.unique(keys, return_inverse=True)
    lowest = np.full(states.size, classes.size)
    np.minimum.at(lowest, groups, classes[states])
    renamed = np.arange(classes.size)
    np.minimum.at(renamed, classes[states], lowest[groups])
    within = (classes >= 0) & (classes < classes.size)
    classes[within] = renamed[classes[within]]


def folded(graph: Fst) -> Fst:
    """Leaves the tails out of a graph that was composed with a folded lexicon."""
    counts = np.diff(graph.offsets)
    is_tail = np.zeros(graph.num_states, np.bool_)
    is_tail[graph.sources[graph.ilabels == _TAIL_LABEL]] = True
    ends = np.arange(graph.num_states, dtype=np.int32)
    inside = np.flatnonzero(is_tail)
    while inside.size:
        ends[inside] = graph.targets[graph.offsets[ends[inside]]]
        inside = inside[is_tail[ends[inside]]]
    keep = ~is_tail[graph.sources]
    numbers = np.cumsum(~is_tail, dtype=np.int32) - 1
    return Fst(
        int(numbers[graph.start]),
        graph.finals[~is_tail],
        np.concatenate([[0], np.cumsum(counts[~is_tail])]).astype(np.int64),
        graph.ilabels[keep],
        graph.olabels[keep],
        graph.weights[keep],
        numbers[ends[graph.targets[keep]]],
    )


def unfolded(graph: Fst, folding: Folding) -> Fst:
    """Puts the tails back.

    Args:
        graph: what determinization makes of a folded graph.
        folding: what its labels stand for.

    Returns:
        The graph, with its states in the order in which determinization finds them.
    """
    tail_before = np.full(graph.num_states, NO_TAIL, np.int32)
    tail_before[graph.targets] = folding.tails[graph.ilabels]
    ends = np.flatnonzero(tail_before)
    lengths = _lengths(folding)[tail_before]
    # Of an end's tail the states lie together, after the states of the graph.
    firsts = graph.num_states + np.cumsum(lengths) - lengths
    size = graph.num_states + int(lengths.sum())
    inside = np.arange(graph.num_states, size, dtype=np.int32)
    labels = np.empty(inside.size, np.int32)
    tails, places = tail_before[ends], firsts[ends] - graph.num_states
    while tails.size:
        labels[places] = folding.heads[tails]
        tails, places = folding.rests[tails], places + 1
        tails, places = tails[tails != NO_TAIL], places[tails != NO_TAIL]
    onward = inside + 1
    onward[firsts[ends] + lengths[ends] - 1 - graph.num_states] = ends
    targets = np.where(tail_before == NO_TAIL, np.arange(graph.num_states), firsts)
    nothing = np.zeros(inside.size, np.int32)
    whole = Fst(
        graph.start,
        np.concatenate([graph.finals, np.full(inside.size, NOT_FINAL)]),
        np.concatenate([graph.offsets, graph.num_arcs + 1 + np.arange(inside.size)]),
        np.concatenate([folding.labels[graph.ilabels], labels]),
        np.concatenate([graph.olabels, nothing]),
        np.concatenate([graph.weights, nothing.view(np.float32)]),
        np.concatenate([targets.astype(np.int32)[graph.targets], onward]),
    )
    return whole.renumbered(_numbers(graph, firsts, lengths))


def _lengths(folding: Folding) -> Positions:
    """Returns the number of labels of each tail."""
    lengths = np.zeros(folding.heads.size, np.int64)
    rests = np.arange(folding.heads.size, dtype=np.int32)
    while rests.any():
        lengths += rests != NO_TAIL
        rests = folding.rests[rests]
    return lengths


def _numbers(graph: Fst, firsts: Positions, lengths: Positions) -> Labels:
    """Returns the numbers that states have where those of tails are found like the others.

    Args:
        graph: the folded graph.
        firsts: `(S,)` first state of the tail before each state.
        lengths: `(S,)` states of that tail.
    """
    order, counts = _stack_order(graph)
    numbers = np.arange(graph.num_states + int(lengths.sum()), dtype=np.int32)
    if order.size < graph.num_states:
        # Outputs of several labels got states of their own behind all others.
        return numbers
    found: Positions = np.diff(np.append(counts, graph.num_states))
    own = lengths[order]
    # When a state is left, its tail has been gone through just before: to its end, this state.
    bases = np.cumsum(found + own) - (found + own) + 1
    finders = np.repeat(np.arange(order.size), found)
    entries = np.arange(graph.num_states)
    entries[lengths > 0] = firsts[lengths > 0]
    states = np.arange(1, graph.num_states)
    numbers[entries[1:]] = bases[finders] + own[finders] + states - counts[finders]
    numbers[order[own > 0]] = bases[own > 0] + own[own > 0] - 1
    inner = spans(firsts[order] + 1, np.maximum(own - 1, 0))
    numbers[inner] = spans(bases, np.maximum(own - 1, 0))
    return numbers


def _stack_order(graph: Fst) -> tuple[Positions, Positions]:
    """Returns the states as they are left, and how many were found before each was.

    Determinization leaves the state first that it found last. So the states that it finds are those
    with higher numbers than all before.
    """
    highest = np.full(graph.num_states, -1, np.int64)
    has_arcs = np.flatnonzero(np.diff(graph.offsets) > 0)
    if has_arcs.size:
        highest[has_arcs] = np.maximum.reduceat(graph.targets, graph.offsets[has_arcs])
    order, counts = (np.empty(graph.num_states, np.int64) for _ in range(2))
    tops, left, before = highest.data, order.data, counts.data
    stack = [graph.start]
    position, count = 0, 1
    while stack:
        state = stack.pop()
        left[position], before[position] = state, count
        position += 1
        top = tops[state]
        if top >= count:
            stack.extend(range(count, top + 1))
            count = top + 1
    return order[:position], counts[:position]
