"""What the sampler is compiled to: draws, which append a sample's markup tokens to a list.

The tokens are canonical as they are made (section 5.5), and no tree is built. A part that involves
no decision is a plain tuple of tokens, so that whole tables of names become one choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.canonical import GENERATOR_RULES
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT

Tokens: TypeAlias = tuple[str, ...]
Draw: TypeAlias = Callable[[Choices, list[str]], None]
Part: TypeAlias = Tokens | Draw


def drawn(part: Part) -> Draw:
    """Returns a part as a draw."""
    if not isinstance(part, tuple):
        return part
    tokens = part
    if len(tokens) == 1:
        token = tokens[0]
        return lambda choices, out: out.append(token)
    return lambda choices, out: out.extend(tokens)


def tagged(name: str, part: Part) -> Part:
    """Puts a tag around a part; around nothing there is none.

    Generator rules are free text, and free text goes on in free text right before it.
    """
    if name in GENERATOR_RULES:
        name = FREE_TEXT
    opening, closing = f"<{name}>", f"</{name}>"
    joins = name == FREE_TEXT
    if isinstance(part, tuple) and not joins:
        return (opening, *part, closing) if part else ()
    draw = drawn(part)

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


def in_order(parts: Sequence[Part]) -> Part:
    """Returns the parts one after the other."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, tuple) and merged and isinstance(merged[-1], tuple):
            merged[-1] += part
        elif part != ():
            merged.append(part)
    if len(merged) < 2:
        return merged[0] if merged else ()
    draws = [drawn(part) for part in merged]

    def ordered(choices: Choices, out: list[str]) -> None:
        for draw in draws:
            draw(choices, out)

    return ordered


def one_of(options: Sequence[Part], weights: Sequence[float] | None = None) -> Draw:
    """Returns one of the options, uniformly or by weight."""
    if all(isinstance(option, tuple) for option in options):
        texts = [option for option in options if isinstance(option, tuple)]
        return lambda choices, out: out.extend(choices.choose(texts, weights))
    draws = [drawn(option) for option in options]
    return lambda choices, out: choices.choose(draws, weights)(choices, out)


def sometimes(chance: float, part: Part) -> Draw:
    """Returns the part, or nothing."""
    draw = drawn(part)

    def perhaps(choices: Choices, out: list[str]) -> None:
        if choices.flip(chance):
            draw(choices, out)

    return perhaps


def repeated(part: Part, again: float, most: int) -> Draw:
    """Returns the part, and with the chance `again` once more, up to `most` copies."""
    draw = drawn(part)

    def copies(choices: Choices, out: list[str]) -> None:
        draw(choices, out)
        for _ in range(most - 1):
            if not choices.flip(again):
                break
            draw(choices, out)

    return copies
