"""Looking words up: provenance, and whether a word can be recognised."""

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.formats import read_provenance, write_provenance
from arqon_maestro.speech_engine.lexicon.lookup import LexiconFiles, look_up
from arqon_maestro.speech_engine.lexicon.own_words import OwnWord, add_own_words
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.lexicon.vocabulary import (
    DroppedWord,
    Vocabulary,
    write_dropped_words,
    write_vocabulary,
    write_word_counts,
)


@pytest.fixture
def files(tmp_path):
    return LexiconFiles(
        own_words=tmp_path / "own-words.txt",
        provenance=tmp_path / "lexicon-sources.tsv",
        vocabulary=tmp_path / "vocab.txt",
        dropped=tmp_path / "vocab-dropped.tsv",
        counts=tmp_path / "vocab-counts.tsv",
    )


def test_before_anything_is_built_the_sources_are_shown(files):
    (found,) = look_up(["tuple"], files)
    assert {entry.source for entry in found.pronunciations} == {"hand:general"}
    assert found.recognised is None
    assert found.note == "no vocabulary has been built yet"


def test_what_was_built_says_where_each_pronunciation_comes_from_and_why_a_word_is_out(files):
    add_own_words(files.own_words, [OwnWord("zorp", ("Z", "AO1", "R", "P"), "typed")])
    predicted = [
        Pronunciation("blarg", ("B", "L", "AA1", "R", "G"), "g2p"),
        Pronunciation("zorp", ("Z", "ER1", "P"), "g2p"),
    ]
    write_provenance(files.provenance, Lexicon.of(predicted))
    lost = (DroppedWord("qwop", 3, "no pronunciation"),)
    write_vocabulary(files.vocabulary, Vocabulary(("banana", "blarg"), {}))
    write_dropped_words(files.dropped, Vocabulary((), {}, lost))
    found = {word.word: word for word in look_up(["zorp", "blarg", "qwop", "mutex"], files)}
    said = {name: [e.source for e in word.pronunciations] for name, word in found.items()}
    assert said == {"zorp": ["own"], "blarg": ["g2p"], "qwop": [], "mutex": ["hand:general"]}
    assert found["blarg"].recognised
    assert found["zorp"].note == "an own word: in the vocabulary after the next build"
    assert found["qwop"].note == "not in the vocabulary: no pronunciation, 3 times in the corpus"
    assert found["mutex"].note == "not in the vocabulary: not in the corpus"
    assert not found["mutex"].recognised


def test_word_counts_round_trip(files):
    assert files.word_counts() == {}
    write_word_counts(files.counts, Vocabulary(("add", "zip"), {}), {"add": 7, "gone": 9})
    assert files.word_counts() == {"add": 7, "zip": 0}
    files.counts.write_text("add\t7\nzip\n")
    with pytest.raises(DataError, match=r"vocab-counts.tsv:2"):
        files.word_counts()


def test_provenance_round_trip(tmp_path):
    lexicon = Lexicon.of(
        [
            Pronunciation("read", ("R", "EH1", "D"), "cmudict"),
            Pronunciation("read", ("R", "IY1", "D"), "hand:general"),
            Pronunciation("sql(spell)", ("EH1", "S"), "spelled"),
        ]
    )
    write_provenance(tmp_path / "sources.tsv", lexicon)
    assert read_provenance(tmp_path / "sources.tsv") == lexicon
