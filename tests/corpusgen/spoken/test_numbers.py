"""Spoken numbers, written by `speak_number` and read back by `parse_number`."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.spoken.number_parser import NUMBER_WORDS, parse_number
from arqon_maestro.corpusgen.spoken.numbers import speak_number
from arqon_maestro.errors import DataError


def ways(digits: str, draws: int = 3000) -> Counter[str]:
    choices = RandomChoices(7)
    return Counter(" ".join(speak_number(digits, choices)) for _ in range(draws))


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("0", {"zero"}),
        ("12", {"twelve", "one two"}),
        ("40", {"forty", "four zero"}),
        ("007", {"zero zero seven", "o o seven"}),
        ("00", {"zero zero", "o zero"}),
        (
            "105",
            {
                "one zero five",
                "one o five",
                "one hundred five",
                "one hundred and five",
                "a hundred five",
                "a hundred and five",
            },
        ),
        (
            "120",
            {
                "one two zero",
                "one twenty",
                "one hundred twenty",
                "one hundred and twenty",
                "a hundred twenty",
                "a hundred and twenty",
            },
        ),
        (
            "2005",
            {"two zero zero five", "two thousand five", "two thousand and five"},
        ),
        (
            "1900",
            {
                "one nine zero zero",
                "nineteen hundred",
                "one thousand nine hundred",
                "a thousand nine hundred",
            },
        ),
        ("3000000", {"three zero zero zero zero zero zero", "three million"}),
        ("5000000007", {"five zero zero zero zero zero zero zero zero seven"}
         | {"five billion seven", "five billion and seven"}),
    ],
)  # fmt: skip
def test_all_the_ways_of_a_number(digits: str, expected: set[str]) -> None:
    assert set(ways(digits)) == expected


def test_rates_of_the_description() -> None:
    counted = ways("123", draws=20_000)
    share = {text: count / 20_000 for text, count in counted.items()}
    assert share["one two three"] == pytest.approx(0.10, abs=0.01)
    assert share["one twenty three"] == pytest.approx(0.45, abs=0.015)
    assert sum(v for k, v in share.items() if k.startswith("a hundred")) == pytest.approx(
        0.45 / 8, abs=0.01
    )
    with_and = sum(v for k, v in share.items() if " and " in k)
    assert with_and == pytest.approx(0.225, abs=0.012)


@pytest.mark.parametrize("text", ["", "-5", "1.5", "٣", "12a", " 1"])
def test_what_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(DataError):
        speak_number(text, RandomChoices(0))


@given(st.integers(0, 10**15), st.integers(0, 2**32))
@example(1_001_234, 3)
@example(10**15, 1)
def test_round_trip(value: int, seed: int) -> None:
    words = speak_number(str(value), RandomChoices(seed))
    assert parse_number(words) == value, words
    assert NUMBER_WORDS.issuperset(words)


@given(st.from_regex("0{0,3}[0-9]{1,40}", fullmatch=True), st.integers(0, 2**32))
def test_leading_zeros_and_any_length_are_said(digits: str, seed: int) -> None:
    words = ["one" if word == "a" else word for word in speak_number(digits, RandomChoices(seed))]
    if words[0] == "o":  # an `o` is read only inside a number
        words, digits = ["one", *words], f"1{digits}"
    assert parse_number(words) == int(digits)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("fifty", 50),
        ("a hundred", 100),
        ("thousand", 1000),
        ("one million thousand", 1_001_000),
        ("one thousand million", 10**9),
        ("five hundred thousand", 500_000),
        ("two million", 2_000_000),
        ("nineteen o five", 1905),
        ("twenty twenty", 2020),
        ("twelve thirty four", 1234),
        ("one two three", 123),
        ("five thousand ninety nine", 5099),
        ("one hundred and twenty", 120),
        ("42", 42),
        ("two 5", 25),
        ("zero seven", 7),
    ],
)
def test_reading(text: str, value: int) -> None:
    assert parse_number(text.split()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o five",
        "and five",
        "a",
        "a five",
        "five a",
        "one hundred and",
        "hundred hundred",
        "one thousand and",
        "five foo",
        "thousand five thousand",
        "two thousand twelve thirty four",
        "²",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert parse_number(text.split()) is None
