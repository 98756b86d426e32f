"""Pushes weights so that each state's arcs sum to the same: Kaldi's ``fstpushspecial``.

Source: Kaldi's ``fstext/push-special``. A language model that backs off is not stochastic as a
graph. With a potential for each state, costs are moved along paths such that all states have one
and the same sum of probabilities; sentences keep their costs. The potentials are the leading
eigenvector of the matrix of arcs, with an arc from each end to the start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from arqon_maestro.speech_engine.graph.fst import Fst

#: Potentials are good enough when all states' sums are within this factor of one another (nat).
_TOLERANCE = 0.05
_MOST_ROUNDS = 200
#: Probabilities that are no more than rounding leaves nothing to divide by.
_LEAST = 1e-300


def pushed(graph: Fst) -> Fst:
    """Returns the transducer with its costs spread evenly; all states must be of use."""
    if graph.start < 0 or not graph.num_arcs:
        return graph
    arcs = np.exp(-graph.weights.astype(np.float64))
    ends = np.exp(-graph.finals.astype(np.float64))
    potentials = np.ones(graph.num_states)
    for _ in range(_MOST_ROUNDS):
        sums = ends * potentials[graph.start]
        for states, rows in graph.blocks():
            sums[states] += graph.summed(arcs[rows] * potentials[graph.targets[rows]], states)
        sums = np.maximum(sums, _LEAST)
        ratios = sums / potentials
        if np.log(ratios.max() / ratios.min()) < _TOLERANCE:
            break
        # Half a step: a graph whose sentences all have the same length would go in circles.
        potentials = (sums / np.linalg.norm(sums) + potentials / np.linalg.norm(potentials)) / 2
    costs = -np.log(potentials)
    weights = np.empty_like(graph.weights)
    for _, rows in graph.blocks():
        change = costs[graph.targets[rows]]
        weights[rows] = graph.weights[rows] + change - costs[graph.sources[rows]]
    return replace(
        graph,
        weights=weights,
        finals=(graph.finals + costs[graph.start] - costs).astype(np.float32),
    )
