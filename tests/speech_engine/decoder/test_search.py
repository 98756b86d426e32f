"""The beam search and its word lattice against the enumeration of all that a graph accepts."""

from dataclasses import replace

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.graph import DecodingGraph
from arqon_maestro.speech_engine.decoder.search import BeamSearch, BeamSettings
from arqon_maestro.speech_engine.decoder.words import word_lattice
from arqon_maestro.speech_engine.lattice import Node
from arqon_maestro.speech_engine.nbest import SearchSettings, n_best
from tests.speech_engine.decoder.graphs import (
    TRANSITION_PDFS,
    accepted,
    random_graph,
    random_scores,
)

NO_LIMIT = BeamSettings(beam=1e9, lattice_beam=1e9, most_active=10**6, most_links=10**9)
WIDE = SearchSettings(
    acoustic_scale=1.0, beam=1e9, states_per_frame=10**6, expansions=10**6, silence_cost=0.0
)


class NoModel:
    """A language model that costs nothing."""

    order = 1
    unknown_id = -1

    def __init__(self):
        self.word_ids = {}

    def ngram_log10_probabilities(self, columns):
        return np.zeros(columns[0].size)

    def context_lengths(self, columns):
        return np.zeros(columns[0].size, np.int64)


def decoded(graph, scores, settings=NO_LIMIT, pieces=1):
    search = BeamSearch(graph, TRANSITION_PDFS, settings)
    for piece in np.array_split(scores, pieces):
        search.accept(piece)
    tokens = search.finish()
    lattice = word_lattice(tokens, lambda word: Node(f"w{word}", 0))
    found = {
        tuple(int(word[1:]) for word in hypothesis.words): hypothesis.cost
        for hypothesis in n_best(lattice, NoModel(), WIDE)
    }
    return tokens, found


@pytest.mark.parametrize("seed", range(60))
def test_every_word_sequence_has_its_cost(seed):
    graph, scores = random_graph(seed), random_scores(seed, 1 + seed % 5)
    expected = accepted(graph, scores)
    tokens, found = decoded(graph, scores)
    assert tokens.reached_final == bool(expected)
    if expected:
        assert found.keys() == expected.keys()
        assert list(found.values()) == pytest.approx(sorted(expected.values()), abs=1e-4)
        assert all(found[words] == pytest.approx(expected[words], abs=1e-4) for words in expected)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_within_the_lattice_beam_is_kept(seed):
    graph, scores = random_graph(seed, 10, 30, words=1, word_share=0.2), random_scores(seed, 60)
    expected = accepted(graph, scores)
    settings = BeamSettings(beam=1e9, lattice_beam=2.0, most_active=10**6, most_links=10**9)
    _, found = decoded(graph, scores, settings, pieces=7)
    limit = min(expected.values(), default=0.0) + 2.0 - 1e-3
    within = {words: cost for words, cost in expected.items() if cost < limit}
    assert within.keys() <= found.keys()
    assert all(found[words] == pytest.approx(cost, abs=1e-3) for words, cost in within.items())


@pytest.mark.parametrize("seed", range(20))
def test_pieces_give_the_same_lattice(seed):
    graph, scores = random_graph(seed, 10, 30, words=1, word_share=0.2), random_scores(seed, 60)
    settings = BeamSettings(beam=8.0, lattice_beam=3.0, most_active=6, least_active=2)
    assert decoded(graph, scores, settings)[1] == decoded(graph, scores, settings, pieces=9)[1]


def test_the_limits_are_kept():
    graph = random_graph(3, 400, 4000)
    search = BeamSearch(graph, TRANSITION_PDFS, BeamSettings(beam=2.0, most_active=20))
    for row in random_scores(3, 12):
        search.accept(row[None])
    tokens = search.finish()
    followed = [np.unique(frame.emitting.sources).size for frame in tokens.frames[1:]]
    assert 0 < max(followed) <= 20


@pytest.mark.parametrize("seed", range(20))
def test_an_unclear_lattice_keeps_the_best_paths(seed):
    graph, scores = random_graph(seed, 10, 30, words=1, word_share=0.2), random_scores(seed, 60)
    wide = BeamSettings(beam=1e9, lattice_beam=6.0, most_active=10**6, most_links=10**9)
    whole, expected = decoded(graph, scores, wide)
    count = sum(links.sources.size for f in whole.frames for links in (f.emitting, f.silent))
    narrow = replace(wide, most_links=max(120, count // 2))
    tokens, found = decoded(graph, scores, narrow)
    kept = sum(links.sources.size for f in tokens.frames for links in (f.emitting, f.silent))
    if count <= narrow.most_links:
        assert (tokens.beam, kept) == (6.0, count)
    else:
        # Links on the same path are worse than the best by the same.
        assert tokens.beam < 6.0 and narrow.most_links <= kept < count
    limit = min(expected.values(), default=0.0) + tokens.beam - 1e-3
    within = {words: cost for words, cost in expected.items() if cost < limit}
    assert within.keys() <= found.keys()
    assert all(found[words] == pytest.approx(cost, abs=1e-3) for words, cost in within.items())


def test_where_no_sentence_may_end_any_state_will_do():
    graph = random_graph(1)
    endless = DecodingGraph(graph.start, np.full_like(graph.final_costs, np.inf), graph.arcs)
    free = DecodingGraph(graph.start, np.zeros_like(graph.final_costs), graph.arcs)
    scores = random_scores(1, 4)
    tokens, found = decoded(endless, scores)
    assert not tokens.reached_final
    assert found
    assert found == decoded(free, scores)[1]


def test_no_frames_and_no_path():
    graph = next(graph for graph in map(random_graph, range(99)) if accepted(graph, []))
    assert decoded(graph, np.zeros((0, 3), np.float32))[1] == pytest.approx(accepted(graph, []))
    lonely = DecodingGraph.of(
        0,
        np.zeros(1, np.float32),
        *(np.zeros(0, np.int32),) * 3,
        np.zeros(0, np.float32),
        np.zeros(0, np.int32),
    )
    tokens, found = decoded(lonely, random_scores(0, 3))
    assert not tokens.reached_final
    assert not found


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers(bad):
    search = BeamSearch(random_graph(0), TRANSITION_PDFS, NO_LIMIT)
    scores = random_scores(0, 3)
    scores[1, 1] = bad
    with pytest.raises(DataError, match="not finite"):
        search.accept(scores)


def test_scores_of_another_model():
    search = BeamSearch(random_graph(0), TRANSITION_PDFS, NO_LIMIT)
    with pytest.raises(DataError, match="3 pdfs"):
        search.accept(np.zeros((2, 2), np.float32))
    with pytest.raises(DataError, match="transition id"):
        decoded_with = BeamSearch(random_graph(0), TRANSITION_PDFS[:3], NO_LIMIT)
        decoded_with.accept(random_scores(0, 3))


def circle(weight):
    """Returns a graph with two states and silent arcs to and fro."""
    sources, nexts = np.array([0, 1, 0], np.int32), np.array([1, 0, 0], np.int32)
    ilabels, weights = np.array([0, 0, 1], np.int32), np.array([weight, 0, 1], np.float32)
    return DecodingGraph.of(
        0, np.zeros(2, np.float32), sources, ilabels, np.zeros(3, np.int32), weights, nexts
    )


def test_silent_circles():
    with pytest.raises(DataError, match="circle"):
        decoded(circle(-1.0), random_scores(0, 2))
    # One that costs something is never on a path that counts.
    assert decoded(circle(1.0), random_scores(0, 2), BeamSettings(lattice_beam=0.5))[1]


def test_graphs_that_do_not_fit_together():
    graph = random_graph(0)
    with pytest.raises(DataError, match="starts at"):
        DecodingGraph(99, graph.final_costs, graph.arcs)
    with pytest.raises(DataError, match="to a state"):
        DecodingGraph(0, graph.final_costs[:3], graph.arcs)
