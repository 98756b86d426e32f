"""How nodes are said: the section machinery and its phrases (corpusgen.md, sections 4.1 to 4.3).

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import pytest

from arqon_maestro.corpusgen import Mapping, generate_mappings

from .chi_square import assert_agrees, assert_share, uniform
from .lines import SEED, first_mappings, without_styles

NO_TRIGGER = "none"
FIRST, BEFORE, AFTER = 0.33, 0.33, 0.34  # 4.2, step 1
SUFFIX = 0.03  # of those before the name
SUFFIXES = ("with name", "called", "named")
IMPLICIT = 0.10
STOP_SECTION = 0.20  # 4.2, step 3
ARTICLE, WRONG = 0.01, 0.05  # 4.2, step 7
STOP = 0.07  # 3.3

IN_JAVA_CLASS = ("class A {\n", "}\n")
METHODS = "public void foo() {}\n"


@lru_cache(maxsize=4)
def additions(
    language: str, unit: str, number: int, around: tuple[str, str] = ("", "")
) -> list[Mapping]:
    """Returns the add mappings of a file that is `unit`, `number` times, with a bit around it."""
    source = around[0] + unit * number + around[1]
    return [m for m in generate_mappings(source, language, SEED) if m.kind == "add"]


def said(mappings: list[Mapping], target: str) -> Counter[str]:
    """Counts what is said for the targets that a pattern matches from start to end."""
    pattern = re.compile(target)
    words = Counter(
        " ".join(mapping.words)
        for mapping in mappings
        if pattern.fullmatch(" ".join(mapping.tokens))
    )
    return without_styles(words)


def without_article(words: Counter[str]) -> Counter[str]:
    plain: Counter[str] = Counter()
    for text, number in words.items():
        plain[re.sub(r"^an? ", "", text)] += number
    return plain


def by_trigger(words: Counter[str], triggers: list[str]) -> Counter[str]:
    """Counts which of the triggers, none of which is part of a later one, was said."""
    kinds: Counter[str] = Counter()
    for text, number in words.items():
        found = (trigger for trigger in triggers if f" {trigger} " in f" {text} ")
        kinds[next(found, NO_TRIGGER)] += number
    return kinds


def placed(trigger: str, before: str, name: str) -> dict[str, float]:
    """Shares of the places of a name's trigger, and of the parts before it staying unsaid."""
    shares: Counter[str] = Counter()
    for words, share in ((before, 1 - IMPLICIT), ("", IMPLICIT)):
        shares[" ".join(f"{trigger} {words} {name}".split())] += share * FIRST
        with_suffix = " ".join(f"{words} {trigger}".split())
        shares[f"{with_suffix} {name}"] += share * BEFORE * (1 - SUFFIX)
        for suffix in SUFFIXES:
            shares[f"{with_suffix} {suffix} {name}"] += share * BEFORE * SUFFIX / 3
        shares[" ".join(f"{words} {name} {trigger}".split())] += share * AFTER
    return dict(shares)


@pytest.mark.slow
def test_places_of_a_trigger() -> None:
    words = without_article(
        said(additions("java", METHODS, 9000, IN_JAVA_CLASS), r"public SP void SP foo CRSR .*")
    )
    shares = {
        text: share * weight
        for trigger, weight in (("method", 0.95), ("function", 0.05))
        for text, share in placed(trigger, "public void", "foo").items()
    }
    # "void" is split now and then.
    seen = Counter({text: words[text] for text in shares})
    assert seen.total() > 0.99 * words.total()
    assert_agrees(seen, shares)
    functions = sum(count for text, count in seen.items() if "function" in text)
    assert_share(functions, seen.total(), 0.05, least_hits=400)
    silent = sum(count for text, count in seen.items() if "void" not in text)
    assert_share(silent, seen.total(), IMPLICIT)
    after = sum(count for text, count in seen.items() if not text.endswith("foo"))
    assert_share(after, seen.total(), AFTER)


@pytest.mark.slow
def test_suffixes_of_a_trigger_and_articles() -> None:
    words = said(additions("javascript", "function foo() {}\n", 45_000), r"function SP foo CRSR .*")
    plain = without_article(words)
    shares = {
        "function foo": FIRST + BEFORE * (1 - SUFFIX),
        "foo function": AFTER,
    }
    shares |= uniform([f"function {suffix} foo" for suffix in SUFFIXES], BEFORE * SUFFIX)
    assert_agrees(plain, shares)
    total = plain.total()
    suffixed = total - plain["function foo"] - plain["foo function"]
    assert_share(suffixed, total, BEFORE * SUFFIX, least_hits=400)
    articles = Counter(re.match("(a |an )?", text)[0] for text in words.elements())  # type: ignore[index]
    assert_share(total - articles[""], total, ARTICLE, least_hits=400)
    # One article in twenty is wrong; "a foo function" and "an function foo" begin with consonants.
    assert_agrees(
        Counter({"a ": articles["a "], "an ": articles["an "]}), {"a ": 1 - WRONG, "an ": WRONG}
    )


def test_stops_between_sections() -> None:
    words = without_article(said(additions("python", "if foo:\n    quux\n", 6000), r"if SP .*"))
    goes_on = 1 - STOP_SECTION
    assert_agrees(
        words,
        {
            "if": STOP_SECTION,
            "if foo": goes_on * STOP_SECTION,
            "if foo quux": goes_on * goes_on,
        },
    )


@pytest.mark.slow
def test_stops_before_a_value() -> None:
    words = said(additions("java", "int foo = 7;\n", 6000, IN_JAVA_CLASS), r"int SP foo .*;")
    properties = Counter(
        "equals" if " equals seven" in text else "stopped"
        for text in words.elements()
        if re.search(r"\b(property|field|member)\b", text)
    )
    assert_share(properties["stopped"], properties.total(), STOP_SECTION)


TRIGGERS = [
    # language, unit, around it, target, triggers, share of none
    ("rust", "impl Foo {}\n", ("", ""), r"impl SP .*", {"implementation": 0.5, "impl": 0.5}),
    (
        "cplusplus",
        "void foo();\n",
        ("", ""),
        r"void SP foo .*",
        {"function prototype": 0.5, "prototype": 0.5},
    ),
    (
        "java",
        "int foo;\n",
        IN_JAVA_CLASS,
        r"int SP foo .*",
        {**uniform(("property", "field", "member"), 0.95), NO_TRIGGER: 0.05},
    ),
    (
        "python",
        "for foo in baz:\n    quux\n",
        ("", ""),
        r"for SP .*",
        {"for each": 0.25, "for": 0.75},
    ),
    (
        "python",
        "def foo():\n    quux\n",
        ("", ""),
        r"def SP foo .*",
        {"function": 0.95, "def": 0.05},
    ),
    (
        "python",
        "try:\n    quux\nexcept foo:\n    quux\n",
        ("", ""),
        r"except SP foo .*",
        {"catch": 0.5, "except": 0.5},
    ),
    (
        "python",
        "class Foo(baz):\n    quux\n",
        ("", ""),
        r"baz CRSR",
        uniform(("parent", "extends", "superclass", "implements")),
    ),
    (
        "java",
        "void foo() {}\n",
        IN_JAVA_CLASS,
        r"void CRSR",
        {"return type": 0.5, "type": 0.5},
    ),
    (
        "python",
        "@foo\ndef baz():\n    quux\n",
        ("", ""),
        r"@ foo CRSR",
        {"decorator": 0.5, "annotation": 0.5},
    ),
    (
        "javascript",
        "foo: quux,\n",
        ("x = {\n", "}\n"),
        r"foo : .*",
        {"property": 0.5, "entry": 0.5},
    ),
    (
        "javascript",
        "foo: quux,\n",
        ("x = {\n", "}\n"),
        r"foo : SP quux .*",
        {"equals": 0.5, "colon": 0.5},
    ),
    (
        "html",
        "<hr/>\n",
        ("<div>\n", "</div>\n"),
        r"< hr .*",
        {"singleton tag": 1 / 3, "empty tag": 1 / 3, "tag": 1 / 3},
    ),
    (
        "scss",
        "foo {}\n",
        ("", ""),
        r"foo .*",
        {"ruleset": 0.5, NO_TRIGGER: 0.5},
    ),
    # Modifiers and arguments have one name each.
    ("java", METHODS, IN_JAVA_CLASS, r"public CRSR", {"modifier": 1.0}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("language", "unit", "around", "target", "shares"), TRIGGERS)
def test_triggers(
    language: str, unit: str, around: tuple[str, str], target: str, shares: dict[str, float]
) -> None:
    number = 8000 if min(shares.values()) <= 0.05 else 2500
    kinds = by_trigger(said(additions(language, unit, number, around), target), list(shares))
    assert_agrees(kinds, shares)
    rarest = min(shares, key=lambda trigger: shares[trigger])
    if len(shares) > 1:
        assert_share(kinds[rarest], kinds.total(), shares[rarest], least_hits=370)


@pytest.mark.slow
def test_parameters_with_a_type() -> None:
    """90% by their parts, with the places of a name; else the whole text behind the trigger."""
    words = without_article(
        said(additions("java", "void f(byte foo) {}\n", 5000, IN_JAVA_CLASS), r"byte SP foo CRSR")
    )
    shares = Counter({"parameter byte foo": 0.10})
    shares.update(
        {text: 0.90 * share for text, share in placed("parameter", "byte", "foo").items()}
    )
    seen = Counter({text: words[text] for text in shares})
    # Blanks inside the whole text are said now and then, and "byte" is split.
    assert seen.total() > 0.98 * words.total()
    assert_agrees(seen, shares)


@pytest.mark.slow
def test_silent_parameters_of_a_catch() -> None:
    unit = "try:\n    quux\nexcept foo:\n    quux\n"
    words = said(additions("python", unit, 7000), r"except SP foo .*")
    silent = sum(count for text, count in words.items() if not text.endswith("foo"))
    assert_share(silent, words.total(), 0.10)


@pytest.mark.slow
def test_quotes_of_keys() -> None:
    words = said(additions("python", '"foo": baz,\n', 7000, ("x = {\n", "}\n")), r'" foo " : .*')
    quoted = sum(
        count
        for text, count in words.items()
        if re.search(r"\b(quotes?|quotations?|string)\b", text)
    )
    assert_share(quoted, words.total(), 0.10)


@pytest.mark.slow
def test_elements_without_a_kind() -> None:
    number = 14_000
    bare = [
        mapping
        for mapping in additions("python", "foo = quux\n", number)
        if mapping.container == "AssignmentVariableList"
    ]
    assert all("CRSR" not in mapping.tokens for mapping in bare)
    assert_share(len(bare), number, 0.05)


def test_lambdas() -> None:
    kinds = Counter(
        "lambda of" if mapping.words[1:2] == ("of",) else "lambda"
        for mapping in first_mappings("lambda foo: quux", "python", 2500)
        if "CRSR" in mapping.tokens
    )
    assert_agrees(kinds, {"lambda of": 0.5, "lambda": 0.5})
