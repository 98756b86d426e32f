"""The vocabulary filter: who gets in, and the reasons of those who do not."""

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.lexicon.vocabulary import (
    HINT,
    Vocabulary,
    choose_vocabulary,
    english_words,
    profanity,
    read_vocabulary,
    write_vocabulary,
)

WORDS = ("add", "sql(spell)", "return", "strip", "shit", "banana", "café")
LEXICON = Lexicon.of(Pronunciation(word, ("AH",), "x") for word in WORDS)
COUNTS = {"add": 9, "sql(spell)": 3, "return": 5, "strip": 4, "shit": 8, "café": 6, "xyzzy": 7}


def test_words_are_kept_or_dropped_for_a_reason():
    chosen = choose_vocabulary(COUNTS | {"rare": 1}, LEXICON, minimum_count=2)
    assert chosen.words == ("add", "return", "sql(spell)", "strip")
    assert chosen.dropped == {"no pronunciation": 1, "not ascii": 1, "profane": 1, "rare": 1}


def test_limit_keeps_the_commonest():
    chosen = choose_vocabulary(COUNTS, LEXICON, maximum_words=2)
    assert chosen.words == ("add", "return")
    assert chosen.dropped["over the limit"] == 2


def test_english_comes_on_top_if_wanted():
    assert "banana" in choose_vocabulary(COUNTS, LEXICON, with_english=True).words
    assert "banana" not in choose_vocabulary(COUNTS, LEXICON).words


def test_every_corpus_word_is_either_kept_or_counted_as_dropped():
    chosen = choose_vocabulary(COUNTS, LEXICON, minimum_count=4, maximum_words=2)
    assert len(chosen.words) + sum(chosen.dropped.values()) == len(COUNTS)


def test_profanity_spares_words_of_programming():
    banned = profanity()
    assert "fuck" in banned
    assert banned.isdisjoint({"strip", "kill", "dummy", "pot", "slope", "stroke"})


def test_english_is_alphabetic():
    words = english_words()
    assert "function" in words
    assert "'cause" not in words


def test_file_round_trip_with_the_hint_first(tmp_path):
    path = tmp_path / "vocab.txt"
    write_vocabulary(path, Vocabulary(("add", "sql(spell)"), {}))
    assert path.read_text().splitlines()[0] == HINT
    assert read_vocabulary(path) == ("add", "sql(spell)")


@pytest.mark.parametrize(("text", "message"), [(f"{HINT}\n", "no word"), ("a b\n", "vocab.txt:1")])
def test_bad_vocabulary_files_are_refused(tmp_path, text, message):
    path = tmp_path / "vocab.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_vocabulary(path)
