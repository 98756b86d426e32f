"""Finite expansion: each rule as the sequences of children that it allows, with their chances.

The runtime's acceptance test (section 5.6) is membership in these sets; the parser takes the
chances from the same expansion, so that it puts first what the sampler would have made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from arqon_maestro.corpusgen.grammar.canonical import GENERATOR_RULES
from arqon_maestro.corpusgen.grammar.expressions import (
    Alternatives,
    AnyWord,
    ApplicationName,
    Digits,
    Expression,
    NumberIn,
    Optional,
    Plus,
    RuleRef,
    Sequence,
    Star,
    Tagged,
    Terminal,
    Times,
)
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES, Weighted

# `+` stands for 1..5 copies of the same alternative, `*` for 0..5.
MOST_COPIES = 5
# Chance that a `+` is sampled once more.
AGAIN = 0.1

# Free text that is the name of a program: told apart only where the samples are (`focus`).
APPLICATION = "applicationName"
APPLICATION_TAG = f"<{APPLICATION}>"

# Names of children: "<rule>" for a node, the bare word for a leaf.
Children: TypeAlias = tuple[str, ...]
Chances: TypeAlias = dict[Children, float]

_EMPTY: Chances = {(): 1.0}


def tag_of(rule: str) -> str:
    """Returns the name that a rule has among a parent's children; generator rules are free text."""
    return f"<{FREE_TEXT if rule in GENERATOR_RULES else rule}>"


class Expansion:
    """The child sequences of the rules of a grammar.

    Args:
        rules: the rules by name.
        weights: rules that are not sampled uniformly.
    """

    def __init__(
        self, rules: Mapping[str, Expression], weights: Mapping[str, tuple[Weighted, ...]]
    ) -> None:
        self._rules = rules
        self._weights = weights
        self._by_rule: dict[str, Chances] = {}

    def of_rule(self, rule: str) -> Chances:
        """Returns the sequences of a rule with their chances; the empty one where it may be empty.

        Free text and the number rules are one word here: their own tests decide about them.
        """
        if rule not in self._by_rule:
            self._by_rule[rule] = self._expand_rule(rule)
        return self._by_rule[rule]

    def _expand_rule(self, rule: str) -> Chances:
        if rule in (FREE_TEXT, *GENERATOR_RULES, *NUMBER_RULES):
            return {("",): 1.0}
        entries = self._weights.get(rule, (Weighted(1.0, None),))
        return _mix(
            [
                (entry.weight, self._expand(entry.expression or self._rules[rule]))
                for entry in entries
            ]
        )

    def _expand(self, expression: Expression) -> Chances:
        match expression:
            case Terminal(word):
                return {(word,): 1.0}
            case RuleRef(rule):
                empty = self.of_rule(rule).get((), 0.0)
                return _mix([(empty, _EMPTY), (1 - empty, {(tag_of(rule),): 1.0})])
            case Tagged(_, ApplicationName()):
                return {(APPLICATION_TAG,): 1.0}
            case Tagged(rule, _):
                return {(tag_of(rule),): 1.0}
            case Sequence(parts):
                product = _EMPTY
                for part in parts:
                    product = _concatenate(product, self._expand(part))
                return product
            case Alternatives(options):
                return _mix([(1 / len(options), self._expand(option)) for option in options])
            case Optional(part):
                return _mix([(0.5, _EMPTY), (0.5, self._expand(part))])
            case Plus(part):
                return _copies(self._expand(part))
            case Star(part):
                return _mix([(0.5, _EMPTY), (0.5, _copies(self._expand(part)))])
            case Times():
                return {("time",): 0.5, ("times",): 0.5}
            case AnyWord() | Digits() | NumberIn() | ApplicationName():
                return {("",): 1.0}


def _mix(shares: list[tuple[float, Chances]]) -> Chances:
    mixed: Chances = {}
    for share, chances in shares:
        if share:
            for children, chance in chances.items():
                mixed[children] = mixed.get(children, 0.0) + share * chance
    return mixed


def _concatenate(first: Chances, second: Chances) -> Chances:
    product: Chances = {}
    for left, left_chance in first.items():
        for right, right_chance in second.items():
            children = left + right
            product[children] = product.get(children, 0.0) + left_chance * right_chance
    return product


def _copies(chances: Chances) -> Chances:
    shares = [(1 - AGAIN) * AGAIN**more for more in range(MOST_COPIES - 1)]
    shares.append(AGAIN ** (MOST_COPIES - 1))
    return _mix(
        [
            (share, {children * copies: chance for children, chance in chances.items()})
            for copies, share in enumerate(shares, start=1)
        ]
    )
