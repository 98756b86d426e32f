"""Chains of commands whose free text comes from mappings: the transcript parser's data (5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.canonical import CHAIN, ROOT
from arqon_maestro.corpusgen.grammar.chaining import Chaining, load_chaining
from arqon_maestro.corpusgen.grammar.draws import OneOf, Sometimes, drawn, in_order, tagged
from arqon_maestro.corpusgen.grammar.markup import parse_markup
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.corpusgen.grammar.sampler import PLACEHOLDER, Sampler, load_sampler
from arqon_maestro.corpusgen.grammar.tree import Node

COMMAND = "command"
QUANTIFIER = "quantifier"
REPEAT = "repeat"
PREPOSITION_SELECTION = "prepositionSelection"
FOCUS = "focus"
GO_TO = "goTo"

_OPENING = (f"<{ROOT}>", f"<{CHAIN}>")
_CLOSING = (f"</{CHAIN}>", f"</{ROOT}>")

# The tags main, commandChain, command, dictate and formattedText, each twice, and the word
# "dictate": no text has fewer tokens around it.
_LEAST_TOKENS_AROUND_TEXT = 11

NOT_WORDS = "empty, or not made of words"
TOO_LONG = "too long for a command"

Text = tuple[str, ...]


class Spoken(Protocol):
    """What the chainer needs of a mapping."""

    @property
    def words(self) -> Sequence[str]:
        """The words that are said."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of commands: the tokens of its canonical markup."""

    tokens: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The words said."""
        return [token for token in self.tokens if token[0] != "<"]

    @property
    def tree(self) -> Node:
        """Its canonical tree."""
        return parse_markup(" ".join(self.tokens))

    @property
    def starts_with_command(self) -> bool:
        """Whether an ordinary command comes first; such a chain can have a filler before it."""
        return self.tokens[len(_OPENING)] == f"<{COMMAND}>"


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
        self._lengths = _table(chaining.lengths)
        self._replacement_lengths = _table(chaining.replacement_lengths)
        part = sampler.part
        self._unchainable = drawn(
            tagged("unchainableCommand", OneOf([*map(part, chaining.unchainable_commands)]))
        )
        self._meta = drawn(tagged("metaCommand", OneOf([*map(part, chaining.meta_commands)])))
        self._repeat = drawn(part(REPEAT))
        self._preposition = drawn(part(PREPOSITION_SELECTION))
        self._text = [(rule, drawn(tagged(COMMAND, part(rule)))) for rule in chaining.text]
        quantifier = Sometimes(chaining.quantified, part(QUANTIFIER))
        without_text = {
            rule: tagged(
                COMMAND,
                in_order([part(rule), quantifier]) if rule in chaining.quantifiable else part(rule),
            )
            for rule in chaining.without_text
        }
        self._go_to = drawn(without_text[GO_TO])
        self._without_text = drawn(OneOf([*without_text.values()]))

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
        failures = 0
        while True:
            tokens = self._sample(choices)
            needed = tokens.count(PLACEHOLDER)
            if needed > len(texts):
                if not texts:
                    return
                counts.resampled_for_want_of_text += 1
                continue
            if needed:
                # The last mapping is said first.
                said = [self._noised(texts[-1 - index], choices) for index in range(needed)]
                _fill(tokens, said)
            if len(tokens) >= self._rates.markup_tokens:
                counts.resampled_oversize += 1
                failures += 1
                if failures == self._rates.attempts:
                    counts.reject(TOO_LONG)
                    texts.pop()
                    failures = 0
                continue
            failures = 0
            del texts[len(texts) - needed :]
            counts.chains += 1
            counts.mappings_used += needed
            yield Chain(tuple(tokens))

    def _sayable(self, mappings: Sequence[Spoken], counts: ChainCounts) -> list[Text]:
        longest = self._rates.markup_tokens - 1 - _LEAST_TOKENS_AROUND_TEXT
        texts: list[Text] = []
        for mapping in mappings:
            text = tuple(mapping.words)
            joined = " ".join(text)
            if not text or "<" in joined or ">" in joined or tuple(joined.split()) != text:
                counts.reject(NOT_WORDS)
            elif len(text) > longest:
                counts.reject(TOO_LONG)
            else:
                texts.append(text)
        counts.mappings += len(mappings)
        return texts

    def _sample(self, choices: Choices) -> list[str]:
        """Returns the tokens of one chain, with placeholders for free text."""
        rates, flip = self._rates, choices.flip
        tokens = [*_OPENING]
        if flip(rates.unchainable):
            self._unchainable(choices, tokens)
        elif flip(rates.meta / (1 - rates.unchainable)):
            self._meta(choices, tokens)
        else:
            self._commands(choices, tokens)
        tokens += _CLOSING
        return tokens

    def _commands(self, choices: Choices, tokens: list[str]) -> None:
        rates, flip = self._rates, choices.flip
        length = choices.choose(*self._lengths)
        ends_in_repeat = flip(rates.repeat)
        ends_in_text = not ends_in_repeat and flip(rates.text_tail)
        for _ in range(length - (ends_in_repeat or ends_in_text)):
            self._command_without_text(choices, tokens)
        if ends_in_repeat:
            self._repeat(choices, tokens)
        elif ends_in_text:
            tail, draw = choices.choose(self._text)
            draw(choices, tokens)
            if flip(rates.preposition):
                self._preposition(choices, tokens)
            elif length == 1 and tail == FOCUS and flip(rates.after_focus):
                self._command_without_text(choices, tokens)

    def _command_without_text(self, choices: Choices, tokens: list[str]) -> None:
        draw = self._go_to if choices.flip(self._rates.go_to) else self._without_text
        draw(choices, tokens)

    def _noised(self, text: Text, choices: Choices) -> Text:
        rates = self._rates
        if choices.flip(rates.replaced):
            length = choices.choose(*self._replacement_lengths)
            return tuple(choices.choose(self._noise_words) for _ in range(length))
        if choices.flip(rates.spotted):
            return tuple(
                choices.choose(self._noise_words) if choices.flip(rates.spot) else word
                for word in text
            )
        return text


def _table(shares: dict[int, float]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return tuple(shares), tuple(shares.values())


def _fill(tokens: list[str], texts: Sequence[Text]) -> None:
    """Puts the texts in place of the placeholders, left to right."""
    at = 0
    for text in texts:
        at = tokens.index(PLACEHOLDER, at)
        tokens[at : at + 1] = text
        at += len(text)


@cache
def load_chainer() -> Chainer:
    """Returns the chainer of the package's grammar."""
    return Chainer(load_sampler(), load_grammar().words(), load_chaining())
