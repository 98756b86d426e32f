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
from arqon_maestro.speech_engine.graph.fst import Fst, spans

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
    costs = _codes(graph.weights, tolerance)
    finals = _codes(graph.finals, tolerance)
    for seed in _SEEDS:
        classes = _classes(graph, costs, finals, seed)
        firsts = _first_members(classes)
        if _equal(graph, costs, finals, classes, firsts):
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


def _classes(graph: Fst, costs: Classes, finals: Classes, seed: int) -> Classes:
    """Returns a number for each state, the same for those that are alike."""
    labels = graph.ilabels.astype(np.uint64) << np.uint64(32)
    labels |= graph.olabels.astype(np.uint64)
    arcs = _mixed(labels ^ np.uint64(seed))
    arcs = _mixed(arcs ^ costs.view(np.uint64))
    ends = _mixed(finals.view(np.uint64) ^ np.uint64(seed))
    has_arcs = np.flatnonzero(np.diff(graph.offsets) > 0)
    starts = graph.offsets[:-1][has_arcs]
    classes = np.zeros(graph.num_states, np.int64)
    count = 1
    while True:
        places = _mixed(classes.astype(np.uint64) + np.uint64(seed))
        hashes = _mixed(ends + places)
        # A sum over the arcs, as their order must not matter.
        hashes[has_arcs] += np.add.reduceat(_mixed(arcs + places[graph.targets]), starts)
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


def _equal(graph: Fst, costs: Classes, finals: Classes, classes: Classes, firsts: Classes) -> bool:
    """Returns whether each state has the arcs of its class's first, into the same classes."""
    counts = np.diff(graph.offsets)
    others = np.flatnonzero(firsts[classes] != np.arange(classes.size))
    models = firsts[classes[others]]
    same = counts[others] == counts[models]
    if not same.all() or (finals[others] != finals[models]).any():
        return False
    theirs = _arcs_in_order(graph, others, costs, classes)
    wanted = _arcs_in_order(graph, models, costs, classes)
    columns = (graph.ilabels, graph.olabels, costs, classes[graph.targets])
    return all(bool((column[theirs] == column[wanted]).all()) for column in columns)


def _arcs_in_order(graph: Fst, states: Classes, costs: Classes, classes: Classes) -> Classes:
    """Returns the arcs of states one after the other, each state's in an order of their own."""
    counts = np.diff(graph.offsets)[states]
    arcs = spans(graph.offsets[states], counts)
    owners = np.repeat(np.arange(states.size), counts)
    keys = (classes[graph.targets[arcs]], costs[arcs], graph.olabels[arcs], graph.ilabels[arcs])
    return arcs[np.lexsort((*keys, owners))]


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
