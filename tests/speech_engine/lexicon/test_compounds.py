"""Compounds: where a word is split, and how its parts are said together."""

import pytest

from arqon_maestro.speech_engine.lexicon.build import known_pronunciations
from arqon_maestro.speech_engine.lexicon.compounds import (
    LEAST_COUNT,
    pronounce_missing,
    say_compound,
    split_compound,
)

WORDS = ["line", "buffer", "list", "enable", "able", "view", "scroll", "into", "lin", "ebuffer"]
COUNTS = dict.fromkeys(WORDS, 500) | {"lin": LEAST_COUNT, "comp": 900, "let": 900, "ers": 900}
LEXICON = known_pronunciations([*WORDS, "comp", "let", "ers", "new", "news", "paper"])


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("linebuffer", ("line", "buffer")),
        ("scrollintoview", ("scroll", "into", "view")),
        # "able" is an ending here, and "list|enable" is said otherwise as well: nothing is sure.
        ("lineable", ()),
        ("completers", ()),
        ("line", ()),
        ("linex", ()),
        ("zorp", ()),
        ("", ()),
    ],
)
def test_words_are_split_into_frequent_known_words(word, parts):
    assert split_compound(word, COUNTS, LEXICON) == parts


def test_rare_and_unknown_words_are_no_parts():
    assert split_compound("linebuffer", COUNTS | {"buffer": LEAST_COUNT - 1}, LEXICON) == ()
    assert split_compound("zorpline", COUNTS | {"zorp": 999}, LEXICON) == ()


def test_the_likelier_of_two_splits_is_taken():
    counts = {"new": 100, "spaper": 0, "news": 30, "paper": 100}
    assert split_compound("newspaper", counts, LEXICON) == ("news", "paper")
    counts = {"view": 500, "line": 500, "viewl": 9, "ine": 9}
    assert split_compound("viewline", counts, LEXICON) == ("view", "line")


def test_only_the_first_part_keeps_its_main_stress():
    entry = say_compound("linebuffer", ("line", "buffer"), LEXICON)
    assert " ".join(entry.phones) == "L AY1 N B AH2 F ER0"
    assert entry.source == "compound"


def test_what_is_no_compound_is_left_to_g2p():
    class Model:
        def pronounce(self, words):
            return sorted(words)

    found = pronounce_missing(["zorp", "linebuffer", "zorp"], COUNTS, LEXICON, Model())
    assert found == [say_compound("linebuffer", ("line", "buffer"), LEXICON), "zorp"]
