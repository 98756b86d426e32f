"""Removes epsilons where that adds no arcs: Kaldi's ``fstrmepslocal``, over whole arrays.

Source: Kaldi's ``fstext/remove-eps-local``. Two arcs in a row become one if at most one of them
has an input label, and at most one an output label. That is done where the state between has one
way out, whatever leads into it; and where it has one way in. Kaldi goes from arc to arc; here all
arcs that don't touch one another are rewritten at once, again and again. Sentences and their
costs stay; how costs are spread along a path may differ. An arc that enters a nonterminal, or comes
back from one, is never made several: the runtime refuses two for one phone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.graph.fst import Flags, Fst, spans
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS

#: Chains of epsilons are short; what is left after so many rounds stays.
_MOST_ROUNDS = 50


def without_local_epsilons(graph: Fst) -> Fst:
    """Returns the transducer with fewer epsilons, and never more arcs."""
    graph = graph.connected()
    if graph.start < 0:
        return graph
    for _ in range(_MOST_ROUNDS):
        before = graph.num_states, graph.num_arcs
        graph = _through_single_exits(graph)
        graph = _through_single_entries(graph)
        if (graph.num_states, graph.num_arcs) == before:
            break
    return graph


def _degrees(graph: Fst) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the ways into and out of each state; beginning and ending count as ways."""
    entries = np.bincount(graph.targets, minlength=graph.num_states)
    entries[graph.start] += 1
    return entries, np.diff(graph.offsets) + graph.is_final


def _may_join(graph: Fst, first: NDArray[np.int64], second: NDArray[np.int64]) -> Flags:
    inputs = (graph.ilabels[first] == 0) | (graph.ilabels[second] == 0)
    joins: Flags = inputs & ((graph.olabels[first] == 0) | (graph.olabels[second] == 0))
    return joins


def _through_single_exits(graph: Fst) -> Fst:
    """Joins arcs with the only arc, or only final cost, of the state they lead to."""
    _, exits = _degrees(graph)
    targets = graph.targets
    single = (exits[targets] == 1) & (targets != graph.sources)
    ends = single & graph.is_final[targets] & (graph.ilabels == 0) & (graph.olabels == 0)
    arcs = np.flatnonzero(single & ~graph.is_final[targets])
    following = graph.offsets[targets[arcs]]
    # An arc to a state that only leads back to itself would never be done.
    joins = _may_join(graph, arcs, following) & (graph.targets[following] != targets[arcs])
    arcs, following = arcs[joins], following[joins]
    if not arcs.size and not ends.any():
        return graph
    result = _copy(graph)
    result.ilabels[arcs] |= graph.ilabels[following]
    result.olabels[arcs] |= graph.olabels[following]
    result.weights[arcs] += graph.weights[following]
    result.targets[arcs] = graph.targets[following]
    costs = graph.weights[ends] + graph.finals[targets[ends]]
    np.minimum.at(result.finals, graph.sources[ends], costs)
    return (result.kept_arcs(~ends) if ends.any() else result).accessible()


def _through_single_entries(graph: Fst) -> Fst:
    """Moves arcs, and final costs, of states with one entry to where that entry comes from."""
    entries, exits = _degrees(graph)
    targets = graph.targets.astype(np.int64)
    several = (entries[targets] == 1) & (exits[targets] > 1) & (targets != graph.sources)
    # The runtime wants one arc for each phone where a nonterminal is entered or come back from.
    several &= graph.ilabels < NONTERMINAL_LABELS
    arcs = np.flatnonzero(several)
    arcs = arcs[_has_partner(graph, arcs)]
    # One after the other: not those that leave a state which is itself about to be taken apart.
    taken = np.zeros(graph.num_states, np.bool_)
    taken[targets[arcs]] = True
    arcs = arcs[~taken[graph.sources[arcs]]]
    if not arcs.size:
        return graph
    return _taken_apart(graph, arcs)


def _has_partner(graph: Fst, arcs: NDArray[np.int64]) -> Flags:
    """Returns which arcs can be joined with something at the state they lead to."""
    silent_in, silent_out = graph.ilabels == 0, graph.olabels == 0
    flags = []
    for wanted in (silent_in, silent_out, silent_in & silent_out):
        has = np.zeros(graph.num_states, np.bool_)
        has[graph.sources[wanted]] = True
        flags.append(has[graph.targets[arcs]])
    needs_in, needs_out = ~silent_in[arcs], ~silent_out[arcs]
    return np.where(
        needs_in, np.where(needs_out, flags[2], flags[0]), np.where(needs_out, flags[1], True)
    )


def _taken_apart(graph: Fst, arcs: NDArray[np.int64]) -> Fst:
    middle = graph.targets[arcs].astype(np.int64)
    sources = graph.sources[arcs].astype(np.int64)
    counts = np.diff(graph.offsets)[middle]
    following = spans(graph.offsets[middle], counts)
    owner = np.repeat(np.arange(arcs.size), counts)
    entering = arcs[owner]
    joins = _may_join(graph, entering, following)
    ends = (graph.ilabels[arcs] == 0) & (graph.olabels[arcs] == 0) & graph.is_final[middle]
    stays = np.bincount(owner[~joins], minlength=arcs.size) + (graph.is_final[middle] & ~ends)
    result = _copy(graph)
    np.minimum.at(
        result.finals, sources[ends], graph.weights[arcs[ends]] + graph.finals[middle[ends]]
    )
    result.finals[middle[ends]] = np.inf
    _reweight(graph, result, arcs, owner, following, joins, stays)
    keep = np.ones(graph.num_arcs, np.bool_)
    keep[following[joins]] = False
    keep[arcs[stays == 0]] = False
    moved, entering = following[joins], entering[joins]
    return Fst.of(
        graph.start,
        result.finals,
        np.concatenate([graph.sources[keep], graph.sources[entering]]),
        np.concatenate([result.ilabels[keep], graph.ilabels[entering] | graph.ilabels[moved]]),
        np.concatenate([result.olabels[keep], graph.olabels[entering] | graph.olabels[moved]]),
        np.concatenate([result.weights[keep], graph.weights[entering] + graph.weights[moved]]),
        np.concatenate([result.targets[keep], graph.targets[moved]]),
    ).accessible()


def _reweight(
    graph: Fst,
    result: Fst,
    arcs: NDArray[np.int64],
    owner: NDArray[np.int64],
    following: NDArray[np.int64],
    joins: Flags,
    stays: NDArray[np.int64],
) -> None:
    """Puts on the entering arc what is now the least cost of going on from its state."""
    middle = graph.targets[arcs]
    least = graph.finals[middle].astype(np.float64)
    kept = result.finals[middle].astype(np.float64)
    np.minimum.at(least, owner, graph.weights[following])
    np.minimum.at(kept, owner[~joins], graph.weights[following[~joins]])
    change = np.where(stays > 0, kept - least, 0.0)
    change[~np.isfinite(change)] = 0.0
    result.weights[arcs] += change.astype(np.float32)
    result.finals[middle] -= change.astype(np.float32)
    result.weights[following[~joins]] -= change[owner[~joins]].astype(np.float32)


def _copy(graph: Fst) -> Fst:
    return replace(
        graph,
        finals=graph.finals.copy(),
        ilabels=graph.ilabels.copy(),
        olabels=graph.olabels.copy(),
        weights=graph.weights.copy(),
        targets=graph.targets.copy(),
    )
