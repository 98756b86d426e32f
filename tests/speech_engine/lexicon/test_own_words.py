"""A person's own words: what may be added, what is proposed, and the file they are kept in."""

import threading

import pytest

from arqon_maestro.errors import DataError, MissingPartError, UsageError
from arqon_maestro.speech_engine.lexicon.own_words import (
    OwnWord,
    add_own_words,
    checked_word,
    propose,
    read_own_words,
    remove_own_words,
    typed,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation

KNOWN = Lexicon.of(
    [
        Pronunciation("route", ("R", "UW1", "T"), "cmudict"),
        Pronunciation("route", ("R", "AW1", "T"), "cmudict"),
    ]
)
ZORP = OwnWord("zorp", ("Z", "AO1", "R", "P"), "typed")
FROB = OwnWord("frob", ("F", "R", "AA1", "B"), "g2p")


class Oracle:
    """Stands for a G2P model."""

    def predict(self, words, n_best=1):
        ways = (("F", "UW1", "B"), ("F", "UW", "B"), ("F", "AH1", "B"))
        return {word: ways[:n_best] for word in words if word != "silent"}


@pytest.mark.parametrize("word", ["zorp", "Kubectl", "node.js", "x86_64", "don't", "abc(spell)"])
def test_words_are_taken_in_lower_case(word):
    assert checked_word(word) == word.lower()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("two words", "not one word: 'two words'"),
        (" zorp", "not one word"),
        ("", "not one word"),
        ("<unk>", "'<unk>' cannot be added"),
        ("<UNK>", "cannot be added"),
        ("</s>", "cannot be added"),
        ("!sil", "cannot be added"),
        ("#nonterm:hint", "not a word"),
        ("café", "not a word: 'café'"),
        ("c++", "write it as it is said"),
        ("a1(spell)", "not a word"),
        ("(spell)", "not a word"),
    ],
)
def test_what_is_not_a_word_is_refused(word, message):
    with pytest.raises(UsageError) as raised:
        checked_word(word)
    assert message in str(raised.value)


def test_a_typed_pronunciation_may_leave_out_stress_and_capitals():
    assert typed("zorp", "z ao r p").phones == ("Z", "AO1", "R", "P")
    assert typed("about", "AH B AW T").phones == ("AH0", "B", "AW1", "T")
    assert typed("about", "AH0 B AW1 T").phones == ("AH0", "B", "AW1", "T")
    assert typed("ah", "AH").phones == ("AH1",)


@pytest.mark.parametrize(
    ("said", "message"),
    [("Z O R P", "unknown phone 'O'"), ("", "without a pronunciation"), ("AO4", "unknown phone")],
)
def test_a_pronunciation_with_an_unknown_phone_is_refused(said, message):
    with pytest.raises(UsageError, match=message) as raised:
        typed("zorp", said)
    assert "'zorp'" in str(raised.value)
    assert "maestro lexicon show" in str(raised.value)


def test_known_pronunciations_are_proposed_first():
    assert propose("route", KNOWN, None) == [
        OwnWord("route", ("R", "UW1", "T"), "cmudict"),
        OwnWord("route", ("R", "AW1", "T"), "cmudict"),
    ]


@pytest.mark.parametrize("word", ["zq", "grpc", "zq(spell)"])
def test_what_nobody_can_say_is_spelled(word):
    (own,) = propose(word, KNOWN, None)
    assert own.origin == "spelled"
    assert own.phones[:1] == (("JH",) if word == "grpc" else ("Z",))


def test_other_words_are_proposed_by_g2p_each_once():
    ways = [own.phones for own in propose("foob", KNOWN, Oracle(), n_best=3)]
    assert ways == [("F", "UW1", "B"), ("F", "AH1", "B")]
    assert {own.origin for own in propose("foob", KNOWN, Oracle())} == {"g2p"}


def test_without_a_proposal_the_error_says_what_to_type():
    with pytest.raises(MissingPartError, match="maestro g2p train, or maestro lexicon add zorp"):
        propose("zorp", KNOWN, None)
    with pytest.raises(UsageError, match="maestro lexicon add utf8 --pronunciation"):
        propose("utf8", KNOWN, Oracle())
    with pytest.raises(UsageError, match="has no answer"):
        propose("silent", KNOWN, Oracle())


def test_words_are_added_listed_and_removed(tmp_path):
    path = tmp_path / "lm" / "own-words.txt"
    assert read_own_words(path) == ()
    assert add_own_words(path, [ZORP]) == (ZORP,)
    assert add_own_words(path, [FROB, ZORP, FROB]) == (FROB,)
    assert read_own_words(path) == (FROB, ZORP)
    assert remove_own_words(path, ["zorp"]) == (ZORP,)
    assert read_own_words(path) == (FROB,)
    with pytest.raises(UsageError, match=r"'zorp' is not one of your own words.*allowed: frob"):
        remove_own_words(path, ["frob", "zorp"])
    assert read_own_words(path) == (FROB,)


def test_the_file_is_readable_and_may_be_edited_by_hand(tmp_path):
    path = tmp_path / "own-words.txt"
    add_own_words(path, [ZORP])
    assert path.read_text().splitlines()[1] == "zorp  Z AO1 R P  # typed"
    path.write_text(path.read_text() + "\n# mine\nfoo  F UW\n")
    assert OwnWord("foo", ("F", "UW1"), "typed") in read_own_words(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("zorp Z O", "own-words.txt:2: unknown phone 'O'"),
        ("zorp", "own-words.txt:2: a word without a pronunciation"),
        ("<unk> AH", "own-words.txt:2: '<unk>' cannot be added"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    path = tmp_path / "own-words.txt"
    path.write_text(f"# own\n{line}\n")
    with pytest.raises(DataError) as raised:
        read_own_words(path)
    assert message in str(raised.value)


def test_commands_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "own-words.txt"
    words = [OwnWord(f"word{number}", ("AH1",), "typed") for number in range(12)]
    threads = [threading.Thread(target=add_own_words, args=(path, [word])) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_own_words(path)) == set(words)
