"""Takes states out of a graph while it is determinized that determinization would only copy.

From some phone on, a word is alone (see `coreachability`). Time and memory of determinization go
with the number of states; so the states on such a tail are left out, the label before it stands for
all of it, and the tail is put back afterwards. What comes out is what determinizing all of it
gives, state by state and arc by arc.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arqon_maestro.speech_engine.graph.composition import Composition
from arqon_maestro.speech_engine.graph.coreachability import alone_in_words
from arqon_maestro.speech_engine.graph.fst import (
    NOT_FINAL,
    Flags,
    Fst,
    Labels,
    Positions,
    spans,
)

NO_TAIL = 0


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


def folded(composition: Composition, lexicon: Fst) -> tuple[Fst, Folding]:
    """Leaves the tails out of L∘G.

    Args:
        composition: L∘G.
        lexicon: L.

    Returns:
        The rest of the graph; and what its labels stand for.
    """
    graph = composition.fst
    tail_of, heads, rests = _tails(graph, alone_in_words(composition, lexicon))
    is_tail = tail_of != NO_TAIL
    ends = np.arange(graph.num_states, dtype=np.int32)
    inside = np.flatnonzero(is_tail)
    while inside.size:
        ends[inside] = graph.targets[graph.offsets[ends[inside]]]
        inside = inside[is_tail[ends[inside]]]
    keep = ~is_tail[graph.sources]
    targets = graph.targets[keep]
    keys = graph.ilabels[keep] * np.int64(heads.size) + tail_of[targets]
    # Epsilon remains 0.
    names, labels = np.unique(np.append(keys, 0), return_inverse=True)
    numbers = np.cumsum(~is_tail, dtype=np.int32) - 1
    less = Fst(
        int(numbers[graph.start]),
        graph.finals[~is_tail],
        np.concatenate([[0], np.cumsum(np.diff(graph.offsets)[~is_tail])]).astype(np.int64),
        labels[:-1].astype(np.int32),
        graph.olabels[keep],
        graph.weights[keep],
        numbers[ends[targets]],
    )
    first, following = (part.astype(np.int32) for part in np.divmod(names, heads.size))
    return less, Folding(first, following, heads, rests)


def _tails(graph: Fst, is_alone: Flags) -> tuple[Labels, Labels, Labels]:
    """Returns the tail that begins at each state, and heads and rests of all tails."""
    states = _tail_states(graph, is_alone)
    arcs = graph.offsets[states]
    tail_of = np.full(graph.num_states, NO_TAIL, np.int32)
    is_open = np.zeros(graph.num_states, np.bool_)
    is_open[states] = True
    heads, rests = [np.zeros(1, np.int32)], [np.zeros(1, np.int32)]
    count = 1
    while states.size:
        # From the ends to the beginnings, as tails are told apart by all of their labels.
        ready = ~is_open[graph.targets[arcs]]
        labels, rest = graph.ilabels[arcs[ready]], tail_of[graph.targets[arcs[ready]]]
        keys, numbers = np.unique(labels * np.int64(count) + rest, return_inverse=True)
        tail_of[states[ready]] = count + numbers
        is_open[states[ready]] = False
        head, rest = (part.astype(np.int32) for part in np.divmod(keys, count))
        heads.append(head)
        rests.append(rest)
        count += keys.size
        states, arcs = states[~ready], arcs[~ready]
    return tail_of, np.concatenate(heads), np.concatenate(rests)


def _tail_states(graph: Fst, is_alone: Flags) -> Positions:
    """Returns the states that can be left out: alone, and with one way on that costs nothing."""
    single = is_alone & (np.diff(graph.offsets) == 1) & ~graph.is_final
    states = np.flatnonzero(single)
    arcs = graph.offsets[states]
    targets = graph.targets[arcs]
    entries = np.bincount(graph.targets, minlength=graph.num_states)
    plain = (graph.olabels[arcs] == 0) & (graph.weights[arcs] == 0)
    plain &= is_alone[targets] & (entries[targets] == 1)
    found: Positions = states[plain]
    return found


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
