"""Grapheme to phoneme through the phonetisaurus binaries."""

import pytest

from arqon_maestro.artifacts import digest
from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError, WorkFailedError
from arqon_maestro.speech_engine.lexicon.g2p import (
    G2pModel,
    G2pSettings,
    split_dictionary,
    train_g2p,
)
from arqon_maestro.speech_engine.lexicon.g2p_scores import score
from arqon_maestro.speech_engine.lexicon.pronunciations import STRESSED_PHONES, Pronunciation
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary

# A thin slice of the dictionary keeps the tests quick.
DICTIONARY = cmu_dictionary()[::25]
SMALL = G2pSettings(training_words=1500, held_out_words=200, order=4, iterations=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("g2p") / "model.fst"
    return path, train_g2p(path, DICTIONARY, SMALL)


def test_no_word_is_on_both_sides_and_the_held_out_ones_do_not_depend_on_the_size():
    training, held_out = split_dictionary(DICTIONARY, SMALL)
    words = {entry.word for entry in training}
    assert len(words) == 1500
    assert words.isdisjoint(entry.word for entry in held_out)
    assert len({entry.word for entry in held_out}) == 200
    larger = G2pSettings(training_words=3000, held_out_words=200)
    assert split_dictionary(DICTIONARY, larger)[1] == held_out


def test_model_is_better_than_chance_on_held_out_words(trained):
    _, scores = trained
    assert (scores.training_words, scores.held_out_words) == (1500, 200)
    assert 0 < scores.phone_error_rate < 0.35
    assert scores.phone_error_rate < scores.word_error_rate < 0.95
    assert scores.phone_error_rate < scores.stressed_phone_error_rate < 0.5
    assert scores.word_error_rate <= scores.stressed_word_error_rate


def test_same_dictionary_gives_the_same_model(trained, tmp_path):
    again = tmp_path / "model.fst"
    train_g2p(again, DICTIONARY, SMALL)
    assert digest(again) == digest(trained[0])


def test_predictions_are_phones_and_remembered(trained):
    model = G2pModel(trained[0])
    first = model.predict(["kitten", "backstop"], n_best=3)
    assert sorted(first) == ["backstop", "kitten"]
    assert all(STRESSED_PHONES.issuperset(phones) for ways in first.values() for phones in ways)
    assert 1 <= len(first["kitten"]) <= 3
    # Nothing is left of the model's file: the second answer comes from memory.
    model.path = model.path.with_name("gone.fst")
    assert model.predict(["kitten", "backstop"], n_best=3) == first


def test_pronounce_gives_lexicon_entries(trained):
    entries = G2pModel(trained[0]).pronounce(["zat", "bip"])
    assert [entry.word for entry in entries] == ["bip", "zat"]
    assert {entry.source for entry in entries} == {"g2p"}
    assert all(STRESSED_PHONES.issuperset(entry.phones) for entry in entries)


def test_scores_take_the_nearest_of_several_pronunciations():
    references = {
        "read": [("R", "EH1", "D"), ("R", "IY1", "D")],
        "a": [("AH0",)],
        "silent": [("S", "AY1", "L", "AH0", "N", "T")],
    }
    scores = score({"read": ("R", "IY0", "D"), "a": ("EY1",)}, references, training_words=7)
    assert (scores.training_words, scores.held_out_words) == (7, 3)
    # Wrong without stress: the vowel of "a", and all six phones of the word without an answer.
    assert scores.phone_error_rate == pytest.approx(7 / 10)
    assert scores.word_error_rate == pytest.approx(2 / 3)
    assert scores.stressed_phone_error_rate == pytest.approx(8 / 10)
    assert scores.stressed_word_error_rate == 1


@pytest.mark.parametrize("word", ["é", "two words", "--help", "", "n2"])
def test_words_that_are_not_letters_are_refused(trained, word):
    with pytest.raises(ConfigurationError, match="not a word of letters"):
        G2pModel(trained[0]).predict([word])


def test_no_model(tmp_path):
    with pytest.raises(MissingPartError, match="maestro g2p train"):
        G2pModel(tmp_path / "model.fst")


def test_rubbish_for_a_model(tmp_path):
    path = tmp_path / "model.fst"
    path.write_bytes(b"rubbish " * 100)
    with pytest.raises((DataError, WorkFailedError)):
        G2pModel(path).predict(["word"])


def test_too_small_a_dictionary(tmp_path):
    entries = [Pronunciation("word", ("W", "ER", "D"), "x")]
    with pytest.raises(DataError, match="too few words"):
        train_g2p(tmp_path / "model.fst", entries, SMALL)


def test_a_binary_that_takes_too_long_is_stopped(tmp_path):
    settings = G2pSettings(training_words=1500, held_out_words=10, timeout_s=0.01)
    with pytest.raises(WorkFailedError, match="took more than"):
        train_g2p(tmp_path / "model.fst", DICTIONARY, settings)
    assert list(tmp_path.iterdir()) == []
