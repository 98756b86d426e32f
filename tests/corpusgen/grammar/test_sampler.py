"""Samples agree with the tables, in a chi-square test with a fixed seed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import Node, accepts, best_parse, sample_rule
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION_TAG, Expansion
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.corpusgen.grammar.sampler import PLACEHOLDER, load_applications
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.errors import UsageError

DRAWS = 4000
LEAST_EXPECTED = 5


def chi_square_limit(degrees: int) -> float:
    """The 99.99% point of the distribution, by Wilson and Hilferty's approximation."""
    term = 2 / (9 * degrees)
    return float(degrees * (1 - term + 3.719 * math.sqrt(term)) ** 3)


def assert_agrees(observed: Counter[object], shares: Mapping[object, float]) -> None:
    """Fails if the counts are not those of the shares; rare outcomes are taken together."""
    total = observed.total()
    assert set(observed) <= set(shares), set(observed) - set(shares)
    assert sum(shares.values()) == pytest.approx(1)
    statistic, bins, rare_seen, rare_expected = 0.0, 0, 0, 0.0
    for outcome, share in shares.items():
        expected = share * total
        if expected < LEAST_EXPECTED:
            rare_seen += observed[outcome]
            rare_expected += expected
        else:
            bins += 1
            statistic += (observed[outcome] - expected) ** 2 / expected
    if rare_expected >= LEAST_EXPECTED:
        bins += 1
        statistic += (rare_seen - rare_expected) ** 2 / rare_expected
    assert statistic < chi_square_limit(max(bins - 1, 1)), observed.most_common(10)


def count(rule: str, outcome: Callable[[Node], object], draws: int = DRAWS) -> Counter[object]:
    choices = RandomChoices(17)
    return Counter(outcome(sample_rule(rule, choices)) for _ in range(draws))


def children(node: Node) -> tuple[str, ...]:
    return tuple(child if isinstance(child, str) else f"<{child.name}>" for child in node.children)


def leaves(node: Node) -> str:
    return " ".join(child for child in node.children if isinstance(child, str))


@pytest.mark.parametrize(
    "rule",
    [
        "phraseSelection",
        "positionPhraseSelection",
        "unnamedSelection",
        "unnamedPositionSelection",
        "namedSelection",
        "namedPositionSelection",
        "selectionWithImplicitPhrase",
        "selection",
        "positionSelection",
        "selectionObjectSingular",
        "selectionObjectPlural",
        "press",
        "focus",
        "add",
        "goTo",
        "tabs",
        "indent",
        "debugBreakpoint",
        "languageMode",
        "key",
    ],
)
def test_children_are_drawn_with_the_chances_of_the_expansion(rule: str) -> None:
    grammar = load_grammar()
    shares: dict[object, float] = {}
    for way, chance in Expansion(grammar.rules, grammar.weights).of_rule(rule).items():
        names = tuple("<formattedText>" if name == APPLICATION_TAG else name for name in way)
        shares[names] = shares.get(names, 0.0) + chance
    assert_agrees(count(rule, children), shares)


def test_object_types() -> None:
    shares: dict[object, float] = dict.fromkeys(
        (r for r in load_grammar().rules if r.endswith("SingularObject")), 0.9 / 129
    )
    shares["lineSingularObject"] += 0.05
    shares["parameterSingularObject"] += 0.05
    seen = count("selectionObjectSingular", lambda node: children(node)[0][1:-1])
    assert_agrees(seen, shares)


def test_kinds_of_selections() -> None:
    kinds = count("selectionWithImplicitPhrase", children)
    assert_agrees(kinds, {("<phraseSelection>",): 0.3, ("<selection>",): 0.7})
    kinds = count("selection", children)
    assert_agrees(kinds, {("<namedSelection>",): 0.3, ("<unnamedSelection>",): 0.7})
    kinds = count("phraseSelection", lambda node: children(node) == ("<formattedText>",))
    # Half of them are free text alone, and so are those by the grammar whose prefix is the
    # singular one (1/2), by its second form (1/3), with its three parts left out (1/8).
    alone = 0.5 + 0.5 / 2 / 3 / 8
    assert_agrees(kinds, {True: alone, False: 1 - alone})


def test_numbers() -> None:
    def band(node: Node) -> int:
        value = parse_number([str(child) for child in node.children])
        assert value is not None
        return len(str(value))

    shares: dict[object, float] = {
        1: 0.7 + 0.18 * 9 / 99 + 0.047 * 9 / 999 + 0.02 * 9 / 9999,
        2: 0.05 + 0.18 * 90 / 99 + 0.047 * 90 / 999 + 0.02 * 90 / 9999,
        3: 0.0024 + 0.047 * 900 / 999 + 0.02 * 900 / 9999,
        4: 0.0006 + 0.02 * 9000 / 9999,
    }
    assert_agrees(count("number", band, draws=10_000), shares)


def test_number_ranges() -> None:
    def value(node: Node) -> object:
        return parse_number([str(child) for child in node.children])

    assert_agrees(count("numberRange1To10", value), dict.fromkeys(range(1, 10), 1 / 9))
    shares = {n: 0.2 / 99 + (0.8 / 9 if n < 10 else 0) for n in range(1, 100)}
    assert_agrees(count("numberRange1To99", value), shares)


def test_quantifiers() -> None:
    def form(node: Node) -> object:
        number = node.children[0]
        if isinstance(number, str):
            return number
        return (leaves(number) == "one", node.children[1])

    one = 0.93 * (0.8 / 9 + 0.2 / 99)
    shares: dict[object, float] = {
        "once": 0.01,
        "twice": 0.05,
        "thrice": 0.01,
        (True, "time"): one * 0.99,
        (True, "times"): one * 0.01,
        (False, "times"): (0.93 - one) * 0.99,
        (False, "time"): (0.93 - one) * 0.01,
    }
    assert_agrees(count("quantifier", form), shares)


def test_presses() -> None:
    def form(node: Node) -> object:
        names = children(node)
        if names == ("<implicitKey>",):
            return "implicit"
        modifiers, keys = names.count("<modifierKey>"), names.count("<key>")
        assert names == ("press", *["<modifierKey>"] * modifiers, *["<key>"] * keys)
        return (modifiers, keys)

    shares: dict[object, float] = {"implicit": 0.5}
    for modifiers in range(4):
        with_keys = 0.125 * (0.8 if modifiers else 1)
        for keys in range(1, 5):
            shares[modifiers, keys] = with_keys * 0.9 * 0.1 ** (keys - 1)
        shares[modifiers, 5] = with_keys * 0.1**4
        if modifiers:
            shares[modifiers, 0] = 0.025
    assert_agrees(count("press", form), shares)


def test_focus_on_programs() -> None:
    def program(node: Node) -> object:
        text = node.children[1]
        assert isinstance(text, Node)
        return leaves(text)

    names = [" ".join(name) for name in load_applications()]
    assert len(names) == 92
    shares: dict[object, float] = dict.fromkeys(names, 0.75 / 92)
    shares[PLACEHOLDER] = 0.25
    assert_agrees(count("focus", program), shares)


def test_add_objects() -> None:
    def trigger(node: Node) -> object:
        text = node.children[1]
        assert isinstance(text, Node)
        return leaves(text).split()[0] if children(node)[1:] == ("<formattedText>",) else None

    seen = count("add", trigger, draws=10_000)
    assert {"class", "function", "static", "try", "type", "while", "empty", "for"} <= set(seen)
    # Half plain text; of the 36 kinds of objects two begin with text, one does half the time.
    assert seen[PLACEHOLDER] / 10_000 == pytest.approx(0.5 + 0.5 * 2.5 / 36, abs=0.02)


def test_system_insert_has_a_verb() -> None:
    verbs = count("systemInsert", lambda node: children(node)[1])
    assert_agrees(verbs, dict.fromkeys(("insert", "type", "append", "dictate"), 1 / 4))
    parse = best_parse(["system", "foo"])
    assert parse is not None
    assert accepts(parse.tree)


def test_unknown_rule() -> None:
    with pytest.raises(UsageError, match=r"no rule 'goto' .*such as goTo,"):
        sample_rule("goto", RandomChoices(0))
