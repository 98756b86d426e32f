"""Random small decoding graphs, and the costs of all that they accept, worked out plainly."""

import numpy as np

from arqon_maestro.speech_engine.decoder.graph import DecodingGraph

PDFS = 3
TRANSITION_PDFS = np.array([-1, 0, 1, 2, 1], np.int32)


def random_graph(seed, states=7, arcs=22, words=3, word_share=0.5):
    """Returns a graph whose silent arcs go upwards only."""
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, states, arcs).astype(np.int32)
    nexts = rng.integers(0, states, arcs).astype(np.int32)
    ilabels = rng.integers(0, len(TRANSITION_PDFS), arcs).astype(np.int32)
    silent = (ilabels == 0) & (nexts <= sources)
    ilabels[silent] = rng.integers(1, len(TRANSITION_PDFS), silent.sum())
    olabels = (rng.integers(0, words + 1, arcs) * (rng.random(arcs) < word_share)).astype(np.int32)
    weights = rng.uniform(-0.5, 3, arcs).astype(np.float32)
    finals = np.where(rng.random(states) < 0.4, rng.uniform(0, 2, states), np.inf)
    finals = finals.astype(np.float32)
    return DecodingGraph.of(0, finals, sources, ilabels, olabels, weights, nexts)


def random_scores(seed, frames):
    return np.random.default_rng(seed).normal(size=(frames, PDFS)).astype(np.float32) * 2


def arcs_of(graph):
    """Returns for each state its arcs: ilabel, olabel, weight, next state."""
    arcs = graph.arcs
    rows = list(
        zip(
            arcs.ilabels.tolist(),
            arcs.olabels.tolist(),
            arcs.weights.tolist(),
            arcs.nexts.tolist(),
            strict=True,
        )
    )
    return [rows[start:stop] for start, stop in zip(arcs.first[:-1], arcs.first[1:], strict=True)]


def accepted(graph, scores, scale=1.0):
    """Returns the least cost of each word sequence that the graph accepts for all frames."""
    arcs = arcs_of(graph)
    beams = {(graph.start, ()): 0.0}
    _close(arcs, beams)
    for row in scores:
        after = {}
        for (state, words), cost in beams.items():
            for ilabel, olabel, weight, target in arcs[state]:
                if ilabel:
                    whole = cost + weight - scale * float(row[TRANSITION_PDFS[ilabel]])
                    _relax(after, target, words, olabel, whole)
        _close(arcs, after)
        beams = after
    found = {}
    for (state, words), cost in beams.items():
        cost += float(graph.final_costs[state])
        if np.isfinite(cost):
            found[words] = min(cost, found.get(words, np.inf))
    return found


def _relax(beams, target, words, olabel, cost):
    key = (target, (*words, olabel) if olabel else words)
    if cost < beams.get(key, np.inf):
        beams[key] = cost
        return True
    return False


def _close(arcs, beams):
    changed = True
    while changed:
        changed = False
        for (state, words), cost in list(beams.items()):
            for ilabel, olabel, weight, target in arcs[state]:
                if not ilabel and _relax(beams, target, words, olabel, cost + weight):
                    changed = True
