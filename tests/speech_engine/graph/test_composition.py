"""L∘G as OpenFst composes it, and determinized without the tails of words as with them."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.composition import composed
from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst, write_fst
from arqon_maestro.speech_engine.graph.grammar_fst import grammar_fst
from arqon_maestro.speech_engine.graph.native import run_native
from arqon_maestro.speech_engine.graph.tails import NO_TAIL, folded, unfolded
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary
from arqon_maestro.speech_engine.ngram.model import NgramModel

from .conftest import World, make_world
from .oracles import openfst_composition

TOLERANCE = 2.0**-16


def parts_of(world: World) -> tuple[Fst, Fst]:
    """L and G."""
    grammar = grammar_fst(
        NgramModel.read(world.arpa),
        world.lang.words,
        disambiguation=world.lang.word_disambiguation,
        silent_words=world.lang.nonterminal_words,
    )
    return read_fst(world.lang.lexicon_fst), grammar.fst


@pytest.fixture(scope="module")
def many_words(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Real words, some long."""
    everything = Lexicon.of(cmu_dictionary()).without_stress()
    chosen = random.Random(2).sample(sorted(set(everything.words())), 400)
    known = everything.restricted(chosen)
    folder = tmp_path_factory.mktemp("words")
    return make_world(folder, "chain mono", hints=True, known=known, text_sentences=800)


def determinized(graph: Fst, path: Path) -> Fst:
    write_fst(path, graph)
    run_native("LG", "determinize", [path], path, delta=TOLERANCE)
    return read_fst(path)


def assert_same(found: Fst, expected: Fst) -> None:
    for field in fields(Fst):
        np.testing.assert_array_equal(
            getattr(found, field.name), getattr(expected, field.name), field.name
        )


@pytest.mark.parametrize("name", ["hinted", "many_words"])
def test_openfst_composes_the_same(name, request, tmp_path):
    lexicon, grammar = parts_of(request.getfixturevalue(name))
    write_fst(tmp_path / "L.fst", lexicon)
    write_fst(tmp_path / "G.fst", grammar)
    openfst_composition(tmp_path / "L.fst", tmp_path / "G.fst", tmp_path / "LG.fst")
    assert_same(composed(lexicon, grammar).fst, read_fst(tmp_path / "LG.fst"))


@pytest.mark.parametrize("name", ["hinted", "many_words"])
def test_tails_are_put_back_as_they_were(name, request, tmp_path):
    lexicon, grammar = parts_of(request.getfixturevalue(name))
    whole = composed(lexicon, grammar)
    less, folding = folded(whole, lexicon)
    assert less.num_states < whole.fst.num_states
    found = unfolded(determinized(less, tmp_path / "less.fst"), folding)
    assert_same(found, determinized(whole.fst, tmp_path / "whole.fst"))


def words(pronunciations: list[list[int]]) -> Fst:
    """A lexicon as a loop; of each word the first arc has the word."""
    arcs = []
    states = 1
    for word, labels in enumerate(pronunciations, 1):
        places = [0, *range(states, states + len(labels) - 1), 0]
        states += len(labels) - 1
        for place, label in enumerate(labels):
            arcs.append((places[place], label, 0 if place else word, places[place + 1]))
    sources, inputs, outputs, targets = (np.array(column) for column in zip(*arcs, strict=True))
    finals = np.full(states, np.inf, np.float32)
    finals[0] = 0
    return Fst.of(0, finals, sources, inputs, outputs, np.zeros(len(arcs)), targets)


def any_of(*words: int) -> Fst:
    """A grammar that takes these, one at a time."""
    count = len(words)
    nothing = np.zeros(count, np.int32)
    return Fst.of(
        0, np.zeros(1), nothing, np.array(words), np.array(words), np.zeros(count), nothing
    )


def tails_of(lexicon: Fst, grammar: Fst | None = None) -> list[list[int]]:
    """The labels that may follow a label of the folded graph."""
    count = int(lexicon.olabels.max())
    grammar = any_of(*range(1, count + 1)) if grammar is None else grammar
    _, folding = folded(composed(lexicon, grammar), lexicon)
    found = []
    for tail in folding.tails[folding.tails != NO_TAIL].tolist():
        labels = []
        while tail != NO_TAIL:
            labels.append(int(folding.heads[tail]))
            tail = int(folding.rests[tail])
        found.append(labels)
    return sorted(found)


def test_what_is_a_tail():
    # The last arc stays, as there a silence may begin; so does what two words have in common.
    assert tails_of(words([[1, 2, 3, 4, 5], [1, 2, 6, 7]])) == [[4]]
    assert tails_of(words([[1, 2, 3, 4, 5], [6, 2, 3, 4, 7]])) == [[2, 3, 4], [2, 3, 4]]
    assert tails_of(words([[1, 2, 3], [1, 2, 4]])) == []


def test_only_words_that_may_come_count():
    lexicon = words([[1, 2, 3, 4], [1, 2, 3, 5], [1, 6, 7]])
    assert tails_of(lexicon) == []
    assert tails_of(lexicon, any_of(1, 3)) == [[3]]
    assert tails_of(lexicon, any_of(1)) == [[2, 3]]
    # After the first word, one of the two; what is said of either is not the same as of both.
    second = Fst.of(
        0,
        np.array([np.inf, np.inf, 0], np.float32),
        np.array([0, 0, 1, 1]),
        np.array([1, 3, 1, 2]),
        np.array([1, 3, 1, 2]),
        np.zeros(4),
        np.array([1, 1, 2, 2]),
    )
    assert tails_of(lexicon, second) == [[3]]


@pytest.mark.parametrize("seed", range(4))
def test_random_lexicons_and_grammars(seed, tmp_path):
    chooser = random.Random(seed)
    # A last label of its own for each word, as disambiguation symbols are.
    sounds = [chooser.choices([1, 2, 3], k=chooser.randint(1, 6)) for _ in range(12)]
    lexicon = words([[*labels, 4 + word] for word, labels in enumerate(sounds)])
    pairs = {(chooser.randrange(4), chooser.randint(1, 12)) for _ in range(24)}
    states, labels = (np.array(column) for column in zip(*sorted(pairs), strict=True))
    costs = np.array([chooser.random() for _ in pairs])
    targets = np.array([chooser.randrange(4) for _ in pairs])
    grammar = Fst.of(0, np.full(4, 0.5), states, labels, labels, costs, targets)
    whole = composed(lexicon, grammar)
    less, folding = folded(whole, lexicon)
    found = unfolded(determinized(less, tmp_path / "less.fst"), folding)
    assert_same(found, determinized(whole.fst, tmp_path / "whole.fst"))


def test_no_tails_where_a_word_begins_with_another():
    assert tails_of(words([[1, 2], [1, 2, 3, 4, 5], [6, 7, 8]])) == []
    lexicon = words([[1, 2, 3, 4], [6, 7, 8, 9]])
    assert tails_of(lexicon) == [[2, 3], [7, 8]]
    for column, value, expected in (
        # What an epsilon in a word leads to may be said to be in no word.
        ("ilabels", 0, []),
        ("olabels", 7, [[3], [7, 8]]),
        ("weights", 0.5, [[3], [7, 8]]),
    ):
        changed = getattr(lexicon, column).copy()
        changed[lexicon.offsets[1]] = value
        assert tails_of(replace(lexicon, **{column: changed})) == expected


def test_costs_and_ends_in_words_stay():
    lexicon = words([[1, 2, 3, 4], [6, 7, 8, 9]])
    finals = lexicon.finals.copy()
    finals[1] = 0.25
    assert tails_of(replace(lexicon, finals=finals)) == [[3], [7, 8]]


def test_a_grammar_with_epsilons():
    with pytest.raises(DataError, match="takes nothing in"):
        composed(words([[1, 2]]), any_of(0, 2))


def test_nothing_composed():
    assert composed(Fst.empty(), any_of(1)).fst.num_states == 0
    assert composed(words([[1, 2]]), any_of(3)).fst.num_states == 1
