"""Hints that are compiled for a request, against alignments that are worked out plainly."""

import math

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.grammar import GrammarGraph, TopGraph
from arqon_maestro.speech_engine.decoder.hints import SELF_LOOP_SCALE, HintCompiler
from arqon_maestro.speech_engine.decoder.search import BeamSearch
from arqon_maestro.speech_engine.decoder.words import word_lattice
from arqon_maestro.speech_engine.graph.context import REENTER, USER_DEFINED
from arqon_maestro.speech_engine.graph.hmm import NONTERMINAL_LABELS, encoding_multiple
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.topology import chain_topology
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import untied_tree
from arqon_maestro.speech_engine.lattice import Node
from arqon_maestro.speech_engine.nbest import n_best
from tests.speech_engine.decoder.test_grammar import graph_of
from tests.speech_engine.decoder.test_search import NO_LIMIT, WIDE, NoModel

WORDS = {5: ("F", "UW"), 6: ("B", "AA", "R"), 7: ("F",)}


def compiler(*, position_dependent=True):
    phones = PhoneTable.of(
        ["AA", "B", "F", "R", "UW"], ["SIL"], position_dependent=position_dependent
    )
    numbers = sorted(phones.ids.values())
    topology = chain_topology(numbers)
    tree = untied_tree(topology, width=2, central=1)
    model = TransitionModel.of(tree, topology)
    ends = [name for name in phones.ids if name == "SIL" or name[-2:] in ("_E", "_S")]
    left = sorted(phones.ids[name] for name in (ends if position_dependent else phones.ids))
    return HintCompiler(tree, model, phones, left, len(numbers) + 9, "SIL")


def top_of(hints):
    """Returns a graph that says one hint, after silence, and stops."""
    multiple = encoding_multiple(hints.offset)

    def label(kind, phone):
        return NONTERMINAL_LABELS + multiple * (hints.offset + kind) + phone

    silence = hints.phones.ids[hints.silence_phone]
    rows = [(0, label(USER_DEFINED, silence), 0, 0.0, 1)]
    cost = math.log(len(hints.left_context))
    rows += [(1, label(REENTER, phone), 0, cost, 2) for phone in hints.left_context]
    return TopGraph(graph_of(rows, [np.inf, np.inf, 0.0]), hints.offset)


def cost_of(hints, phones, scores):
    """Returns the least cost of phones, each at least a frame long."""
    model = hints.transitions
    costs = np.full(len(phones), np.inf)
    for number, row in enumerate(scores):
        after = np.full(len(phones), np.inf)
        for place, phone in enumerate(phones):
            (state,) = np.flatnonzero(model.tuples[:, 0] == hints.phones.ids[phone]) + 1
            forward, loop = model.tuples[state - 1, 2:]
            stay = -model.log_probabilities[model.self_loops[state]] * SELF_LOOP_SCALE
            leave = -model.leaving_log_probabilities[state] * SELF_LOOP_SCALE
            entered = (0.0 if number == 0 else np.inf) if place == 0 else costs[place - 1]
            after[place] = min(entered + leave - row[forward], costs[place] + stay - row[loop])
        costs = after
    return costs[-1]


def scores_for(hints, frames, seed=0):
    shape = (frames, hints.transitions.num_pdfs)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def decode(hints, graph, scores):
    search = BeamSearch(GrammarGraph(top_of(hints), graph), hints.transitions.pdfs, NO_LIMIT)
    search.accept(scores)
    lattice = word_lattice(search.finish(), lambda word: Node(str(word), 0))
    return {tuple(map(int, one.words)): one.cost for one in n_best(lattice, NoModel(), WIDE)}


@pytest.mark.parametrize("position_dependent", [True, False])
def test_each_hint_has_the_cost_of_its_best_alignment(position_dependent):
    hints = compiler(position_dependent=position_dependent)
    graph = hints.compile(WORDS.items())
    scores = scores_for(hints, 7)
    expected = {}
    for word, plain in WORDS.items():
        phones = hints.phones.placed(plain)
        alone = cost_of(hints, phones, scores) - math.log(0.5)
        paused = cost_of(hints, [*phones, "SIL"], scores) - math.log(0.5)
        expected[word,] = min(alone, paused)
    assert decode(hints, graph, scores) == pytest.approx(expected, abs=1e-4)


def test_what_is_too_short_is_not_heard():
    hints = compiler()
    found = decode(hints, hints.compile(WORDS.items()), scores_for(hints, 1))
    assert found.keys() == {(7,)}


def test_a_word_may_have_several_pronunciations():
    hints = compiler()
    both = hints.compile([(5, ("F", "UW")), (5, ("B", "AA", "R"))])
    scores = scores_for(hints, 6, seed=2)
    alone = [
        decode(hints, hints.compile([(5, phones)]), scores)[5,]
        for phones in list(WORDS.values())[:2]
    ]
    assert decode(hints, both, scores)[5,] == pytest.approx(min(alone))


def test_bad_hints():
    hints = compiler()
    with pytest.raises(DataError, match="no phone 'ZH'"):
        hints.compile([(5, ("ZH", "AA"))])
    with pytest.raises(DataError, match="without a pronunciation"):
        hints.compile([(5, ())])
    with pytest.raises(DataError, match="no hints"):
        hints.compile([])
