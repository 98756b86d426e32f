"""Rule trees of the command grammar, and the notation that they are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from arqon_maestro.errors import DataError


@dataclass(frozen=True, slots=True)
class Terminal:
    """A spoken word."""

    word: str


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A reference to a rule, which becomes a tag of the markup."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other; none at all is the empty text."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of several."""

    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """The part, or nothing."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Plus:
    """The part, one or more times."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Star:
    """The part, any number of times."""

    part: Expression


@dataclass(frozen=True, slots=True)
class AnyWord:
    """Any spoken word; only below `formattedText`."""


@dataclass(frozen=True, slots=True)
class Digits:
    """A run of digits; the runtime speaks them before it parses."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag around a part of its own, in place of the rule of that name; sampling only."""

    name: str
    part: Expression


@dataclass(frozen=True, slots=True)
class NumberIn:
    """A number drawn uniformly and spoken; sampling only."""

    values: range


@dataclass(frozen=True, slots=True)
class ApplicationName:
    """The name of a program; sampling only."""


@dataclass(frozen=True, slots=True)
class Times:
    """`time` or `times`, after a number that it mostly agrees with; sampling only."""


Expression: TypeAlias = (
    Terminal
    | RuleRef
    | Sequence
    | Alternatives
    | Optional
    | Plus
    | Star
    | AnyWord
    | Digits
    | Tagged
    | NumberIn
    | ApplicationName
    | Times
)

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<tagged>‹(?P<tag>\w+):)          # ‹addPrefix: add›
    | ‹(?P<rule>\w+)›
    | (?P<first>\d+)\.\.(?P<last>\d+)(?:/(?P<step>\d+))?  # 10..90/10
    | (?P<special>ANYWORD|<DIGITS>|APPLICATION|TIMES|ε)
    | (?P<word>[a-z]+)
    | (?P<mark>[()|?*+›])
    )""",
    re.VERBOSE,
)
_SPECIAL: dict[str, Expression] = {
    "ANYWORD": AnyWord(),
    "<DIGITS>": Digits(),
    "APPLICATION": ApplicationName(),
    "TIMES": Times(),
    "ε": Sequence(()),
}
_REPEATS: dict[str, type[Optional] | type[Plus] | type[Star]] = {
    "?": Optional,
    "+": Plus,
    "*": Star,
}


def parse_expression(text: str, where: object) -> Expression:
    """Reads the notation.

    Args:
        text: for example ``go? ‹arrowKeyDirection› (left | right)*``.
        where: shown in errors, ``path:line``.

    Raises:
        DataError: a character that the notation has not, or an unbalanced bracket.
    """
    reader = _Reader(text, where)
    expression = reader.alternatives()
    if reader.peek() is not None:
        raise reader.error("an unexpected closing bracket")
    return expression


def references(expression: Expression) -> Iterator[str]:
    """Yields the names of the rules that an expression refers to or tags, in order."""
    match expression:
        case RuleRef(name):
            yield name
        case Tagged(name, part):
            yield name
            yield from references(part)
        case Sequence(parts) | Alternatives(parts):
            for part in parts:
                yield from references(part)
        case Optional(part) | Plus(part) | Star(part):
            yield from references(part)


def terminal_words(expression: Expression) -> Iterator[str]:
    """Yields the words that an expression itself (not its rules) can say, in order."""
    match expression:
        case Terminal(word):
            yield word
        case Sequence(parts) | Alternatives(parts):
            for part in parts:
                yield from terminal_words(part)
        case Optional(part) | Plus(part) | Star(part) | Tagged(_, part):
            yield from terminal_words(part)


class _Reader:
    """A recursive-descent reader of the notation."""

    def __init__(self, text: str, where: object) -> None:
        self.text = text
        self.where = where
        self.at = 0

    def error(self, what: str) -> DataError:
        return DataError(what, where=self.where, why=f"near {self.text[self.at :][:30]!r}")

    def peek(self) -> re.Match[str] | None:
        if not self.text[self.at :].strip():
            return None
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise self.error("not in the notation of the grammar")
        return match

    def alternatives(self) -> Expression:
        options = [self.sequence()]
        while (token := self.peek()) and token["mark"] == "|":
            self.at = token.end()
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Alternatives(tuple(options))

    def sequence(self) -> Expression:
        parts: list[Expression] = []
        while (token := self.peek()) and token["mark"] not in ("|", ")", "›"):
            parts.append(self.repeated(token))
        if not parts:
            raise self.error("an alternative is empty; write ε")
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self, token: re.Match[str]) -> Expression:
        part = self.single(token)
        while (after := self.peek()) and after["mark"] in ("?", "*", "+"):
            self.at = after.end()
            part = _REPEATS[after["mark"]](part)
        return part

    def single(self, token: re.Match[str]) -> Expression:
        self.at = token.end()
        if token["word"]:
            return Terminal(token["word"])
        if token["rule"]:
            return RuleRef(token["rule"])
        if token["special"]:
            return _SPECIAL[token["special"]]
        if token["first"]:
            return NumberIn(
                range(int(token["first"]), int(token["last"]) + 1, int(token["step"] or 1))
            )
        if token["tagged"]:
            return Tagged(token["tag"], self.bracketed("›"))
        if token["mark"] == "(":
            return self.bracketed(")")
        raise self.error(f"{token['mark']!r} has nothing before it")

    def bracketed(self, closing: str) -> Expression:
        inner = self.alternatives()
        token = self.peek()
        if token is None or token["mark"] != closing:
            raise self.error(f"{closing!r} is missing")
        self.at = token.end()
        return inner
