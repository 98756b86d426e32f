"""How rules are sampled (corpusgen.md, section 5.3): each row of its table.

The expected numbers are those of the description, written again here on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable

import pytest

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import Node, parse_markup, sample_rule, write_markup
from arqon_maestro.corpusgen.spoken.number_parser import parse_number

from .chi_square import assert_agrees, assert_share, uniform

SEED = 5_300
TEXT = "formattedText"
PLACEHOLDER = "…"


def count(rule: str, outcome: Callable[[Node], Hashable], draws: int) -> Counter[Hashable]:
    choices = RandomChoices(SEED)
    return Counter(outcome(sample_rule(rule, choices)) for _ in range(draws))


def names(node: Node) -> tuple[str, ...]:
    return tuple(child if isinstance(child, str) else f"<{child.name}>" for child in node.children)


def leaves(node: Node) -> str:
    return " ".join(child if isinstance(child, str) else leaves(child) for child in node.children)


def value(node: Node) -> int:
    found = parse_number(leaves(node).split())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        ("selectionWithImplicitPhrase", {"<phraseSelection>": 0.3, "<selection>": 0.7}),
        ("selection", {"<namedSelection>": 0.3, "<unnamedSelection>": 0.7}),
        (
            "positionSelection",
            {"<namedPositionSelection>": 0.3, "<unnamedPositionSelection>": 0.7},
        ),
    ],
)
def test_kinds_of_selections(rule: str, shares: dict[str, float]) -> None:
    assert_agrees(count(rule, lambda node: names(node)[0], 4000), shares)


# What each rule is when all its optional parts are left out, and how often its own alternatives
# give just that: a choice of three for searchDirection, positional, allDeterminers, of which
# positional is never empty; "to", endpoint (and "the"), direction, called: a half each.
@pytest.mark.parametrize(
    ("rule", "plain", "share"),
    [
        # Half plain text; else the singular prefix in its second form with all parts left out.
        ("phraseSelection", (f"<{TEXT}>",), 0.5 + 0.5 * 1 / 2 * 1 / 3 * 1 / 8),
        ("positionPhraseSelection", (f"<{TEXT}>",), 0.5 + 0.5 * 1 / 2 * 1 / 4),
        # The third of seven forms.
        ("unnamedSelection", ("<selectionObjectSingular>",), 0.9 + 0.1 * 1 / 7 * 1 / 8),
        # The third of three.
        ("unnamedPositionSelection", ("<selectionObjectSingular>",), 0.9 + 0.1 * 1 / 3 * 1 / 4),
        (
            "namedSelection",
            ("<namedSelectionObject>", f"<{TEXT}>"),
            0.1 + 0.9 * 2 / 3 * 1 / 2 * 1 / 2 * 1 / 2 * 1 / 2,
        ),
        (
            "namedPositionSelection",
            ("<namedSelectionObject>", f"<{TEXT}>"),
            0.1 + 0.9 * 2 / 3 * 1 / 2 * 1 / 2 * 1 / 2,
        ),
    ],
)
def test_plain_forms(rule: str, plain: tuple[str, ...], share: float) -> None:
    seen = count(rule, names, 9000)
    assert_share(seen[plain], seen.total(), share)


def test_the_tenth_of_a_named_selection() -> None:
    """10% are no more than the object and the text: so often no "to" comes first."""
    seen = count("namedSelection", lambda node: names(node)[0] == "to", 9000)
    assert_share(seen[True], seen.total(), 0.9 / 2)


def test_objects() -> None:
    seen = count("selectionObjectSingular", lambda node: names(node)[0], 14_000)
    each = 0.9 / 129
    assert_share(seen["<lineSingularObject>"], seen.total(), 0.05 + each)
    assert_share(seen["<parameterSingularObject>"], seen.total(), 0.05 + each)
    assert len(seen) == 129
    others = Counter({name: number for name, number in seen.items() if number < 400})
    assert_agrees(others, uniform(list(others)))


NUMBER_SHARES = (
    (0.70, range(10)),
    (0.05, range(10, 91, 10)),
    (0.18, range(1, 100)),
    (0.003 * 0.8, (100,)),
    (0.003 * 0.2, (1000,)),
    (0.047, range(1, 1000)),
    (0.02, range(1, 10_000)),
)


def test_numbers() -> None:
    def band(number: int) -> str:
        if number < 10:
            return str(number)
        if number < 100:
            return "tens" if number % 10 == 0 else "two digits"
        if number in (100, 1000):
            return str(number)
        return "three digits" if number < 1000 else "four digits"

    shares: Counter[str] = Counter()
    for share, numbers in NUMBER_SHARES:
        for number in numbers:
            shares[band(number)] += share / len(numbers)
    seen = count("number", lambda node: band(value(node)), 40_000)
    assert_agrees(seen, shares)
    for name in ("tens", "two digits", "three digits", "four digits"):
        assert_share(seen[name], seen.total(), shares[name])


@pytest.mark.slow
def test_round_numbers() -> None:
    def seen_round(node: Node) -> int:
        return value(node) if value(node) in (100, 1000) else 0

    seen = count("number", seen_round, 220_000)
    shares = {
        100: 0.0024 + 0.047 / 999 + 0.02 / 9999,
        1000: 0.0006 + 0.02 / 9999,
    }
    assert_agrees(seen, {**shares, 0: 1 - sum(shares.values())})
    assert_share(seen[100] + seen[1000], seen.total(), sum(shares.values()))


def test_number_ranges() -> None:
    assert_agrees(count("numberRange1To10", value, 6000), uniform(range(1, 10)))
    shares = {n: 0.2 / 99 + (0.8 / 9 if n < 10 else 0) for n in range(1, 100)}
    seen = count("numberRange1To99", value, 6000)
    assert_agrees(seen, shares)
    small = sum(number for n, number in seen.items() if isinstance(n, int) and n < 10)
    assert_share(small, seen.total(), 0.8 + 0.2 * 9 / 99)


@pytest.mark.slow
def test_quantifiers() -> None:
    def form(node: Node) -> Hashable:
        number = node.children[0]
        if isinstance(number, str):
            return number
        return (leaves(number) == "one", node.children[1])

    one = 0.93 * (0.8 / 9 + 0.2 / 99)
    shares: dict[Hashable, float] = {
        "once": 0.01,
        "twice": 0.05,
        "thrice": 0.01,
        (True, "time"): one * 0.99,
        (True, "times"): one * 0.01,
        (False, "times"): (0.93 - one) * 0.99,
        (False, "time"): (0.93 - one) * 0.01,
    }
    seen = count("quantifier", form, 75_000)
    assert_agrees(seen, shares)
    for rare in ("once", "twice", "thrice", (False, "time")):
        assert_share(seen[rare], seen.total(), shares[rare])


@pytest.mark.slow
def test_presses() -> None:
    def form(node: Node) -> Hashable:
        found = names(node)
        modifiers, keys = found.count("<modifierKey>"), found.count("<key>")
        return found[0] if found[0] != "press" else (modifiers, keys)

    shares: dict[Hashable, float] = {"<implicitKey>": 0.5}
    for modifiers in range(4):
        with_keys = 0.5 / 4 * (0.8 if modifiers else 1)
        for keys in range(1, 5):
            shares[modifiers, keys] = with_keys * 0.9 * 0.1 ** (keys - 1)
        shares[modifiers, 5] = with_keys * 0.1**4  # no more are accepted
        if modifiers:
            shares[modifiers, 0] = 0.5 / 4 * 0.2
    seen = count("press", form, 25_000)
    assert_agrees(seen, shares)
    for modifiers in (1, 2, 3):
        assert_share(seen[modifiers, 0], seen.total(), 0.025)
    more = sum(
        number for form_, number in seen.items() if isinstance(form_, tuple) and form_[1] > 1
    )
    assert_share(more, seen.total(), 0.1 * (0.125 + 3 * 0.1))


def test_focus() -> None:
    seen = count("focus", lambda node: leaves(node).removeprefix("focus "), 20_000)
    assert_share(seen[PLACEHOLDER], seen.total(), 0.25)
    programs = Counter({name: number for name, number in seen.items() if name != PLACEHOLDER})
    assert len(programs) == 92
    assert_agrees(programs, uniform(list(programs)))


ADD_OBJECTS = 36  # the reference's 34, of which one is three here


@pytest.mark.slow
def test_additions() -> None:
    """Half "add" with free text; half a prefix of three and an object of a hand-written list."""
    prefixes = count("add", lambda node: leaves(node).split()[0], 9000)
    assert_agrees(prefixes, {"add": 0.5 + 0.5 / 3, "create": 0.5 / 3, "make": 0.5 / 3})
    objects = count("add", _object_of_a_prefix, 60_000)
    del objects["add"]
    shares: Counter[str] = Counter(OBJECT_TRIGGERS)
    assert_agrees(objects, {word: share / ADD_OBJECTS for word, share in shares.items()})


# The first word of each object: a share of its alternative. Free text may come first, too.
OBJECT_TRIGGERS = {
    "argument": 1, "assert": 1, "attribute": 1, "catch": 1 / 2, "except": 1 / 2, "class": 1,
    "comment": 1, "decorator": 1, "elif": 1 / 2, "else": 1 / 2 + 1, "empty": 1, "extends": 1 / 3,
    "superclass": 1 / 3, "parent": 1 / 3, "finally": 1, PLACEHOLDER: 1 + 1 / 2 + 1, "for": 1,
    "if": 1, "implements": 1, "interface": 1, "from": 1, "import": 2, "print": 1 / 2,
    "console": 1 / 2, "member": 1 / 6, "property": 1 / 6, "field": 1 / 6, "raise": 1 / 2,
    "throw": 1 / 2, "return": 2, "ruleset": 1, "tag": 1, "try": 1, "type": 1, "while": 1, "with": 1,
    # A modifier comes before four of them in half of the cases.
    "enum": 1 / 2, "function": 1 / 2, "method": 1 / 2, "parameter": 1 / 2,
    **dict.fromkeys(
        ("async", "abstract", "default", "export", "private", "protected", "public", "static"),
        4 / 2 / 8,
    ),
}  # fmt: skip


def _object_of_a_prefix(node: Node) -> str:
    prefix, text = leaves(node).split(maxsplit=1)
    # "add" may be the plain half.
    return text.split()[0] if prefix in ("create", "make") else "add"


def test_indents_and_other_uniform_rules() -> None:
    seen = count("arrowKeyDirection", leaves, 2500)
    assert_agrees(seen, uniform(["up", "right", "down", "left"]))
    keys = "control ctrl command alt option shift function windows win meta"
    assert_agrees(count("modifierKey", leaves, 6500), uniform(keys.split()))
    the = count("the", leaves, 1500)
    assert_agrees(the, {"the": 0.5, "": 0.5})
    sort = count("sort", lambda node: names(node)[1], 2500)
    assert_agrees(sort, uniform(["<selection>", "imports", "methods", "functions"]))


def test_samples_are_canonical_markup() -> None:
    choices = RandomChoices(SEED)
    for rule in ("select", "press", "add", "unnamedSelection", "indent"):
        for _ in range(200):
            node = sample_rule(rule, choices)
            assert all(isinstance(child, str) or child.children for child in node.children)
            assert parse_markup(write_markup(node)) == node
