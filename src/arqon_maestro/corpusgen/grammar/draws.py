"""Parts of samples, and what they are compiled to: draws, which append pieces of markup to a list.

The markup is canonical as it is made (section 5.5), and no tree is built. A part with few enough
outcomes becomes one table of finished pieces, so that a command is two or three draws, however
many rules and decisions are in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

from arqon_maestro.corpusgen.choices import Choices, Table
from arqon_maestro.corpusgen.grammar.canonical import GENERATOR_RULES
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT

PLACEHOLDER = "…"
"""Stands for free text until the words of a mapping take its place."""

# Tables of more outcomes would be built for longer than they are drawn from.
_MOST_OUTCOMES = 650
# So are those that repeat many outcomes for each of others.
_MOST_AROUND = 12
_RARE = 0.2
# Shares of the table of whole chains that are worth the memory.
_FREQUENT, _NEVER = 0.002, 2.0
_RARE_PIECE = 5e-6
# Only as long as tables are built.
_CACHED_OUTCOMES = 256
# Free text goes on in free text right before it.
_SEAM = f"</{FREE_TEXT}> <{FREE_TEXT}> "

Tokens: TypeAlias = tuple[str, ...]


class Piece(NamedTuple):
    """A piece of canonical markup.

    Attributes:
        markup: its tokens, joined by blanks.
        words: those that are spoken, likewise.
        tokens: how many there are.
        holes: how many of these are `PLACEHOLDER`.
    """

    markup: str
    words: str
    tokens: int
    holes: int


Draw: TypeAlias = Callable[[Choices, list[Piece]], None]
Agreement: TypeAlias = Callable[[Tokens], Sequence[tuple[Tokens, float]]]


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
    """A part with a tag around it, which is nowhere if the part is nothing; see `tagged`."""

    name: str
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class Agreeing:
    """Words that depend on the tokens right before them, with their chances."""

    follow: Agreement


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Words with too many outcomes to be listed."""

    draw: Callable[[Choices], Sequence[str]]


Part: TypeAlias = Tokens | OneOf | Sometimes | Repeated | InOrder | InTag | Agreeing | Spoken


def in_order(parts: Iterable[Part]) -> Part:
    """Returns parts one after the other."""
    flat: list[Part] = []
    for whole in parts:
        for part in whole.parts if isinstance(whole, InOrder) else (whole,):
            if isinstance(part, tuple) and flat and isinstance(flat[-1], tuple):
                flat[-1] += part
            elif part != ():
                flat.append(part)
    if len(flat) < 2:
        return flat[0] if flat else ()
    return InOrder(flat)


def tagged(name: str, part: Part) -> Part:
    """Puts a tag around a part; generator rules are free text."""
    return InTag(FREE_TEXT if name in GENERATOR_RULES else name, part)


def piece(tokens: Sequence[str]) -> Piece:
    """Returns tokens as a piece."""
    words = [token for token in tokens if token[0] != "<"]
    return Piece(" ".join(tokens), " ".join(words), len(tokens), words.count(PLACEHOLDER))


def joined(markup: Iterable[str]) -> str:
    """Returns pieces of markup in one, with free text that meets made one."""
    text = " ".join(filter(None, markup))
    return text.replace(_SEAM, "") if _SEAM in text else text


class _TooManyError(Exception):
    """A part has too many outcomes for a table."""


def _outcomes(part: Part) -> dict[Tokens, float]:
    """Returns what a part may be, with the chances.

    Raises:
        _TooManyError: if that is too much.
    """
    found = _few_outcomes(part)
    if found is None:
        raise _TooManyError
    return found


@lru_cache(maxsize=_CACHED_OUTCOMES)
def _few_outcomes(part: Part) -> dict[Tokens, float] | None:
    try:
        return _enumerated(part)
    except _TooManyError:
        return None


def _enumerated(part: Part) -> dict[Tokens, float]:
    match part:
        case tuple():
            return {part: 1.0}
        case OneOf(options, weights):
            table = Table(zip(options, weights or (1.0,) * len(options), strict=True))
            return _sum(
                (weight, _outcomes(option))
                for option, weight in zip(table.options, table.weights, strict=True)
            )
        case Sometimes(chance, inner):
            return _sum(((1 - chance, {(): 1.0}), (chance, _outcomes(inner))))
        case Repeated(inner, again, most):
            one = _outcomes(inner)
            found: dict[Tokens, float] = {}
            so_far, weight = one, 1.0
            for copies in range(1, most + 1):
                last = copies == most
                found = _sum(((1.0, found), (weight if last else weight * (1 - again), so_far)))
                weight *= again
                if not last:
                    so_far = _product(so_far, one)
            return found
        case InOrder(parts):
            found = {(): 1.0}
            for inner in parts:
                found = _followed(found, inner)
            return found
        case InTag(name, inner):
            opening, closing = f"<{name}>", f"</{name}>"
            return {
                (opening, *tokens, closing) if tokens else (): weight
                for tokens, weight in _outcomes(inner).items()
            }
        case _:
            raise _TooManyError


def _followed(found: dict[Tokens, float], part: Part) -> dict[Tokens, float]:
    if isinstance(part, Agreeing):
        return _sum(
            (weight, {before + tokens: share})
            for before, weight in found.items()
            for tokens, share in part.follow(before)
        )
    return _product(found, _outcomes(part))


def _product(first: dict[Tokens, float], second: dict[Tokens, float]) -> dict[Tokens, float]:
    if len(first) * len(second) > _MOST_OUTCOMES:
        raise _TooManyError
    return _sum(
        (weight, {before + after: share})
        for before, weight in first.items()
        for after, share in second.items()
    )


def _sum(shares: Iterable[tuple[float, dict[Tokens, float]]]) -> dict[Tokens, float]:
    found: dict[Tokens, float] = {}
    for share, outcomes in shares:
        for tokens, weight in outcomes.items():
            found[tokens] = found.get(tokens, 0.0) + share * weight
        if len(found) > _MOST_OUTCOMES:
            raise _TooManyError
    return found


@cache
def drawn(part: Part) -> Draw:
    """Compiles a part."""
    return _in_order([alternatives(part)])


@cache
def alternatives(part: Part) -> Table[Piece | Draw]:
    """Returns what a part may be, as far as one decision settles it: pieces, or draws of others.

    A part that is used in many places is worked out once.
    """
    return Table(_leaves(part, 1.0, _NEVER))


def frequent_first(part: Part) -> Table[Piece | Draw]:
    """Returns the same for a part that is drawn often: what is frequent in it is one draw."""
    return Table(_leaves(part, 1.0, _FREQUENT))


def _leaves(part: Part, weight: float, frequent: float) -> Iterator[tuple[Piece | Draw, float]]:
    """Yields pieces and draws.

    Args:
        part: what is settled.
        weight: its share of the table.
        frequent: parts of a larger share are spread over the table.
    """
    outcomes = _few_outcomes(part)
    if outcomes is not None and weight < _RARE_PIECE * len(outcomes):
        # Shared with other tables.
        yield drawn(part), weight
        return
    if outcomes is not None:
        for tokens, share in outcomes.items():
            yield piece(tokens), weight * share
        return
    match part:
        case OneOf(options, weights):
            table = Table(zip(options, weights or (1.0,) * len(options), strict=True))
            for option, share in zip(table.options, table.weights, strict=True):
                yield from _leaves(option, weight * share, frequent)
        case Sometimes(chance, inner):
            yield piece(()), weight * (1 - chance)
            yield from _leaves(inner, weight * chance, frequent)
        case Repeated(inner, again, most):
            yield _repeated(drawn(inner), again, most), weight
        case InOrder(parts):
            spread = _spread(parts) if weight >= frequent else None
            if spread is None:
                yield _in_order(_grouped(parts)), weight
            else:
                yield from _leaves(spread, weight, frequent)
        case InTag(name, inner):
            inside = _with_tag_inside(part)
            if inside is part:
                yield _in_tag(name, drawn(inner)), weight
            else:
                yield from _leaves(inside, weight, frequent)
        case Spoken(draw):
            yield (lambda choices, out: out.append(piece(draw(choices)))), weight
        case _:
            raise ValueError("words that agree with what is drawn apart from them")


def _spread(parts: Sequence[Part]) -> Part | None:
    """Returns parts in order as a choice of sequences, where that leaves fewer draws.

    A rare part is there or not there; the one part with too many outcomes is one of its options.
    """
    for index, part in enumerate(parts):
        if isinstance(part, Sometimes) and part.chance <= _RARE:
            before, after = parts[:index], parts[index + 1 :]
            without, with_it = in_order([*before, *after]), in_order([*before, part.part, *after])
            return OneOf([without, with_it], [1 - part.chance, part.chance])
    if any(isinstance(part, Agreeing) for part in parts):
        return None
    large = [index for index, part in enumerate(parts) if _few_outcomes(part) is None]
    if len(large) != 1:
        return None
    before, after = parts[: large[0]], parts[large[0] + 1 :]
    if math.prod(len(_outcomes(part)) for part in (*before, *after)) > _MOST_AROUND:
        return None
    match _with_tag_inside(parts[large[0]]):
        case OneOf(options, weights):
            return OneOf([in_order([*before, option, *after]) for option in options], weights)
        case Sometimes(chance, inner):
            options = [in_order([*before, *after]), in_order([*before, inner, *after])]
            return OneOf(options, [1 - chance, chance])
        case InOrder(inside):
            return in_order([*before, *inside, *after])
    return None


def _with_tag_inside(part: Part) -> Part:
    """Moves a tag inwards, where it is a part of more pieces."""
    if not isinstance(part, InTag):
        return part
    name, inner = part.name, _with_tag_inside(part.part)
    match inner:
        case OneOf(options, weights):
            return OneOf([InTag(name, option) for option in options], weights)
        case Sometimes(chance, sometimes):
            return Sometimes(chance, InTag(name, sometimes))
        case InOrder() | InTag() | Repeated() | Spoken() if not _may_be_empty(inner):
            inside = inner.parts if isinstance(inner, InOrder) else (inner,)
            return in_order([(f"<{name}>",), *inside, (f"</{name}>",)])
    return part


def _repeated(draw: Draw, again: float, most: int) -> Draw:
    def copies(choices: Choices, out: list[Piece]) -> None:
        draw(choices, out)
        for _ in range(most - 1):
            if not choices.flip(again):
                break
            draw(choices, out)

    return copies


def _grouped(parts: Sequence[Part]) -> list[Table[Piece | Draw]]:
    """Returns the tables of parts in order, as many neighbours in one as fit."""
    tables: list[Table[Piece | Draw]] = []
    nothing: dict[Tokens, float] = {(): 1.0}
    group = nothing

    def close() -> None:
        if group != nothing:
            tables.append(Table((piece(tokens), weight) for tokens, weight in group.items()))

    for part in parts:
        try:
            group = _followed(group, part)
            continue
        except _TooManyError:
            close()
        try:
            group = _followed(nothing, part)
        except _TooManyError:
            group = nothing
            tables.append(alternatives(part))
    close()
    return tables


def _in_order(tables: Sequence[Table[Piece | Draw]]) -> Draw:
    # What leaves no choice need not be drawn.
    steps = [table.options[0] if len(table.options) == 1 else table for table in tables]

    def ordered(choices: Choices, out: list[Piece]) -> None:
        for step in steps:
            leaf = choices.draw(step) if isinstance(step, Table) else step
            if isinstance(leaf, Piece):
                out.append(leaf)
            else:
                leaf(choices, out)

    return ordered


def _in_tag(name: str, draw: Draw) -> Draw:
    opening, closing = piece((f"<{name}>",)), piece((f"</{name}>",))

    def around(choices: Choices, out: list[Piece]) -> None:
        before = len(out)
        out.append(opening)
        draw(choices, out)
        if any(inner.tokens for inner in out[before + 1 :]):
            out.append(closing)
        else:
            del out[before:]

    return around


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
