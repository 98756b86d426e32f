"""Adds the self-loops of HMM states to a graph.

Source: Kaldi's ``hmm/hmm-utils`` (``AddSelfLoopsReorder``). They come last: they depend on the
state alone, and without them determinization has less to do.
"""

from __future__ import annotations

import numpy as np

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst, Labels
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS
from arqon_maestro.speech_engine.graph.joining import Arcs, joined
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel


def with_self_loops(graph: Fst, model: TransitionModel, *, scale: float = 1.0) -> Fst:
    """Adds the self-loops of HMM states, and the cost of leaving them.

    The transition that enters a state decides which loop it has (Kaldi's ``reorder``): so a graph
    state that several enter is split, and what needs no loop stays.

    Args:
        graph: HCLG without self-loops; labels above the model's are epsilon or nonterminals.
        model: the transition model.
        scale: of the costs of looping and of leaving: 1.0 for chain models, 0.1 for others.

    Raises:
        DataError: a transition id that the model lacks.
    """
    labels = graph.ilabels
    ordinary = (labels > 0) & (labels < NONTERMINAL_LABELS)
    if (labels[ordinary] > model.num_transition_ids).any():
        raise DataError(
            "a graph with transition ids that the model lacks",
            why=f"the model has {model.num_transition_ids}",
        )
    entered = np.where(ordinary, model.states[np.where(ordinary, labels, 0)], 0)
    del ordinary
    classes = _classes(graph, entered)
    # A state whose arcs enter other HMM states than its own: for each of them it gets another.
    moved = (entered > 0) & (classes[graph.targets] != entered)
    width = np.int64(entered.max(initial=0)) + 1
    pairs, numbers = np.unique(graph.targets[moved] * width + entered[moved], return_inverse=True)
    del entered
    targets = graph.targets.copy()
    targets[moved] = graph.num_states + numbers
    del moved, numbers
    ends, new_classes = (part.astype(np.int32) for part in np.divmod(pairs, width))
    return _looped(graph, targets, ends, np.concatenate([classes, new_classes]), model, scale)


def _classes(graph: Fst, entered: Labels) -> Labels:
    """Returns the HMM state that each graph state is in, 0 for none or several.

    Args:
        graph: the graph.
        entered: `(A,)` HMM state that each arc is in, 0 for none.
    """
    lowest = np.full(graph.num_states, np.iinfo(np.int32).max, np.int32)
    highest = np.full(graph.num_states, -1, np.int32)
    np.minimum.at(lowest, graph.targets, entered)
    np.maximum.at(highest, graph.targets, entered)
    lowest[graph.start] = min(lowest[graph.start], 0)
    highest[graph.start] = max(highest[graph.start], 0)
    return np.where(lowest == highest, highest, 0).astype(np.int32)


def _looped(
    graph: Fst,
    targets: Labels,
    ends: Labels,
    classes: Labels,
    model: TransitionModel,
    scale: float,
) -> Fst:
    """Adds the loops, and the states that go on to others without a label.

    Args:
        graph: the graph.
        targets: `(A,)` where its arcs lead, new states among them.
        ends: `(new states,)` where each goes on to.
        classes: `(S + new states,)` HMM state that each is in.
        model: the transition model.
        scale: see `with_self_loops`.
    """
    leaving = -scale * model.leaving_log_probabilities[classes]
    loops = model.self_loops[classes]
    looping = np.flatnonzero(loops > 0).astype(np.int32)
    costs = (-scale * model.log_probabilities[loops[looping]]).astype(np.float32)
    finals = np.concatenate([graph.finals, np.full(ends.size, NOT_FINAL, np.float32)])
    added = np.arange(graph.num_states, classes.size, dtype=np.int32)
    nothing = np.zeros(max(ends.size, looping.size), np.int32)
    silent, unsaid = nothing[: ends.size], nothing[: looping.size]
    weights = (graph.weights + leaving[graph.sources]).astype(np.float32)
    parts = (
        Arcs(graph.sources, graph.ilabels, graph.olabels, weights, targets),
        Arcs(added, silent, silent, leaving[added].astype(np.float32), ends),
        Arcs(looping, loops[looping], unsaid, costs, looping),
    )
    return joined(graph.start, (finals + leaving).astype(np.float32), parts)
