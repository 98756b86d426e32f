"""HCLG against sentences enumerated by hand, and against OpenFst's and Kaldi's own composition."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import pytest

from arqon_maestro.speech_engine.kaldi.io import KaldiWriter
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary, letters

from .conftest import KINDS, World, make_world, random_lexicon, sentences
from .enumeration import cost_in_graph, random_path
from .oracles import composed_costs, kaldilm_grammar

TOLERANCE = 1e-3


def test_ways_to_say_sentences_cost_what_they_should(plain: World):
    chooser = random.Random(7)
    enumerator = plain.enumerator
    for words in sentences(25, seed=11, hints=False):
        ways = list(itertools.islice(enumerator.spoken(words), 400))
        phones, spoken_cost = chooser.choice(ways)
        if not phones:
            continue
        ids, hmm_cost = enumerator.transitions(phones, chooser)
        wanted = enumerator.language_cost(words) + spoken_cost + hmm_cost
        found = cost_in_graph(plain.paths, plain.numbers(words), ids)
        assert found == pytest.approx(wanted, abs=TOLERANCE), (words, phones)


def test_what_is_not_said_is_not_heard(plain: World):
    chooser = random.Random(13)
    enumerator = plain.enumerator
    made = [words for words in sentences(30, seed=17, hints=False) if words]
    for words, others in itertools.pairwise(made):
        phones, _ = next(enumerator.spoken(words))
        ids, _ = enumerator.transitions(phones, chooser)
        could_be = any(phones == way for way, _ in enumerator.spoken(others))
        heard = math.isfinite(cost_in_graph(plain.paths, plain.numbers(others), ids))
        assert heard == could_be


def test_random_paths_are_sentences(plain: World):
    chooser = random.Random(19)
    names = {number: word for word, number in plain.lang.words.items()}
    phone_names = {number: name for name, number in plain.enumerator.phones.items()}
    seen = 0
    while seen < 20:
        ids, outputs = random_path(plain.paths, chooser, longest=60)
        words = [names[number] for number in outputs]
        if len(words) > 5:
            continue
        seen += 1
        # A phone ends where its HMM is left.
        phones = []
        for transition in ids:
            state = plain.model.tuples[plain.model.states[transition] - 1]
            phone, number = int(state[0]), int(state[1])
            entry = plain.model.topology.states(phone)
            index = transition - plain.model.first_ids[plain.model.states[transition]]
            if entry[number].transitions[index][0] == len(entry) - 1:
                phones.append(phone_names[phone])
        ways = [cost for way, cost in plain.enumerator.spoken(words) if way == phones]
        assert ways, (words, phones)


def assert_costs_as_openfst(world: World, made: list[list[str]]) -> None:
    """Compares the costs of sentences with those of H, C, L and G composed by others."""
    tree = KaldiWriter(mark=False)
    world.tree.write(tree)
    grammar = world.folder / "G.fst"
    order = world.enumerator.order
    kaldilm_grammar(world.arpa, world.lang.folder / "words.txt", order, grammar)
    case = {
        "topology": world.model.topology.to_text(),
        "tree": list(bytes(tree)),
        "log_probabilities": world.model.log_probabilities.tolist(),
        "leaving": world.model.leaving_log_probabilities.tolist(),
        "lexicon": str(world.lang.lexicon_fst),
        "grammar": str(grammar),
        "disambiguation": list(world.lang.disambiguation),
        "transition_scale": world.settings.transition_scale,
        "self_loop_scale": world.settings.self_loop_scale,
        "sentences": [world.numbers(words) for words in made],
    }
    for words, wanted in zip(made, composed_costs(case), strict=True):
        found = cost_in_graph(world.paths, world.numbers(words))
        assert wanted is not None
        assert found == pytest.approx(wanted, abs=TOLERANCE), words


def test_openfst_composes_the_same_costs(plain: World):
    assert_costs_as_openfst(plain, sentences(30, seed=23, hints=False))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["chain", "hmm triphone"])
def test_openfst_composes_the_same_costs_of_more_words(kind: str, tmp_path: Path):
    everything = Lexicon.of([*cmu_dictionary(), *letters()]).without_stress()
    chosen = random.Random(3).sample(everything.words(), 400)
    known = everything.restricted([*chosen, "a(spell)", "b(spell)", "w(spell)", "z(spell)"])
    world = make_world(
        tmp_path / "world", kind, hints=False, order=4, known=known, text_sentences=3000
    )
    assert world.graph.num_states > 5_000
    assert_costs_as_openfst(world, sentences(100, seed=41, hints=False, known=known))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_openfst_composes_the_same_costs_of_random_lexicons(seed: int, tmp_path: Path):
    """Few phones make many homophones, and words that begin or end others."""
    chooser = random.Random(seed)
    known, _ = random_lexicon(chooser)
    kind = chooser.choice(list(KINDS))
    world = make_world(
        tmp_path / "world",
        kind,
        hints=False,
        order=chooser.randint(1, 4),
        known=known,
        text_sentences=chooser.choice((20, 400)),
    )
    made = sentences(60, seed=seed, hints=False, known=known)
    sayable = [words for words in made if all((w,) in world.enumerator.ngrams for w in words)]
    assert_costs_as_openfst(world, sayable)
    for words in sayable[:20]:
        phones, cost = chooser.choice(list(itertools.islice(world.enumerator.spoken(words), 200)))
        ids, hmm_cost = world.enumerator.transitions(phones, chooser)
        wanted = world.enumerator.language_cost(words) + cost + hmm_cost
        found = cost_in_graph(world.paths, world.numbers(words), ids)
        assert found == pytest.approx(wanted, abs=TOLERANCE), (words, phones)
