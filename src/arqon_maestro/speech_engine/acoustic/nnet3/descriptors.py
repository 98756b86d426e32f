"""Descriptors: what a node of a network takes as its input, ``Append(Offset(input, -1), input)``.

Source: Kaldi's ``nnet3/nnet-descriptor`` and the page "nnet3 context and chunk-size".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from arqon_maestro.errors import DataError, did_you_mean

_TOKEN = re.compile(r"\s*([A-Za-z_][\w.\-]*|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[(),])")


@dataclass(frozen=True)
class NodeRef:
    """The value of a node."""

    name: str


@dataclass(frozen=True)
class Append:
    """Values side by side."""

    parts: tuple[Descriptor, ...]


@dataclass(frozen=True)
class Sum:
    """The sum of values."""

    parts: tuple[Descriptor, ...]


@dataclass(frozen=True)
class Offset:
    """The value of another time: `shift` frames later."""

    part: Descriptor
    shift: int


@dataclass(frozen=True)
class Scale:
    """A value times a number."""

    factor: float
    part: Descriptor


@dataclass(frozen=True)
class Const:
    """The same number `dim` times."""

    value: float
    dim: int


@dataclass(frozen=True)
class Round:
    """The value of the latest time that is a multiple of `period`."""

    part: Descriptor
    period: int


@dataclass(frozen=True)
class ReplaceTime:
    """The value of one time, whatever the time asked for: ``ReplaceIndex(ivector, t, 0)``."""

    part: Descriptor
    time: int


@dataclass(frozen=True)
class IfDefined:
    """The value where it can be computed, zero elsewhere; here every value can be computed."""

    part: Descriptor


@dataclass(frozen=True)
class Failover:
    """The first value, or the second where the first cannot be computed."""

    part: Descriptor
    other: Descriptor


@dataclass(frozen=True)
class Switch:
    """One value after another, by the time modulo their number."""

    parts: tuple[Descriptor, ...]


Descriptor = (
    NodeRef
    | Append
    | Sum
    | Offset
    | Scale
    | Const
    | Round
    | ReplaceTime
    | IfDefined
    | Failover
    | Switch
)
KINDS = (
    *("Append", "Sum", "Offset", "Scale", "Const", "Round", "ReplaceIndex"),
    *("IfDefined", "Failover", "Switch"),
)


def parse_descriptor(text: str, where: object = None) -> Descriptor:
    """Parses a descriptor.

    Raises:
        DataError: not one, or of a kind that is not known; the kind is named.
    """
    parser = _Parser(text, where)
    descriptor = parser.descriptor()
    parser.end()
    return descriptor


def references(descriptor: Descriptor) -> Iterator[str]:
    """Yields the names of the nodes that a descriptor takes."""
    if isinstance(descriptor, NodeRef):
        yield descriptor.name
    elif isinstance(descriptor, Append | Sum | Switch):
        for part in descriptor.parts:
            yield from references(part)
    elif isinstance(descriptor, Failover):
        yield from references(descriptor.part)
        yield from references(descriptor.other)
    elif not isinstance(descriptor, Const):
        yield from references(descriptor.part)


class _Parser:
    def __init__(self, text: str, where: object) -> None:
        self.text = text
        self.where = where
        self.tokens: list[str] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                self.fail(f"{stripped[position:].strip()[:20]!r} is not understood")
            self.tokens.append(match[1])
            position = match.end()
        self.tokens.reverse()

    def fail(self, why: str) -> NoReturn:
        raise DataError(f"not a descriptor: {self.text!r}", where=self.where, why=why)

    def take(self, wanted: str = "") -> str:
        token = self.tokens.pop() if self.tokens else ""
        if not token or (wanted and token != wanted):
            self.fail(f"{wanted or 'something'!r} expected, found {token or 'the end'!r}")
        return token

    def end(self) -> None:
        if self.tokens:
            self.fail(f"{self.tokens[-1]!r} after its end")

    def number(self) -> float:
        token = self.take()
        try:
            return float(token)
        except ValueError:
            self.fail(f"a number expected, found {token!r}")

    def whole(self) -> int:
        value = self.number()
        if value != int(value):
            self.fail(f"a whole number expected, found {value:g}")
        return int(value)

    def descriptor(self) -> Descriptor:
        name = self.take()
        if not re.match(r"[A-Za-z_]", name):
            self.fail(f"a name expected, found {name!r}")
        if not self.tokens or self.tokens[-1] != "(":
            return NodeRef(name)
        self.take("(")
        result = self.call(name)
        self.take(")")
        return result

    def parts(self) -> tuple[Descriptor, ...]:
        found = [self.descriptor()]
        while self.tokens and self.tokens[-1] == ",":
            self.take(",")
            found.append(self.descriptor())
        return tuple(found)

    def call(self, name: str) -> Descriptor:
        if name == "Append":
            return Append(self.parts())
        if name == "Sum":
            return Sum(self.parts())
        if name == "Switch":
            return Switch(self.parts())
        if name == "IfDefined":
            return IfDefined(self.descriptor())
        if name in ("Scale", "Const"):
            value = self.number()
            self.take(",")
            if name == "Const":
                return Const(value, self.whole())
            return Scale(value, self.descriptor())
        if name not in ("Offset", "Round", "ReplaceIndex", "Failover"):
            raise DataError(
                f"descriptors of the kind {name!r} are not known",
                where=self.where,
                why=did_you_mean(name, KINDS),
            )
        part = self.descriptor()
        self.take(",")
        if name == "Failover":
            return Failover(part, self.descriptor())
        if name == "ReplaceIndex":
            variable = self.take()
            self.take(",")
            value = self.whole()
            if variable == "x" and value == 0:
                return part
            if variable != "t":
                self.fail(f"ReplaceIndex of {variable!r}; only t is known")
            return ReplaceTime(part, value)
        if name == "Round":
            period = self.whole()
            if period <= 0:
                self.fail("Round to multiples of less than 1")
            return Round(part, period)
        shift = self.whole()
        if self.tokens and self.tokens[-1] == ",":
            self.take(",")
            if self.whole() != 0:
                self.fail("Offset of x; only t is known")
        return Offset(part, shift)
