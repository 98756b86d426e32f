"""Parts of samples, and what they are compiled to: draws, which append markup tokens to a list.

The tokens are canonical as they are made (section 5.5), and no tree is built. A part that involves
no decision is a plain tuple of tokens. Tags are moved inwards, so that a choice between tables of
names is a choice between finished tuples, however many rules are around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.canonical import GENERATOR_RULES
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT

Tokens: TypeAlias = tuple[str, ...]
Draw: TypeAlias = Callable[[Choices, list[str]], None]


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """One of the options, uniformly or by weight."""

    options: Sequence[Part]
    weights: Sequence[float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sometimes:
    """The part with a chance, else nothing."""

    chance: float
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """The part, and with the chance `again` once more, up to `most` copies."""

    part: Part
    again: float
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class InOrder:
    """Parts one after the other; see `in_order`."""

    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, eq=False)
class InTag:
    """A part with a tag around it, which is nowhere else yet; see `tagged`."""

    name: str
    part: Part


# A draw says one word at least.
Part: TypeAlias = Tokens | OneOf | Sometimes | Repeated | InOrder | InTag | Draw


def in_order(parts: Sequence[Part]) -> Part:
    """Returns parts one after the other; neighbours without a decision become one."""
    merged: list[Part] = []
    for whole in parts:
        for part in whole.parts if isinstance(whole, InOrder) else (whole,):
            if isinstance(part, tuple) and merged and isinstance(merged[-1], tuple):
                merged[-1] += part
            elif part != ():
                merged.append(part)
    if len(merged) < 2:
        return merged[0] if merged else ()
    return InOrder(merged)


def tagged(name: str, part: Part) -> Part:
    """Puts a tag around a part; around nothing there is none.

    Generator rules are free text, and free text goes on in free text right before it.
    """
    if name in GENERATOR_RULES or name == FREE_TEXT:
        return InTag(FREE_TEXT, part)
    if part == ():
        return ()
    if isinstance(part, OneOf):
        return OneOf([tagged(name, option) for option in part.options], part.weights)
    if isinstance(part, Sometimes):
        return Sometimes(part.chance, tagged(name, part.part))
    if _may_be_empty(part):
        return InTag(name, part)
    return in_order([(f"<{name}>",), part, (f"</{name}>",)])


def _may_be_empty(part: Part) -> bool:
    match part:
        case OneOf(options):
            return any(map(_may_be_empty, options))
        case InOrder(parts):
            return all(map(_may_be_empty, parts))
        case Repeated(copied) | InTag(_, copied):
            return _may_be_empty(copied)
        case tuple():
            return not part
        case _:
            return isinstance(part, Sometimes)


@cache
def drawn(part: Part) -> Draw:
    """Compiles a part; one that is used in many places is compiled once."""
    match part:
        case (token,):
            return lambda choices, out: out.append(token)
        case tuple():
            return lambda choices, out: out.extend(part)
        case OneOf(options, weights):
            return _one_of(options, weights)
        case Sometimes(chance, inner):
            return _sometimes(chance, drawn(inner))
        case Repeated(inner, again, most):
            return _repeated(drawn(inner), again, most)
        case InOrder((tuple() as before, inner, tuple() as after)):
            return _between(before, drawn(inner), after)
        case InOrder(parts):
            return _in_order([drawn(each) for each in parts])
        case InTag(name, inner):
            return _in_tag(name, drawn(inner))
        case _:
            return part


def _one_of(options: Sequence[Part], weights: Sequence[float] | None) -> Draw:
    texts = [option for option in options if isinstance(option, tuple)]
    if len(texts) == len(options):
        return lambda choices, out: out.extend(choices.choose(texts, weights))
    draws = [drawn(option) for option in options]
    return lambda choices, out: choices.choose(draws, weights)(choices, out)


def _sometimes(chance: float, draw: Draw) -> Draw:
    def perhaps(choices: Choices, out: list[str]) -> None:
        if choices.flip(chance):
            draw(choices, out)

    return perhaps


def _repeated(draw: Draw, again: float, most: int) -> Draw:
    def copies(choices: Choices, out: list[str]) -> None:
        draw(choices, out)
        for _ in range(most - 1):
            if not choices.flip(again):
                break
            draw(choices, out)

    return copies


def _in_order(draws: Sequence[Draw]) -> Draw:
    def ordered(choices: Choices, out: list[str]) -> None:
        for draw in draws:
            draw(choices, out)

    return ordered


def _between(before: Tokens, draw: Draw, after: Tokens) -> Draw:
    # Nearly every tag that has decisions inside is like this.
    def between(choices: Choices, out: list[str]) -> None:
        out.extend(before)
        draw(choices, out)
        out.extend(after)

    return between


def _in_tag(name: str, draw: Draw) -> Draw:
    opening, closing = f"<{name}>", f"</{name}>"
    joins = name == FREE_TEXT

    def around(choices: Choices, out: list[str]) -> None:
        if joins and out and out[-1] == closing:
            out.pop()
        else:
            out.append(opening)
        draw(choices, out)
        if out[-1] == opening:
            out.pop()
        else:
            out.append(closing)

    return around
