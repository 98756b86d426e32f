"""Aliases, composite words and numbers (corpusgen.md, sections 3.8 and 3.9).

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro.corpusgen import generate_mappings

from .chi_square import assert_agrees, assert_share, mostly_slow, uniform
from .lines import SEED, whole_lines

ALIASES = [
    ("str", "string"),
    ("string", "str"),
    ("bool", "boolean"),
    ("boolean", "bool"),
    ("int", "integer"),
    ("integer", "int"),
    ("std", "standard"),
    ("standard", "std"),
    ("stdio", "standard io"),
    ("stdin", "standard in"),
]


@pytest.mark.parametrize(
    ("word", "other"),
    mostly_slow(ALIASES, 1),
)
def test_aliases(word: str, other: str) -> None:
    said = whole_lines(word, "go", 6500)
    hits = sum(count for text, count in said.items() if f" {text}".endswith(f" {other}"))
    assert_share(hits, said.total(), 0.10)


@pytest.mark.slow
def test_composites() -> None:
    """2%; of those 67% with "one word", in half of the cases with the style's name instead."""
    said = whole_lines("rowcount", "go", 60_000)
    kinds: Counter[str] = Counter()
    for text, count in said.items():
        if text.endswith("rowcount"):
            kinds["whole"] += count
        elif text.endswith("one word row count"):
            kinds["one word"] += count
        elif text.endswith(("lower case row count", "lowercase row count")):
            kinds[text.split()[0]] += count
        else:
            assert text.endswith("row count")
            kinds["halves"] += count
    # 1.5% of single words are said in another style, and never begin "lower case".
    lower = 0.67 * 0.50 * 0.985
    shares = {"whole": 0.98, "halves": 0.02 * 0.33, "one word": 0.02 * (0.67 - lower)}
    shares |= uniform(["lower", "lowercase"], 0.02 * lower)
    assert_agrees(kinds, shares)
    assert_share(kinds.total() - kinds["whole"], kinds.total(), 0.02)


@pytest.mark.slow
def test_composites_inside_identifiers() -> None:
    said = whole_lines("fooRowcount", "go", 50_000)
    kinds = Counter(
        "one word" if "one word" in text else "halves"
        for text in said.elements()
        if text.endswith("row count")
    )
    assert_share(kinds.total(), said.total(), 0.02)
    assert_agrees(kinds, {"one word": 0.67, "halves": 0.33})


@pytest.mark.slow
def test_composites_in_the_dictionary() -> None:
    """ "blackboard" is a word itself: 15% of the 2%."""
    said = whole_lines("blackboard", "go", 140_000)
    split = sum(count for text, count in said.items() if text.endswith("black board"))
    assert_share(split, said.total(), 0.02 * 0.15, least_hits=400)


def parts(before: dict[str, float], after: dict[str, float], share: float) -> dict[str, float]:
    """Shares of one part after the other."""
    return {
        " ".join(f"{first} {second}".split()): share * one * two
        for first, one in before.items()
        for second, two in after.items()
    }


# 3.9: "a" for "one" in 12.5%, "and" before a rest below a hundred in 50%, digit by digit in 10%.
ONE_HUNDRED = {"one hundred": 0.875, "a hundred": 0.125}
ONE_THOUSAND = {"one thousand": 0.875, "a thousand": 0.125}


def rest(words: str) -> dict[str, float]:
    return {words: 0.5, f"and {words}": 0.5}


NUMBERS: dict[str, dict[str, float]] = {
    "7": {"seven": 1.0},
    "10": {"ten": 0.9, "one zero": 0.1},
    "42": {"forty two": 0.9, "four two": 0.1},
    "007": {"zero zero seven": 0.1 + 0.45, "o o seven": 0.45},
    "100": {"one zero zero": 0.1} | parts(ONE_HUNDRED, {"": 1}, 0.9),
    "300": {"three zero zero": 0.1, "three hundred": 0.9},
    "105": {"one zero five": 0.1, "one o five": 0.45} | parts(ONE_HUNDRED, rest("five"), 0.45),
    "110": {"one one zero": 0.1, "one ten": 0.45} | parts(ONE_HUNDRED, rest("ten"), 0.45),
    "123": {"one two three": 0.1, "one twenty three": 0.45}
    | parts(ONE_HUNDRED, rest("twenty three"), 0.45),
    "1234": {"one two three four": 0.1, "twelve thirty four": 0.225}
    | parts({"twelve hundred": 1}, rest("thirty four"), 0.225)
    | parts(ONE_THOUSAND, {"two thirty four": 1}, 0.225)
    | parts(ONE_THOUSAND, parts({"two hundred": 1}, rest("thirty four"), 1), 0.225),
    # Other than in the reference, nobody says "twenty hundred five".
    "2005": {"two zero zero five": 0.1} | parts({"two thousand": 1}, rest("five"), 0.9),
    "12000": {"one two zero zero zero": 0.1, "twelve thousand": 0.9},
    # Other than in the reference, whose numbers end at six digits.
    "1000000": {
        "one zero zero zero zero zero zero": 0.1,
        "one million": 0.7875,
        "a million": 0.1125,
    },
}


@pytest.mark.parametrize("number", mostly_slow(list(NUMBERS)[::-1], 5))
def test_numbers(number: str) -> None:
    said: Counter[str] = Counter()
    for text, count in whole_lines(number, "go", 6200).items():
        said[text.removeprefix("numeral ")] += count
    assert_agrees(said, NUMBERS[number])


@pytest.mark.slow
def test_numeral() -> None:
    source = ("1 " * 60 + "1\n") * 7000
    numerals = numbers = 0
    for mapping in generate_mappings(source, "default", SEED, add=False):
        numerals += mapping.words.count("numeral")
        numbers += mapping.tokens.count("1")
    assert_share(numerals, numbers, 0.001, least_hits=400)
