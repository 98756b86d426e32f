"""HCLG against sentences enumerated by hand, and against OpenFst's and Kaldi's own composition."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from arqon_maestro.speech_engine.kaldi.io import KaldiWriter

from .conftest import World, sentences
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
        found = cost_in_graph(plain.graph, plain.numbers(words), ids)
        assert found == pytest.approx(wanted, abs=TOLERANCE), (words, phones)


def test_what_is_not_said_is_not_heard(plain: World):
    chooser = random.Random(13)
    enumerator = plain.enumerator
    made = [words for words in sentences(30, seed=17, hints=False) if words]
    for words, others in itertools.pairwise(made):
        phones, _ = next(enumerator.spoken(words))
        ids, _ = enumerator.transitions(phones, chooser)
        could_be = any(phones == way for way, _ in enumerator.spoken(others))
        heard = math.isfinite(cost_in_graph(plain.graph, plain.numbers(others), ids))
        assert heard == could_be


def test_random_paths_are_sentences(plain: World):
    chooser = random.Random(19)
    names = {number: word for word, number in plain.lang.words.items()}
    phone_names = {number: name for name, number in plain.enumerator.phones.items()}
    seen = 0
    while seen < 20:
        ids, outputs = random_path(plain.graph, chooser, longest=60)
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


def test_openfst_composes_the_same_costs(plain: World):
    made = sentences(30, seed=23, hints=False)
    tree = KaldiWriter(mark=False)
    plain.tree.write(tree)
    grammar = plain.folder / "G.fst"
    order = plain.enumerator.order
    kaldilm_grammar(plain.arpa, plain.lang.folder / "words.txt", order, grammar)
    case = {
        "topology": plain.model.topology.to_text(),
        "tree": list(bytes(tree)),
        "log_probabilities": plain.model.log_probabilities.tolist(),
        "leaving": plain.model.leaving_log_probabilities.tolist(),
        "lexicon": str(plain.lang.lexicon_fst),
        "grammar": str(grammar),
        "disambiguation": list(plain.lang.disambiguation),
        "transition_scale": plain.settings.transition_scale,
        "self_loop_scale": plain.settings.self_loop_scale,
        "sentences": [plain.numbers(words) for words in made],
    }
    for words, wanted in zip(made, composed_costs(case), strict=True):
        found = cost_in_graph(plain.graph, plain.numbers(words))
        assert wanted is not None
        assert found == pytest.approx(wanted, abs=TOLERANCE), words
