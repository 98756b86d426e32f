"""Alternatives that sound alike: homophones, near words, words run together and parted."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from arqon_maestro.evaluation.confusions import Confuser, Words

SOUNDS = [
    ("for", "F AO R"),
    ("four", "F AO R"),
    ("far", "F AA R"),
    ("each", "IY CH"),
    ("foreach", "F AO R IY CH"),
    ("reach", "R IY CH"),
    ("fo", "F AO"),
    ("node", "N OW D"),
    ("note", "N OW T"),
    ("mode", "M OW D"),
    ("no", "N OW"),
    ("zebra", "Z IY B R AH"),
    ("the", "DH AH"),
    ("a", "AH"),
    ("a", "EY"),
]
WORDS = sorted({word for word, _ in SOUNDS})


def confuser(frequencies: dict[str, float] | None = None) -> Confuser:
    uniform = dict.fromkeys(WORDS, -2.0)
    entries = [(word, tuple(phones.split())) for word, phones in SOUNDS]
    return Confuser(entries, uniform | (frequencies or {}))


def drawn(words: str, count: int = 9, seeds: int = 40) -> Counter[Words]:
    """Counts the alternatives of several draws."""
    made = confuser()
    text = tuple(words.split())
    return Counter(found for seed in range(seeds) for found in made.alternatives(text, count, seed))


def test_homophones_come_first() -> None:
    counts = drawn("four", count=1, seeds=200)
    assert counts["for",] > counts["far",] > 0
    # For the ear the homophone is exp(0.7) times as likely as its neighbour.
    assert math.isclose(counts["for",] / counts["far",], math.exp(0.7), rel_tol=0.4)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("for each", "foreach"),
        ("foreach", "for each"),
        ("for each", "fo reach"),
        ("node", "note"),
        ("note the", "no the"),
    ],
)
def test_kinds_of_confusion(said: str, heard: str) -> None:
    assert tuple(heard.split()) in drawn(said)


def test_alternatives_are_different_and_not_the_truth() -> None:
    made, text = confuser(), ("for", "each", "node", "the")
    for seed in range(30):
        found = made.alternatives(text, 9, seed)
        assert len(found) == len(set(found)) == 9
        assert text not in found
        assert all(word in WORDS for words in found for word in words)


def test_a_second_edit_now_and_then() -> None:
    # All words of this text but "zebra" can change in place; no edit alone changes two of them.
    text = ("node", "zebra", "note")
    counts = drawn(" ".join(text), count=1, seeds=400)
    twice = sum(
        number for found, number in counts.items() if found[0] != text[0] and found[-1] != text[-1]
    )
    assert 0.2 < twice / 400 < 0.4


def test_common_words_are_heard_more_often() -> None:
    common = confuser({"mode": -1.0, "note": -5.0})
    first = Counter(common.alternatives(("node",), 1, seed)[0] for seed in range(200))
    assert first["mode",] > 5 * first["note",]


def test_the_same_seed_draws_the_same() -> None:
    text = ("for", "each", "node")
    assert confuser().alternatives(text, 9, 5) == confuser().alternatives(text, 9, 5)
    assert confuser().alternatives(text, 9, 5) != confuser().alternatives(text, 9, 6)


def test_a_word_that_is_like_no_other_has_few() -> None:
    assert confuser().alternatives(("zebra",), 9, 0) == [("zebra", "a")]
    assert confuser().knows(["zebra", "a"])
    assert not confuser().knows(["zebra", "gnu"])


def test_words_without_a_frequency_are_not_offered() -> None:
    entries = [("for", ("F", "AO", "R")), ("fore", ("F", "AO", "R"))]
    assert Confuser(entries, {"for": -1.0}).alternatives(("for",), 9, 0) == []
