"""Merges states that nothing tells apart: minimization with labels and costs taken as one.

As Kaldi's ``fstminimizeencoded`` does with OpenFst. The partition of the states is refined by
Moore's algorithm over whole arrays: states are alike if their arcs have the same labels and costs
and lead to states that are alike. A state's arcs are compared by a 64-bit sum of hashes; that
states of one class are equal is then checked arc by arc.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import WorkFailedError
from arqon_maestro.speech_engine.graph.fst import STATES_AT_ONCE, Fst, spans

#: Odd numbers that spread bits, from the finalizer of MurmurHash3.
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7)
_NOT_FINAL_CODE = np.iinfo(np.int64).max

Hashes = NDArray[np.uint64]
Classes = NDArray[np.int64]


def minimized(graph: Fst, tolerance: float) -> Fst:
    """Returns the transducer with states merged that nothing tells apart.

    Args:
        graph: deterministic for the least result; others are made smaller, too.
        tolerance: costs count as the same if they round to the same multiple of it.

    Raises:
        WorkFailedError: hashes that collide with every seed.
    """
    if graph.start < 0:
        return graph
    finals = _codes(graph.finals, tolerance)
    for seed in _SEEDS:
        classes = _classes(graph, tolerance, finals, seed)
        firsts = _first_members(classes)
        if _equal(graph, tolerance, finals, classes, firsts):
            return _merged(graph, classes, firsts)
    raise WorkFailedError("states that differ have the same hashes, three times")


def _codes(costs: NDArray[np.float32], tolerance: float) -> Classes:
    """Returns costs as whole multiples of the tolerance."""
    codes = np.full(costs.size, _NOT_FINAL_CODE)
    finite = np.isfinite(costs)
    codes[finite] = np.rint(costs[finite].astype(np.float64) / tolerance).astype(np.int64)
    return codes


def _mixed(values: Hashes) -> Hashes:
    """Spreads the bits of each value, in place."""
    values ^= values >> _SHIFT
    values *= _FIRST_FACTOR
    values ^= values >> _SHIFT
    values *= _SECOND_FACTOR
    values ^= values >> _SHIFT
    return values


def _classes(graph: Fst, tolerance: float, finals: Classes, seed: int) -> Classes:
    """Returns a number for each state, the same for those that are alike."""
    arcs = np.empty(graph.num_arcs, np.uint64)
    for _, rows in graph.blocks():
        labels = graph.ilabels[rows].astype(np.uint64) << np.uint64(32)
        labels |= graph.olabels[rows].astype(np.uint64)
        mixed = _mixed(labels ^ np.uint64(seed))
        arcs[rows] = _mixed(mixed ^ _codes(graph.weights[rows], tolerance).view(np.uint64))
    ends = _mixed(finals.view(np.uint64) ^ np.uint64(seed))
    classes = np.zeros(graph.num_states, np.int64)
    count = 1
    while True:
        places = _mixed(classes.astype(np.uint64) + np.uint64(seed))
        hashes = _mixed(ends + places)
        for states, rows in graph.blocks():
            # A sum over the arcs, as their order must not matter.
            ways = _mixed(arcs[rows] + places[graph.targets[rows]])
            hashes[states] += graph.summed(ways, states)
        del places, classes
        _, classes = np.unique(hashes, return_inverse=True)
        found = int(classes.max()) + 1
        if found == count:
            return classes
        count = found


def _first_members(classes: Classes) -> Classes:
    """Returns the first state of each class."""
    firsts = np.empty(int(classes.max()) + 1, np.int64)
    firsts[classes[::-1]] = np.arange(classes.size - 1, -1, -1)
    return firsts


def _equal(
    graph: Fst, tolerance: float, finals: Classes, classes: Classes, firsts: Classes
) -> bool:
    """Returns whether each state has the arcs of its class's first, into the same classes."""
    everything = np.flatnonzero(firsts[classes] != np.arange(classes.size))
    for place in range(0, everything.size, STATES_AT_ONCE):
        others = everything[place : place + STATES_AT_ONCE]
        models = firsts[classes[others]]
        if (finals[others] != finals[models]).any():
            return False
        theirs, wanted = (_arcs(graph, states, tolerance, classes) for states in (others, models))
        if not all(map(np.array_equal, theirs, wanted)):
            return False
    return True


def _arcs(
    graph: Fst, states: Classes, tolerance: float, classes: Classes
) -> tuple[NDArray[np.integer], ...]:
    """Returns the arcs of states, each state's in an order of their own, as columns."""
    counts = np.diff(graph.offsets)[states]
    arcs = spans(graph.offsets[states], counts)
    columns = (
        classes[graph.targets[arcs]],
        _codes(graph.weights[arcs], tolerance),
        graph.olabels[arcs],
        graph.ilabels[arcs],
        np.repeat(np.arange(states.size), counts),
    )
    order = np.lexsort(columns)
    return tuple(column[order] for column in columns)


def _merged(graph: Fst, classes: Classes, firsts: Classes) -> Fst:
    """Returns one state for each class, in the order of their first members."""
    order = np.argsort(firsts)
    numbers = np.empty(firsts.size, np.int32)
    numbers[order] = np.arange(firsts.size, dtype=np.int32)
    kept = firsts[order]
    counts = np.diff(graph.offsets)[kept]
    arcs = spans(graph.offsets[kept], counts)
    return Fst(
        int(numbers[classes[graph.start]]),
        graph.finals[kept],
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        graph.ilabels[arcs],
        graph.olabels[arcs],
        graph.weights[arcs],
        numbers[classes[graph.targets[arcs]]],
    )
