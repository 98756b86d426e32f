"""Hints that a file gives."""

from arqon_maestro.speech_engine.hint_words import hint_words

SOURCE = """\
def frobnicate(qux, x1):
    # quxify the Frobnicator
    return frobnicate(qux + QUX) * 12
"""


def test_frequent_words_come_first_and_known_ones_not_at_all():
    found = hint_words(SOURCE, {"def", "return", "the"})
    assert found == ["qux", "frobnicate", "quxify", "frobnicator"]


def test_there_is_a_limit():
    assert hint_words(SOURCE, set(), most=2) == ["qux", "frobnicate"]
    assert hint_words("", set()) == []
