"""Adds the self-loops of HMM states to a graph.

Source: Kaldi's ``hmm/hmm-utils`` (``AddSelfLoopsReorder``). They come last: they depend on the
state alone, and without them determinization has less to do.
"""

from __future__ import annotations

import numpy as np

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst, Labels
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS
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
    split, classes = _split_states(graph, entered)
    return _looped(split, classes, model, scale)


def _split_states(graph: Fst, entered: Labels) -> tuple[Fst, Labels]:
    """Gives each graph state one HMM state; returns the graph, and that of each state.

    Args:
        graph: the graph.
        entered: `(A,)` HMM state that each arc is in, 0 for none.
    """
    size = graph.num_states
    targets = graph.targets
    lowest = np.full(size, np.iinfo(np.int32).max, np.int32)
    highest = np.full(size, -1, np.int32)
    np.minimum.at(lowest, targets, entered)
    np.maximum.at(highest, targets, entered)
    lowest[graph.start] = min(lowest[graph.start], 0)
    highest[graph.start] = max(highest[graph.start], 0)
    mixed = lowest != highest
    mixed &= highest >= 0
    classes = np.where(mixed | (highest < 0), 0, highest).astype(np.int32)
    moved = mixed[targets] & (entered > 0)
    width = np.int64(entered.max(initial=0)) + 1
    pairs, numbers = np.unique(targets[moved] * width + entered[moved], return_inverse=True)
    new_targets = targets.copy()
    new_targets[moved] = size + numbers
    states, new_classes = (part.astype(np.int32) for part in np.divmod(pairs, width))
    new_states = np.arange(size, size + pairs.size, dtype=np.int32)
    nothing = np.zeros(pairs.size, np.int32)
    fst = Fst.of(
        graph.start,
        np.concatenate([graph.finals, np.full(pairs.size, NOT_FINAL, np.float32)]),
        np.concatenate([graph.sources, new_states]),
        np.concatenate([graph.ilabels, nothing]),
        np.concatenate([graph.olabels, nothing]),
        np.concatenate([graph.weights, nothing.view(np.float32)]),
        np.concatenate([new_targets, states]),
    )
    return fst, np.concatenate([classes, new_classes])


def _looped(graph: Fst, classes: Labels, model: TransitionModel, scale: float) -> Fst:
    leaving = -scale * model.leaving_log_probabilities[classes]
    loops = model.self_loops[classes]
    looping = np.flatnonzero(loops > 0).astype(np.int32)
    costs = (-scale * model.log_probabilities[loops[looping]]).astype(np.float32)
    return Fst.of(
        graph.start,
        graph.finals + leaving,
        np.concatenate([graph.sources, looping]),
        np.concatenate([graph.ilabels, loops[looping]]),
        np.concatenate([graph.olabels, np.zeros(looping.size, np.int32)]),
        np.concatenate([(graph.weights + leaving[graph.sources]).astype(np.float32), costs]),
        np.concatenate([graph.targets, looping]),
    )
