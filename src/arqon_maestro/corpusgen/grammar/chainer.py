"""Chains of commands whose free text comes from mappings: the transcript parser's data (5.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

from arqon_maestro.corpusgen.choices import Choices, Table
from arqon_maestro.corpusgen.grammar.canonical import CHAIN, ROOT
from arqon_maestro.corpusgen.grammar.chaining import Chaining, load_chaining
from arqon_maestro.corpusgen.grammar.draws import (
    PLACEHOLDER,
    Draw,
    OneOf,
    Part,
    Piece,
    Sometimes,
    frequent_first,
    in_order,
    joined,
    tagged,
)
from arqon_maestro.corpusgen.grammar.markup import parse_markup
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.corpusgen.grammar.sampler import Sampler, load_sampler
from arqon_maestro.corpusgen.grammar.tree import Node

COMMAND = "command"
QUANTIFIER = "quantifier"
REPEAT = "repeat"
PREPOSITION_SELECTION = "prepositionSelection"
FOCUS = "focus"
GO_TO = "goTo"

_OPENING, _CLOSING = f"<{ROOT}> <{CHAIN}>", f"</{CHAIN}> </{ROOT}>"
_TOKENS_AROUND = 4
_STARTING_COMMAND = f"<{COMMAND}>"

# The tags main, commandChain, command, dictate and formattedText, each twice, and the word
# "dictate": no text has fewer tokens around it.
_LEAST_TOKENS_AROUND_TEXT = 11

NOT_WORDS = "empty, or not made of words"
TOO_LONG = "too long for a command"
# What is no text of words parted by single blanks.
_NO_WORDS = re.compile(rf"[<>{PLACEHOLDER}]|[^\S ]|^ | $|  |^$")


class Text(NamedTuple):
    """Words of free text, joined by blanks, and how many they are."""

    words: str
    length: int


class Spoken(Protocol):
    """What the chainer needs of a mapping."""

    @property
    def words(self) -> Sequence[str]:
        """The words that are said."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of commands.

    Attributes:
        transcript: the words said, joined by blanks.
        pieces: its canonical markup, without what is around every chain's.
        texts: the free text that fills the holes of the pieces.
    """

    transcript: str
    pieces: Sequence[Piece]
    texts: Sequence[str] = ()

    @property
    def markup(self) -> str:
        """Its canonical markup."""
        inner = joined(piece.markup for piece in self.pieces)
        filled = _filled(inner, self.texts) if self.texts else inner
        return f"{_OPENING} {filled} {_CLOSING}"

    @property
    def tokens(self) -> list[str]:
        """The tokens of its markup."""
        return self.markup.split(" ")

    @property
    def words(self) -> list[str]:
        """The words said."""
        return self.transcript.split(" ")

    @property
    def tree(self) -> Node:
        """Its canonical tree."""
        return parse_markup(self.markup)

    @property
    def starts_with_command(self) -> bool:
        """Whether an ordinary command comes first; such a chain can have a filler before it."""
        return self.pieces[0].markup.startswith(_STARTING_COMMAND)


@dataclass
class ChainCounts:
    """What became of the mappings, and how often a chain was sampled anew."""

    chains: int = 0
    mappings: int = 0
    mappings_used: int = 0
    resampled_oversize: int = 0
    resampled_for_want_of_text: int = 0
    rejects: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Counts one mapping that is in no chain."""
        self.rejects[reason] = self.rejects.get(reason, 0) + 1


class Chainer:
    """Makes chains of commands.

    Args:
        sampler: draws the commands.
        noise_words: what words of free text are now and then replaced by.
        chaining: rates and classification.
    """

    def __init__(self, sampler: Sampler, noise_words: tuple[str, ...], chaining: Chaining) -> None:
        self._noise_words = noise_words
        self._rates = chaining
        self._replacement_lengths = Table(chaining.replacement_lengths.items())
        # Half of the chains are one piece without free text: those are ready.
        table = frequent_first(_chain(sampler, chaining))
        ready: list[tuple[Chain, float]] = []
        other: list[tuple[Piece | Draw, float]] = []
        for leaf, weight in zip(table.options, table.weights, strict=True):
            if isinstance(leaf, Piece) and not leaf.holes:
                ready.append((Chain(leaf.words, (leaf,)), weight))
            else:
                other.append((leaf, weight))
        self._ready, self._other = Table(ready), Table(other)
        self._other_rate = sum(weight for _, weight in other)

    def chains(
        self, mappings: Sequence[Spoken], choices: Choices, counts: ChainCounts
    ) -> Iterator[Chain]:
        """Yields chains until one would need a mapping and none is left.

        Mappings are used from the end. Without any that can be said there are no chains at all,
        so that a file without code yields nothing. A chain that is too long, or that needs more
        mappings than are left, is sampled anew, so that it costs no mapping.

        Args:
            mappings: where the free text comes from.
            choices: makes the decisions.
            counts: is added to.
        """
        texts = self._sayable(mappings, counts)
        if not texts:
            return
        ready, other, rate = self._ready, self._other, self._other_rate
        rates, draw, wait = self._rates, choices.draw, choices.wait
        until_other = wait(rate)
        failures = 0
        while True:
            until_other -= 1
            if until_other:
                counts.chains += 1
                yield draw(ready)
                continue
            until_other = wait(rate)
            if not choices.happens(rate):
                counts.chains += 1
                yield draw(ready)
                continue
            leaf = draw(other)
            if isinstance(leaf, Piece):
                pieces = [leaf]
                tokens, needed = _TOKENS_AROUND + leaf.tokens, leaf.holes
            else:
                pieces = []
                leaf(choices, pieces)
                tokens, needed = _TOKENS_AROUND, 0
                for piece in pieces:
                    tokens += piece.tokens
                    needed += piece.holes
            said: Sequence[str] = ()
            if needed:
                if needed > len(texts):
                    if not texts:
                        return
                    counts.resampled_for_want_of_text += 1
                    continue
                # The last mapping is said first.
                said = []
                for text in texts[: -needed - 1 : -1]:
                    noised = self._noised(text, choices)
                    tokens += noised.length - 1
                    said.append(noised.words)
            if tokens >= rates.markup_tokens:
                counts.resampled_oversize += 1
                failures += 1
                if failures == rates.attempts:
                    counts.reject(TOO_LONG)
                    texts.pop()
                    failures = 0
                continue
            failures = 0
            if needed:
                del texts[-needed:]
            counts.chains += 1
            counts.mappings_used += needed
            words = " ".join([piece.words for piece in pieces if piece.words])
            yield Chain(_filled(words, said) if said else words, pieces, said)

    def _sayable(self, mappings: Sequence[Spoken], counts: ChainCounts) -> list[Text]:
        longest = self._rates.markup_tokens - 1 - _LEAST_TOKENS_AROUND_TEXT
        texts: list[Text] = []
        for mapping in mappings:
            words = mapping.words
            text = " ".join(words)
            if not words or text.count(" ") != len(words) - 1 or _NO_WORDS.search(text):
                counts.reject(NOT_WORDS)
            elif len(words) > longest:
                counts.reject(TOO_LONG)
            else:
                texts.append(Text(text, len(words)))
        counts.mappings += len(mappings)
        return texts

    def _noised(self, text: Text, choices: Choices) -> Text:
        rates = self._rates
        if choices.flip(rates.replaced):
            length = choices.draw(self._replacement_lengths)
            words = [choices.choose(self._noise_words) for _ in range(length)]
        elif choices.flip(rates.spotted):
            words = [
                choices.choose(self._noise_words) if choices.flip(rates.spot) else word
                for word in text.words.split(" ")
            ]
        else:
            return text
        return Text(" ".join(words), len(words))


def _chain(sampler: Sampler, rates: Chaining) -> Part:
    """Returns a whole chain as one part (section 5.4)."""
    part = sampler.part
    quantifier = Sometimes(rates.quantified, part(QUANTIFIER))
    without_text = {
        rule: tagged(
            COMMAND,
            in_order([part(rule), quantifier]) if rule in rates.quantifiable else part(rule),
        )
        for rule in rates.without_text
    }
    command = OneOf(
        [without_text[GO_TO], OneOf([*without_text.values()])], [rates.go_to, 1 - rates.go_to]
    )
    # What may be said behind a text tail: if the chain is that command alone, and with others.
    alone: list[Part] = []
    after_others: list[Part] = []
    preposition = Sometimes(rates.preposition, part(PREPOSITION_SELECTION))
    for rule in rates.text:
        text = tagged(COMMAND, part(rule))
        behind: Part = preposition
        if rule == FOCUS:
            another = (1 - rates.preposition) * rates.after_focus
            behind = OneOf(
                [part(PREPOSITION_SELECTION), command, ()],
                [rates.preposition, another, 1 - rates.preposition - another],
            )
        alone.append(in_order([text, behind]))
        after_others.append(in_order([text, preposition]))
    tail_alone, tail_after_others = OneOf(alone), OneOf(after_others)
    ordinary = 1 - rates.unchainable - rates.meta
    plans: list[tuple[Part, float]] = [
        (
            tagged("unchainableCommand", OneOf([*map(part, rates.unchainable_commands)])),
            rates.unchainable,
        ),
        (tagged("metaCommand", OneOf([*map(part, rates.meta_commands)])), rates.meta),
    ]
    for length, share in rates.lengths.items():
        in_text = (1 - rates.repeat) * rates.text_tail
        tail = tail_alone if length == 1 else tail_after_others
        before = [command] * (length - 1)
        for last, chance in (
            (part(REPEAT), rates.repeat),
            (tail, in_text),
            (command, 1 - rates.repeat - in_text),
        ):
            plans.append((in_order([*before, last]), ordinary * share * chance))
    return OneOf([plan for plan, _ in plans], [weight for _, weight in plans])


def _filled(text: str, texts: Sequence[str]) -> str:
    """Puts the texts in place of the placeholders, left to right."""
    if len(texts) == 1:
        return text.replace(PLACEHOLDER, texts[0])
    parts = text.split(PLACEHOLDER)
    filled = [parts[0]]
    for said, part in zip(texts, parts[1:], strict=True):
        filled += (said, part)
    return "".join(filled)


@cache
def load_chainer() -> Chainer:
    """Returns the chainer of the package's grammar."""
    return Chainer(load_sampler(), load_grammar().words(), load_chaining())
