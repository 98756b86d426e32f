"""Samples of a grammar's rules (section 5.3)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.canonical import GENERATOR_RULES
from arqon_maestro.corpusgen.grammar.draws import (
    PLACEHOLDER,
    Agreeing,
    OneOf,
    Part,
    Piece,
    Repeated,
    Sometimes,
    Spoken,
    Tokens,
    drawn,
    in_order,
    joined,
    tagged,
)
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
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES, Grammar, load_grammar
from arqon_maestro.corpusgen.spoken.numbers import speak_below_hundred, speak_number
from arqon_maestro.corpusgen.spoken.readings import reading_table
from arqon_maestro.errors import DataError, UsageError, did_you_mean

_AGREES = 0.99
_ONE = "one"
# Longer numbers have too many readings for tables.
_DIGITS_IN_TABLES = 2
_WITHOUT_INNER_TAGS = GENERATOR_RULES | {FREE_TEXT, *NUMBER_RULES}


class Sampler:
    """Draws samples of a grammar's rules as canonical markup tokens.

    Each rule is worked out once, when it is first asked for.

    Args:
        grammar: the rules and how they are weighted.
        applications: names of programs, each one or more words.
    """

    def __init__(self, grammar: Grammar, applications: tuple[tuple[str, ...], ...]) -> None:
        self._grammar = grammar
        self._applications = applications
        self._references: dict[tuple[str, bool], Part] = {}

    def sample(self, rule: str, choices: Choices) -> list[str]:
        """Returns the tokens of `rule`, with `PLACEHOLDER` for each free text.

        They are none at all where nothing is said.

        Raises:
            UsageError: there is no such rule.
        """
        pieces: list[Piece] = []
        drawn(self.part(rule))(choices, pieces)
        return joined(piece.markup for piece in pieces).split()

    def part(self, rule: str) -> Part:
        """Returns what `rule` is said as, in its tag.

        Raises:
            UsageError: there is no such rule.
        """
        return self._reference(rule, tags=True)

    def _reference(self, rule: str, tags: bool) -> Part:
        key = (rule, tags)
        if key not in self._references:
            inside = self._inside(rule, tags and rule not in _WITHOUT_INNER_TAGS)
            self._references[key] = tagged(rule, inside) if tags else inside
        return self._references[key]

    def _inside(self, rule: str, tags: bool) -> Part:
        """Returns what is in the tag of a rule, with or without tags of its own."""
        own = self._grammar.rules.get(rule)
        if own is None:
            raise UsageError(
                f"no rule {rule!r} in the grammar", why=did_you_mean(rule, self._grammar.rules)
            )
        entries = self._grammar.weights.get(rule)
        if entries is None:
            return self._compile(own, rule, tags)
        parts = [self._compile(entry.expression or own, rule, tags) for entry in entries]
        if len(parts) == 1:
            return parts[0]
        return OneOf(parts, [entry.weight for entry in entries])

    def _compile(self, expression: Expression, rule: str, tags: bool) -> Part:
        match expression:
            case Terminal(word):
                return (word,)
            case RuleRef(name):
                return self._reference(name, tags)
            case Tagged(name, part):
                inside = self._compile(part, rule, tags and name not in _WITHOUT_INNER_TAGS)
                return tagged(name, inside) if tags else inside
            case Sequence(parts):
                return in_order([self._compile(part, rule, tags) for part in parts])
            case Alternatives(options):
                return OneOf([self._compile(option, rule, tags) for option in options])
            case Optional(part) | Star(part):
                return Sometimes(0.5, self._compile(part, rule, tags))
            case Plus(part):
                return Repeated(self._compile(part, rule, tags), AGAIN, MOST_COPIES)
            case AnyWord():
                return (PLACEHOLDER,)
            case NumberIn(values):
                return _number(values, spoken_fully=rule == "number")
            case ApplicationName():
                return OneOf(self._applications)
            case Times():
                return Agreeing(_times)
            case Digits():
                return OneOf([(str(digit),) for digit in range(10)])


def _number(values: range, spoken_fully: bool) -> Part:
    if not spoken_fully:
        # The ranges are names of numbers only: "three five times" is no quantifier.
        return OneOf([tuple(speak_below_hundred(value)) for value in values])
    numbers = [str(value) for value in values]
    if len(numbers[-1]) > _DIGITS_IN_TABLES:
        return Spoken(lambda choices: speak_number(choices.choose(numbers), choices))
    tables = [reading_table(number) for number in numbers]
    return OneOf([OneOf(table.options, table.weights) for table in tables])


def _times(before: Tokens) -> list[tuple[Tokens, float]]:
    # The number's tag has just been closed.
    singular = before[-2] == _ONE and before[-3].startswith("<")
    agreeing, other = (("time",), ("times",)) if singular else (("times",), ("time",))
    return [(agreeing, _AGREES), (other, 1 - _AGREES)]


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
