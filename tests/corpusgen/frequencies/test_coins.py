"""Coins of a mapping, stops, spaces and styles (corpusgen.md, sections 3.1 to 3.5).

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

from collections import Counter

import pytest

from arqon_maestro.corpusgen import generate_mappings

from .chi_square import assert_agrees, assert_share, mostly_slow, uniform
from .lines import SEED, first_mappings, hits, mappings_of_lines, whole_lines

STOP = 0.07  # 3.3
GOES_ON = 1 - STOP
# Where rates are so low that more would take too long: a quarter more or less is noticed.
FEWER_HITS = 400

# 3.5: a style's names. The words have no halves, so that nothing else is said.
STYLES = {
    "FOO_QUUX": ("all caps", "caps", "upper", "uppercase"),
    "fooQuux": ("camel case", "camelcase", "camel"),
    "FooQuux": ("pascal case", "pascal", "pascalcase"),
}
# 3.3: 40%, but 10% of the usual style of Python, JavaScript and Java, and of all in prose.
EXPLICIT_STYLES = [
    ("java", "fooQuux", 0.10),
    ("default", "fooQuux", 0.10),
    ("go", "FOO_QUUX", 0.40),
    ("go", "fooQuux", 0.40),
    ("go", "FooQuux", 0.40),
    ("python", "fooQuux", 0.40),
    ("python", "FOO_QUUX", 0.40),
    ("java", "FooQuux", 0.40),
    ("javascript", "fooQuux", 0.10),
    ("default", "FOO_QUUX", 0.10),
]
# A delimiter's name, in place of the style's in half of the cases, is said with 80%.
DELIMITED = [
    ("go", "foo_quux", 0.40),
    ("go", "foo-quux", 0.40),
    ("python", "foo_quux", 0.10),
    ("java", "foo_quux", 0.40),
    ("default", "foo_quux", 0.10),
]


@pytest.mark.parametrize(("language", "line", "rate"), mostly_slow(EXPLICIT_STYLES, 3))
def test_style_names(language: str, line: str, rate: float) -> None:
    shares = {"foo quux": 1 - rate}
    shares |= uniform([f"{name} foo quux" for name in STYLES[line]], rate)
    assert_agrees(whole_lines(line, language, 9000), shares)


@pytest.mark.parametrize(("language", "line", "rate"), mostly_slow(DELIMITED, 1))
def test_style_names_or_delimiters(language: str, line: str, rate: float) -> None:
    if "_" in line:
        styles, delimiters = ["snake", "snake case", "underscores"], ["underscore"]
    else:
        styles, delimiters = ["dashes"], ["dash", "minus", "negative"]
    spoken = rate * 0.5 * 0.8
    shares = {"foo quux": 1 - rate + rate * 0.5 * 0.2}
    shares |= uniform([f"{name} foo quux" for name in styles], rate * 0.5)
    shares |= uniform([f"foo {name} quux" for name in delimiters], spoken)
    assert_agrees(whole_lines(line, language, 12_000), shares)


@pytest.mark.parametrize("line", mostly_slow(['f("foo_quux")', "# foo_quux"], 1))
def test_a_usual_style_is_unusual_in_strings_and_comments(line: str) -> None:
    said = whole_lines(line, "python", 6000)
    assert_share(hits(said, "snake", "underscores"), said.total(), 0.40 * 0.5)


def test_titles() -> None:
    said = whole_lines("Foo Quux", "go", 8000)
    # Word by word there are two more places to stop at.
    apart = 0.5 * GOES_ON**2 / (0.5 * GOES_ON**2 + 0.5)
    starts = Counter(text.split()[0] for text in said.elements())
    assert_agrees(starts, {"title": (1 - apart) * 0.40, "capital": apart * 0.40, "foo": 0.60})


@pytest.mark.slow
def test_single_words() -> None:
    relabelled = 0.015 * 0.40 / 2
    shares = uniform(["lower case value", "lowercase value"], 0.985 * 0.005)
    shares |= uniform(
        [f"{name} value" for name in ("snake", "snake case", "underscores")], relabelled
    )
    shares |= uniform(
        [f"{name} value" for name in ("camel case", "camelcase", "camel")], relabelled
    )
    shares["value"] = 1 - sum(shares.values())
    said = whole_lines("value", "go", 150_000)
    assert_agrees(said, shares)
    lower = hits(said, "lower", "lowercase")
    others = said.total() - said["value"] - lower
    assert_share(lower, said.total(), 0.985 * 0.005, FEWER_HITS)
    assert_share(others, said.total(), 0.015 * 0.40, FEWER_HITS)


@pytest.mark.slow
def test_single_capitals() -> None:
    relabelled = 0.015 * 0.40 / 2
    shares = {"foo": 0.60, "capital foo": 0.985 * 0.40}
    shares |= uniform(
        [f"{name} foo" for name in ("pascal case", "pascal", "pascalcase")], relabelled
    )
    shares |= uniform(["title foo", "title case foo"], relabelled)
    assert_agrees(whole_lines("Foo", "go", 15_000), shares)


@pytest.mark.slow
def test_a_word_before_another_word_is_not_relabelled() -> None:
    said = whole_lines("value quux", "go", 15_000)
    starts = Counter(text.split()[0] for text in said.elements())
    assert set(starts) == {"value", "lower", "lowercase"}


def test_stops() -> None:
    ends = Counter(
        mapping.stop - mapping.start for mapping in first_mappings("foo.quux.foo", "go", 10_000)
    )
    at = [len("foo"), len("foo."), len("foo.quux"), len("foo.quux.")]
    shares = {end: STOP * GOES_ON**before for before, end in enumerate(at)}
    shares[len("foo.quux.foo")] = GOES_ON ** len(at)
    assert_agrees(Counter(dict(ends)), shares)


def test_stops_inside_identifiers() -> None:
    ends = Counter(
        mapping.stop - mapping.start for mapping in first_mappings("foo_quux_baz", "go", 10_000)
    )
    # A delimiter right before the cut is left with the rest.
    twice = STOP + GOES_ON * STOP
    shares = {
        len("foo"): twice,
        len("foo_quux"): GOES_ON**2 * twice,
        len("foo_quux_baz"): GOES_ON**4,
    }
    assert_agrees(Counter(dict(ends)), shares)


def test_stops_after_an_opener() -> None:
    closed = Counter(
        (mapping.stop - mapping.start, mapping.tokens[-1])
        for mapping in first_mappings("foo[baz]", "go", 10_000)
    )
    # A tenth of the brackets are said one by one.
    shares = {
        (len("foo"), "foo"): STOP,
        (len("foo["), "]"): GOES_ON * 0.9 * STOP,
        (len("foo["), "["): GOES_ON * 0.1 * STOP,
        (len("foo[baz"), "baz"): GOES_ON * 0.1 * GOES_ON * STOP,
        (len("foo[baz]"), "]"): GOES_ON * GOES_ON * (0.9 + 0.1 * GOES_ON),
    }
    assert_agrees(closed, shares)


@pytest.mark.parametrize("tail", [";", " "])
def test_a_last_semicolon_or_blank_is_discarded(tail: str) -> None:
    kinds: Counter[str] = Counter()
    line = f"foo{tail}quux" if tail == " " else "foo;"
    for mappings in mappings_of_lines(line, "go", 20_000):
        first = mappings[0]
        if tail == ";":
            if first.stop - first.start == len("foo;"):
                kinds["kept"] += 1
            else:
                kinds["later" if len(mappings) > 1 else "never"] += 1
        elif first.stop - first.start == len("foo "):
            kinds["kept"] += 1
        elif first.stop - first.start == len("foo"):
            kinds["before"] += 1
        else:
            kinds["all"] += 1
    if tail == ";":
        assert_agrees(kinds, {"later": STOP, "kept": GOES_ON * 0.1, "never": GOES_ON * 0.9})
    else:
        # After a stop behind the blank it is left for the next mapping.
        stopped = GOES_ON * STOP
        assert_agrees(
            kinds,
            {
                "before": STOP + stopped * 0.9,
                "kept": stopped * 0.1,
                "all": GOES_ON**2,
            },
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "line", "shares"),
    [
        ("go", "foo  quux", {0: 0.60, 2: 0.40}),
        ("default", "foo  quux", {0: 0.60, 2: 0.40}),
        ("go", "foo   quux", {0: 0.60, 3: 0.40}),
        # A coin for the mapping, then one for each blank.
        (
            "go",
            "foo quux baz",
            {0: 0.90 + 0.10 * 0.33**2, 1: 0.10 * 2 * 0.67 * 0.33, 2: 0.10 * 0.67**2},
        ),
    ],
)
def test_spoken_spaces(language: str, line: str, shares: dict[int, float]) -> None:
    counts = Counter(
        text.split().count("space") for text in whole_lines(line, language, 12_000).elements()
    )
    assert_agrees(counts, shares)


@pytest.mark.slow
def test_spoken_spaces_in_prose() -> None:
    said = whole_lines("foo quux", "default", 80_000)
    assert_share(hits(said, "space"), said.total(), 0.01 * 0.67, FEWER_HITS)


@pytest.mark.slow
def test_implicit_symbols() -> None:
    """2% of the mappings have implicit symbols; half of them leave 15% unsaid, the others 85%."""
    said = whole_lines("1=2", "go", 120_000)
    assert_share(said["one two"], said.total(), 0.02 * 0.5)


@pytest.mark.slow
def test_bias_of_implicit_symbols() -> None:
    unsaid = Counter(
        3 - sum(word in ("equals", "equal") for word in text.split())
        for text in whole_lines("1=2=1=2", "go", 40_000).elements()
    )
    del unsaid[0]
    shares = {count: sum(_binomial(3, count, rate) for rate in (0.15, 0.85)) for count in (1, 2, 3)}
    total = sum(shares.values())
    assert_agrees(unsaid, {count: share / total for count, share in shares.items()})


def _binomial(of: int, hit: int, rate: float) -> float:
    ways = {0: 1, 1: 3, 2: 3, 3: 1}[hit]
    return float(ways * rate**hit * (1 - rate) ** (of - hit))


@pytest.mark.slow
def test_longer_symbols_are_always_explicit() -> None:
    said = whole_lines("foo->quux", "go", 20_000)
    silent = said["foo quux"]
    # A dash may be unsaid, and the angle bracket after it; an arrow may not.
    assert silent / said.total() < 0.01


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "suffix"), [("values", "s"), ("classes", "es"), ("names", "s")]
)  # fmt: skip
def test_plural_endings(word: str, suffix: str) -> None:
    number = 8000
    source = f"{word}\n" * number
    endings = sum(
        mapping.words == (suffix,) and source[mapping.start : mapping.stop] == suffix
        for mapping in generate_mappings(source, "go", SEED, add=False)
    )
    assert_share(endings, number, 0.10)


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "line", "share"),
    [
        ("python", "lambda x: y", 0.80),
        ("javascript", "if (x) { y }", 0.80),
        ("html", "<hr/>", 0.80),
    ],
)
def test_snippets_inside_inserts(language: str, line: str, share: float) -> None:
    firsts = first_mappings(line, language, 5000)
    assert_share(sum("CRSR" in mapping.tokens for mapping in firsts), len(firsts), share)
