"""The vocabulary filter: who gets in, and the reasons of those who do not."""

import builtins
import keyword

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.lexicon.sources import acronyms, hand_labelled
from arqon_maestro.speech_engine.lexicon.vocabulary import (
    HINT,
    DroppedWord,
    Vocabulary,
    choose_vocabulary,
    english_words,
    profanity,
    read_dropped_words,
    read_vocabulary,
    write_dropped_words,
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
    # "len" is a name of the list's, and what programmers say most.
    assert banned.isdisjoint({"len", "fat", "slave", "vulgar", "sex", "god"})


def test_no_word_that_is_labelled_by_hand_or_built_in_is_profane():
    said = {entry.word for entry in hand_labelled()} | set(acronyms())
    said |= {name.lower() for name in (*dir(builtins), *keyword.kwlist)}
    assert profanity().isdisjoint(said)


def test_english_is_alphabetic():
    words = english_words()
    assert "function" in words
    assert "'cause" not in words


def test_file_round_trip_with_the_hint_first(tmp_path):
    path = tmp_path / "vocab.txt"
    write_vocabulary(path, Vocabulary(("add", "sql(spell)"), {}))
    assert path.read_text().splitlines()[0] == HINT
    assert read_vocabulary(path) == ("add", "sql(spell)")


def test_dropped_words_are_listed_the_commonest_first(tmp_path):
    counts = COUNTS | {"rare": 1, "<unk>": 6, HINT: 5}
    chosen = choose_vocabulary(counts, LEXICON, minimum_count=2, maximum_words=2)
    assert chosen.dropped_words == (
        DroppedWord("shit", 8, "profane"),
        DroppedWord("xyzzy", 7, "no pronunciation"),
        DroppedWord("<unk>", 6, "not a word"),
        DroppedWord("café", 6, "not ascii"),
        DroppedWord(HINT, 5, "not a word"),
        DroppedWord("strip", 4, "over the limit"),
        DroppedWord("sql(spell)", 3, "over the limit"),
        DroppedWord("rare", 1, "rare"),
    )
    assert chosen.dropped_tokens() == {
        "no pronunciation": 7,
        "not a word": 11,
        "not ascii": 6,
        "over the limit": 7,
        "profane": 8,
        "rare": 1,
    }
    write_dropped_words(tmp_path / "dropped.tsv", chosen)
    assert read_dropped_words(tmp_path / "dropped.tsv") == chosen.dropped_words


def test_english_brings_rare_words_back_and_the_table_says_so():
    chosen = choose_vocabulary({"banana": 1, "add": 9}, LEXICON, minimum_count=2, with_english=True)
    assert "banana" in chosen.words
    assert chosen.dropped_words == ()


def test_own_words_are_in_whatever_the_corpus_and_the_lists_say():
    chosen = choose_vocabulary(
        {"add": 9}, LEXICON, minimum_count=5, maximum_words=1, own=["sql(spell)", "shit"]
    )
    assert chosen.words == ("add", "shit", "sql(spell)")
    with pytest.raises(DataError, match="maestro lexicon add xyzzy --pronunciation"):
        choose_vocabulary(COUNTS, LEXICON, own=["xyzzy"])


def test_a_corpus_without_a_single_word_that_can_be_said_is_an_error():
    with pytest.raises(DataError, match="no pronunciation: 1, rare: 1"):
        choose_vocabulary({"xyzzy": 5, "add": 1}, LEXICON, minimum_count=2)
    with pytest.raises(DataError, match="no word of the corpus can be recognised"):
        choose_vocabulary({}, LEXICON)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HINT}\n", "no word"),
        ("a b\n", "vocab.txt:1: more than one word"),
        ("a\n<unk>\n", "vocab.txt:2: '<unk>' is no word"),
    ],
)
def test_bad_vocabulary_files_are_refused(tmp_path, text, message):
    path = tmp_path / "vocab.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_vocabulary(path)
