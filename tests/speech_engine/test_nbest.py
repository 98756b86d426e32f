"""The n-best search against the enumeration of every path."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.speech_engine.lattice import Edge, Lattice, Node
from arqon_maestro.speech_engine.nbest import SearchSettings, n_best

WIDE = SearchSettings(
    acoustic_scale=0.5,
    word_cost=0.25,
    silence_cost=0.125,
    noise_cost=2.0,
    beam=1e9,
    states_per_frame=10**6,
    expansions=10**6,
)
WORDS = ("<s>", "</s>", "um", "a", "b", "c")


class HashedModel:
    """A language model whose every conditional probability is another pseudo-random number."""

    unknown_id = -1

    def __init__(self, order):
        self.order = order
        self.word_ids = {word: number for number, word in enumerate(WORDS)}

    def log10_probability(self, ngram):
        return -1 - (seed_of(self.order, *ngram) % 1000) / 500

    def ngram_log10_probabilities(self, columns):
        assert len(columns) <= self.order
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return np.array([self.log10_probability(row) for row in rows])

    def context_lengths(self, columns):
        return np.full(columns[0].size, min(len(columns), self.order - 1))


def every_path(lattice):
    """Yields the edges of each path from the first node to the last."""

    def walk(index):
        if index == 0:
            yield ()
        for edge in lattice.incoming[index]:
            for path in walk(edge.source):
                yield (*path, edge)

    return walk(len(lattice.nodes) - 1)


def path_cost(path, lattice, model, weights):
    history, acoustic, language, words = ["<s>"], 0.0, 0.0, []
    for edge in path:
        node = lattice.nodes[edge.target]
        acoustic -= edge.acoustic_log_probability * weights.acoustic_scale
        if not node.word:
            acoustic += weights.noise_cost if node.noise else weights.silence_cost
            continue
        history.append(node.word)
        ids = [model.word_ids[word] for word in history[-model.order :]]
        language -= model.log10_probability(ids) * np.log(10)
        if node.word != "</s>":
            acoustic += weights.word_cost
            words += [node.word] if node.word != "um" else []
    return acoustic + language, tuple(words)


def enumerated(lattice, model, weights):
    best = {}
    for path in every_path(lattice):
        cost, words = path_cost(path, lattice, model, weights)
        best[words] = min(cost, best.get(words, np.inf))
    return sorted((cost, words) for words, cost in best.items())


@st.composite
def lattices(draw):
    inner = draw(st.lists(st.sampled_from(["a", "b", "c", "um", "", "#"]), max_size=7))
    frames = sorted(draw(st.lists(st.integers(1, 5), min_size=len(inner), max_size=len(inner))))
    nodes = [Node("<s>", 0)]
    nodes += [
        Node("" if word == "#" else word, frame, word == "#")
        for word, frame in zip(inner, frames, strict=True)
    ]
    nodes.append(Node("</s>", 9))
    incoming = [[] for _ in nodes]
    for source, target in itertools.combinations(range(len(nodes)), 2):
        later = nodes[source].start_frame < nodes[target].start_frame
        if later and (draw(st.booleans()) or target == len(nodes) - 1):
            score = -draw(st.integers(0, 64)) / 8
            incoming[target].append(Edge(source, target, score))
    return Lattice(tuple(nodes), tuple(map(tuple, incoming)), 10)


@settings(max_examples=150, deadline=None)
@given(lattice=lattices(), order=st.integers(1, 4))
def test_search_finds_every_word_sequence_in_the_order_of_cost(lattice, order):
    model = HashedModel(order)
    found = list(n_best(lattice, model, WIDE))
    expected = enumerated(lattice, model, WIDE)
    assert [item.cost for item in found] == pytest.approx([cost for cost, _ in expected])
    assert {item.words for item in found} == {words for _, words in expected}
    assert len(found) == len(expected)


@settings(max_examples=50, deadline=None)
@given(lattice=lattices())
def test_costs_of_two_parts_add_up_to_one_path(lattice):
    model = HashedModel(3)
    paths = {path_cost(path, lattice, model, WIDE)[0] for path in every_path(lattice)}
    for item in n_best(lattice, model, WIDE):
        assert min(abs(item.cost - cost) for cost in paths) < 1e-9


def diamond():
    nodes = (Node("<s>", 0), Node("a", 1), Node("b", 1), Node("</s>", 9))
    incoming = (
        (),
        (Edge(0, 1, 0.0),),
        (Edge(0, 2, 0.0),),
        (Edge(1, 3, 0.0), Edge(2, 3, -100.0)),
    )
    return Lattice(nodes, incoming, 10)


def test_beam_drops_what_is_far_worse():
    found = list(n_best(diamond(), HashedModel(1), SearchSettings(beam=0.0)))
    assert len(found) == 1


def test_a_tight_limit_of_states_still_ends():
    narrow = SearchSettings(states_per_frame=1)
    assert len(list(n_best(diamond(), HashedModel(2), narrow))) == 1


def test_expansions_are_limited():
    assert list(n_best(diamond(), HashedModel(2), SearchSettings(expansions=1))) == []


def test_no_path_gives_nothing():
    nodes = (Node("<s>", 0), Node("</s>", 9))
    assert list(n_best(Lattice(nodes, ((), ()), 10), HashedModel(2), WIDE)) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_model_that_the_edges_hold_already_is_taken_out(seed):
    """Edges that hold one model's costs, ranked under another, as if they had held none."""
    rng = np.random.default_rng(seed)
    included, model = HashedModel(3), HashedModel(2)
    # A tree of words, so that an edge has one history.
    nodes, incoming, histories = [Node("<s>", 0)], [()], [("<s>",)]
    for number in range(1, 9):
        source = int(rng.integers(0, number))
        word = str(rng.choice(["a", "b", "c"]))
        nodes.append(Node(word, number))
        incoming.append((Edge(source, number, -float(rng.uniform(0, 3))),))
        histories.append((*histories[source], word))
    nodes.append(Node("</s>", 20))
    incoming.append(tuple(Edge(n, 9, -float(rng.uniform(0, 3))) for n in range(1, 9)))
    plain = Lattice(tuple(nodes), tuple(incoming), 21)

    def with_costs(edge):
        words = (*histories[edge.source], nodes[edge.target].word)[-included.order :]
        ids = [included.word_ids[word] for word in words]
        cost = -included.log10_probability(ids) * np.log(10)
        return Edge(edge.source, edge.target, edge.acoustic_log_probability - cost)

    held = Lattice(
        tuple(nodes), tuple(tuple(with_costs(edge) for edge in edges) for edges in incoming), 21
    )
    weights = SearchSettings(acoustic_scale=1.0, beam=1e9, states_per_frame=10**6)
    expected = list(n_best(plain, model, weights))
    found = list(n_best(held, model, weights, included))
    assert [one.words for one in found] == [one.words for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.acoustic_cost == pytest.approx(other.acoustic_cost)
        assert one.language_model_cost == pytest.approx(other.language_model_cost)
