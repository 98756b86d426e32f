"""Samples of a grammar's rules (section 5.3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.expansion import AGAIN, MOST_COPIES
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
from arqon_maestro.corpusgen.grammar.rules import Grammar, load_grammar
from arqon_maestro.corpusgen.grammar.tree import Child, Node
from arqon_maestro.corpusgen.spoken.numbers import speak_below_hundred, speak_number
from arqon_maestro.errors import DataError, UsageError, did_you_mean

# A leaf that stands for free text until the chainer puts a mapping's words in its place.
PLACEHOLDER = "…"
_AGREES = 0.99
_ONE = "one"

Draw: TypeAlias = Callable[[Choices, list[Child]], None]


class Sampler:
    """Draws trees of a grammar's rules; each rule is compiled once, when it is first drawn.

    Args:
        grammar: the rules and how they are weighted.
        applications: names of programs, each one or more words.
    """

    def __init__(self, grammar: Grammar, applications: tuple[tuple[str, ...], ...]) -> None:
        self._grammar = grammar
        self._applications = applications
        self._draws: dict[str, Draw] = {}

    def sample(self, rule: str, choices: Choices) -> Node:
        """Returns a tree of `rule`, with `PLACEHOLDER` for each free text; tags may be empty.

        Raises:
            UsageError: there is no such rule.
        """
        children: list[Child] = []
        self._draw_of(rule)(choices, children)
        return Node(rule, tuple(children))

    def _draw_of(self, rule: str) -> Draw:
        if rule not in self._draws:
            own = self._grammar.rules.get(rule)
            if own is None:
                raise UsageError(
                    f"no rule {rule!r} in the grammar", why=did_you_mean(rule, self._grammar.rules)
                )
            self._draws[rule] = self._compile_rule(rule, own)
        return self._draws[rule]

    def _compile_rule(self, rule: str, own: Expression) -> Draw:
        entries = self._grammar.weights.get(rule)
        if entries is None:
            return self._compile(own, rule)
        draws = [self._compile(entry.expression or own, rule) for entry in entries]
        weights = [entry.weight for entry in entries]
        if len(draws) == 1:
            return draws[0]
        return lambda choices, out: choices.choose(draws, weights)(choices, out)

    def _compile(self, expression: Expression, rule: str) -> Draw:
        match expression:
            case Terminal(word):
                return lambda choices, out: out.append(word)
            case RuleRef(name):
                return _tagging(name, self._draw_of(name))
            case Tagged(name, part):
                return _tagging(name, self._compile(part, rule))
            case Sequence(parts):
                return _in_order([self._compile(part, rule) for part in parts])
            case Alternatives(options):
                draws = [self._compile(option, rule) for option in options]
                return lambda choices, out: choices.choose(draws)(choices, out)
            case Optional(part) | Star(part):
                return _halving(self._compile(part, rule))
            case Plus(part):
                return _repeating(self._compile(part, rule))
            case AnyWord():
                return lambda choices, out: out.append(PLACEHOLDER)
            case NumberIn(values):
                return _number(values, spoken_fully=rule == "number")
            case ApplicationName():
                names = self._applications
                return lambda choices, out: out.extend(choices.choose(names))
            case Times():
                return _times
            case Digits():
                return lambda choices, out: out.append(str(choices.below(10)))


def _tagging(name: str, draw: Draw) -> Draw:
    def tagged(choices: Choices, out: list[Child]) -> None:
        children: list[Child] = []
        draw(choices, children)
        out.append(Node(name, tuple(children)))

    return tagged


def _in_order(draws: list[Draw]) -> Draw:
    def in_order(choices: Choices, out: list[Child]) -> None:
        for draw in draws:
            draw(choices, out)

    return in_order


def _halving(draw: Draw) -> Draw:
    def halved(choices: Choices, out: list[Child]) -> None:
        if choices.flip(0.5):
            draw(choices, out)

    return halved


def _repeating(draw: Draw) -> Draw:
    def repeated(choices: Choices, out: list[Child]) -> None:
        draw(choices, out)
        for _ in range(MOST_COPIES - 1):
            if not choices.flip(AGAIN):
                break
            draw(choices, out)

    return repeated


def _number(values: range, spoken_fully: bool) -> Draw:
    def number(choices: Choices, out: list[Child]) -> None:
        value = choices.choose(values)
        # The ranges are names of numbers only: "three five times" is no quantifier.
        if spoken_fully:
            out.extend(speak_number(str(value), choices))
        else:
            out.extend(speak_below_hundred(value))

    return number


def _times(choices: Choices, out: list[Child]) -> None:
    last = out[-1]
    singular = isinstance(last, Node) and last.children == (_ONE,)
    out.append("time" if singular == choices.flip(_AGREES) else "times")


@cache
def load_applications() -> tuple[tuple[str, ...], ...]:
    """Returns the names of programs that `focus` is sampled with, each as words."""
    name = "applications.txt"
    lines = files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()
    applications = tuple(tuple(line.split()) for line in lines)
    if () in applications or len(set(applications)) < len(applications):
        raise DataError("an empty or repeated name of a program", where=name)
    return applications


@cache
def load_sampler() -> Sampler:
    """Returns the sampler of the package's grammar."""
    return Sampler(load_grammar(), load_applications())
