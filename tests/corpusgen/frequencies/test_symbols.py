"""Names of symbols and enclosures (corpusgen.md, sections 3.6, 3.7 and 3.10).

The expected numbers are those of the description, written again here on purpose. To its names
are added those that the generator has beyond it: "modulus", "bitwise and", "fat arrow", and of
enclosures "sub", "in ticks" and "in quotes" for single ones.
"""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro.corpusgen import generate_mappings

from .chi_square import assert_agrees, assert_share, mostly_slow, uniform
from .lines import first_mappings, hits, whole_lines, without_styles

GOES_ON = 0.93  # 3.3
# 3.3: 2% of the mappings have implicit symbols, of which half are unsaid.
EXPLICIT = 0.99
SIGN = 0.01  # 3.6
PLAIN = 0.10  # 3.2
# Said in place of the enclosure, the symbols are one more place to stop at.
PLAIN_OF_WHOLE = PLAIN * GOES_ON / (PLAIN * GOES_ON + 1 - PLAIN)
OTHERWISE = "otherwise"


def plain_lines(line: str, language: str, number: int) -> Counter[str]:
    return without_styles(whole_lines(line, language, number))


def with_sign(names: dict[str, float]) -> dict[str, float]:
    shares = {}
    for name, share in names.items():
        shares[name] = share * (1 - SIGN)
        shares[f"{name} sign"] = share * SIGN
    return shares


def prioritised(first: list[str], others: list[str]) -> dict[str, float]:
    """Nine in ten of the prioritised names, else one of all."""
    shares = uniform(first, 0.90)
    for name, share in uniform([*first, *others], 0.10).items():
        shares[name] = shares.get(name, 0) + share
    return shares


@pytest.mark.parametrize(
    ("language", "symbol", "names"),
    mostly_slow(
        [
            ("go", ".", prioritised(["dot"], ["period", "point"])),
            ("go", "=", uniform(["equals", "equal"])),
            ("go", "%", uniform(["percent", "mod", "modulo", "modulus"])),
            ("go", "+", {"plus": 1.0}),
            (
                "go",
                "!",
                uniform(["exclamation point", "exclamation mark", "bang", "exclam", "not"]),
            ),
            ("default", ".", prioritised(["period"], ["dot", "point"])),
            ("go", "&", uniform(["ampersand", "bitwise and"])),
            ("cplusplus", "&", uniform(["address of", "ampersand"])),
        ],
        1,
    ),
)
def test_names_between_words(language: str, symbol: str, names: dict[str, float]) -> None:
    shares = {f"foo {name} quux": share * EXPLICIT for name, share in with_sign(names).items()}
    shares["foo quux"] = 1 - EXPLICIT
    assert_agrees(plain_lines(f"foo{symbol}quux", language, 9000), shares)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("symbol", "first", "others"),
    [
        (
            "(",
            ["left paren", "paren", "open paren"],
            [
                *("parenthesee", "left parenthesee", "open parenthesee"),
                *("parenthesis", "left parenthesis", "open parenthesis"),
            ],
        ),
        (
            ")",
            ["right paren", "close paren"],
            [
                *("right parenthesee", "close parenthesee", "end parenthesee"),
                *("right parenthesis", "close parenthesis", "end parenthesis", "end paren"),
            ],
        ),
    ],
)
def test_names_of_parentheses(symbol: str, first: list[str], others: list[str]) -> None:
    names = with_sign(prioritised(first, others))
    shares = {f"foo {name}": share for name, share in names.items()}
    said = plain_lines(f"foo{symbol}", "go", 20_000)
    assert_agrees(said, shares)
    known = sum(said[f"foo {name}"] + said[f"foo {name} sign"] for name in first)
    assert_share(said.total() - known, said.total(), 0.10 * len(others) / 9)


@pytest.mark.slow
def test_signs() -> None:
    said = plain_lines("foo+", "go", 100_000)
    assert_share(said["foo plus sign"], said.total(), SIGN)


@pytest.mark.slow
def test_any_named_beginning_of_a_run_may_be_said() -> None:
    said = plain_lines("foo===quux", "go", 20_000)
    # Of the three, one, or two symbols first, each a third; then the rest, and one stop more each.
    parts = {1: 1 / 3, 2: (1 / 6 + 1 / 3) * GOES_ON, 3: 1 / 6 * GOES_ON**2}
    total = sum(parts.values())
    kinds: Counter[str] = Counter()
    for text, number in said.items():
        if "triple" in text:
            kinds["triple equals" if "equals" in text else "triple equal"] += number
        elif "double" in text or "equal to" in text:
            kinds["double"] += number
        else:
            kinds[OTHERWISE] += number
    triple, double = parts[1] / total, parts[2] / total * 4 / 8
    assert_agrees(
        kinds,
        {
            "triple equals": triple / 2,
            "triple equal": triple / 2,
            "double": double,
            OTHERWISE: 1 - triple - double,
        },
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arrow", "names"),
    [("->", ("right arrow", "arrow")), ("=>", ("right arrow", "fat arrow", "arrow"))],
)
def test_names_of_arrows(arrow: str, names: tuple[str, ...]) -> None:
    said = plain_lines(f"foo{arrow}quux", "go", 8000)
    kinds = Counter(
        next((name for name in names if name in text), OTHERWISE) for text in said.elements()
    )
    whole = 1 / (1 + GOES_ON)
    assert_agrees(kinds, uniform(names, whole) | {OTHERWISE: 1 - whole})


def test_an_underscore_alone_is_mostly_silent() -> None:
    said = plain_lines("foo _ quux", "go", 8000)
    assert_share(hits(said, "underscore"), said.total(), (1 - 0.80) * EXPLICIT)


ENCLOSURES = [
    ("(", ")", 0.80, ["in parenthesees", "in parentheses", "in parens", "of", "call"]),
    ("<", ">", 0.80, ["in angle brackets", "in comparators"]),
    ("[", "]", 0.10, ["in square brackets", "in brackets", "in subs", "sub"]),
    ("{", "}", 0.0, ["in curly braces", "in curly brackets", "in braces"]),
    ("`", "`", 0.0, ["in backticks", "in ticks"]),
    ("|", "|", 0.0, ["in pipes"]),
    ("'", "'", 0.0, ["in single quotes", "in quotes", "string"]),
    (
        '"',
        '"',
        0.0,
        ["in quotes", "in quotations", "in double quotes", "in double quotations", "string"],
    ),
]


def said_around(names: dict[str, float], content: str) -> dict[str, float]:
    """A name goes before the content, those with "in" after it in one mapping of ten.

    Of those before it one in five loses its "in".
    """
    shares: dict[str, float] = {}
    for name, share in names.items():
        if name.startswith("in "):
            before = share * (1 - 0.10)
            shares[f"{content} {name}"] = share * 0.10
            shares[f"{name} {content}"] = before * (1 - 0.20)
            shares[f"{name.removeprefix('in ')} {content}"] = before * 0.20
        else:
            shares[f"{name} {content}"] = share
    return shares


@pytest.mark.parametrize(("opener", "closer", "of", "names"), mostly_slow(ENCLOSURES, 1))
def test_names_of_enclosures(opener: str, closer: str, of: float, names: list[str]) -> None:
    shares = uniform(names, 1 - of)
    if of:
        shares["of"] = shares.get("of", 0) + of
    shares = {
        f"foo {text}": share * EXPLICIT * (1 - PLAIN_OF_WHOLE)
        for text, share in said_around(shares, "baz").items()
    }
    shares["foo baz"] = (1 - EXPLICIT) * (1 - PLAIN_OF_WHOLE)
    said = plain_lines(f"foo{opener}baz{closer}", "go", 12_000)
    seen = Counter({text: said[text] for text in shares})
    seen[OTHERWISE] = said.total() - seen.total()
    shares[OTHERWISE] = PLAIN_OF_WHOLE
    assert_agrees(seen, shares)


@pytest.mark.slow
def test_either_of_two_openers() -> None:
    number = 8000
    names = ("in triple quotes", "in triple quotations")
    wanted = {f"foo {text}" for text in said_around(dict.fromkeys(names, 0.5), "baz")}
    # Each in a file of its own: triple quotes may close on a later line.
    said = Counter(
        " ".join(generate_mappings('foo"""baz"""', "default", seed)[0].words)
        for seed in range(number)
    )
    found = sum(count for text, count in without_styles(said).items() if text in wanted)
    # Not stopped after the word and the opener.
    assert_share(found, number, GOES_ON**2 * 0.5 * (1 - PLAIN) * EXPLICIT)


@pytest.mark.slow
def test_the_place_of_a_name_is_the_mappings() -> None:
    places: Counter[tuple[bool, bool]] = Counter()
    for mapping in first_mappings("foo{baz}{alpha}", "go", 20_000):
        if mapping.stop - mapping.start == len("foo{baz}{alpha}"):
            text = " ".join(mapping.words)
            for name in ("braces", "brackets"):
                text = text.replace(f"in curly {name}", "NAME").replace(f"in {name}", "NAME")
            if text == "foo NAME baz NAME alpha":
                places[False, False] += 1
            elif text == "foo baz NAME alpha NAME":
                places[True, True] += 1
            else:
                assert text != "foo baz NAME NAME alpha"
    # Both said before, both with "in": 0.8 each.
    before = 0.90 * 0.80**2
    after = 0.10 / (0.10 + before)
    assert_share(places[True, True], places.total(), after)
