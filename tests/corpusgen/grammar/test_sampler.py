"""Samples agree with the finite expansion that the parser takes its chances from.

That both agree with the tables of the description is tested in `frequencies`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from frequencies.chi_square import assert_agrees

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.grammar import Node, accepts, best_parse, sample_rule
from arqon_maestro.corpusgen.grammar.expansion import APPLICATION_TAG, Expansion
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.errors import UsageError

DRAWS = 4000


def count(rule: str, outcome: Callable[[Node], object], draws: int = DRAWS) -> Counter[object]:
    choices = RandomChoices(17)
    return Counter(outcome(sample_rule(rule, choices)) for _ in range(draws))


def children(node: Node) -> tuple[str, ...]:
    return tuple(child if isinstance(child, str) else f"<{child.name}>" for child in node.children)


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


def test_system_insert_has_a_verb() -> None:
    verbs = count("systemInsert", lambda node: children(node)[1])
    assert_agrees(verbs, dict.fromkeys(("insert", "type", "append", "dictate"), 1 / 4))
    parse = best_parse(["system", "foo"])
    assert parse is not None
    assert accepts(parse.tree)


def test_unknown_rule() -> None:
    with pytest.raises(UsageError, match=r"no rule 'goto' .*such as goTo,"):
        sample_rule("goto", RandomChoices(0))
