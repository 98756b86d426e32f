"""Chains of commands whose free text comes from mappings: the transcript parser's data (5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.grammar.canonical import chain
from arqon_maestro.corpusgen.grammar.chaining import Chaining, load_chaining
from arqon_maestro.corpusgen.grammar.markup import markup_tokens
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.corpusgen.grammar.sampler import PLACEHOLDER, Sampler, load_sampler
from arqon_maestro.corpusgen.grammar.tree import Child, Node, words

COMMAND = "command"
QUANTIFIER = "quantifier"
REPEAT = "repeat"
PREPOSITION_SELECTION = "prepositionSelection"
FOCUS = "focus"
GO_TO = "goTo"

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
    """A chain of commands: its canonical tree, the tree's markup tokens, the words said."""

    tree: Node
    tokens: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def starts_with_command(self) -> bool:
        """Whether an ordinary command comes first; such a chain can have a filler before it."""
        first = self.tree.children[0]
        if isinstance(first, Node):
            first = first.children[0]
        return isinstance(first, Node) and first.name == COMMAND


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
        self._sampler = sampler
        self._noise_words = noise_words
        self._rates = chaining
        self._without_text = chaining.without_text
        self._quantifiable = frozenset(chaining.quantifiable)
        self._lengths = _table(chaining.lengths)
        self._replacement_lengths = _table(chaining.replacement_lengths)

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
            commands = self._sample(choices)
            needed = sum(map(_placeholders, commands))
            if needed > len(texts):
                if not texts:
                    return
                counts.resampled_for_want_of_text += 1
                continue
            if needed:
                # The last mapping is said first.
                said = [self._noised(texts[-1 - index], choices) for index in range(needed)]
                waiting = iter(said)
                commands = [_filled(command, waiting) for command in commands]
            tree = chain(commands)
            tokens = markup_tokens(tree)
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
            yield Chain(tree, tuple(tokens), tuple(words(tree)))

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

    def _sample(self, choices: Choices) -> list[Node]:
        """Returns the children of one `commandChain`, with placeholders for free text."""
        rates = self._rates
        if choices.flip(rates.unchainable):
            return [self._one_of("unchainableCommand", rates.unchainable_commands, choices)]
        if choices.flip(rates.meta / (1 - rates.unchainable)):
            return [self._one_of("metaCommand", rates.meta_commands, choices)]
        length = choices.choose(*self._lengths)
        if choices.flip(rates.repeat):
            commands = [self._command_without_text(choices) for _ in range(length - 1)]
            return [*commands, self._sampler.sample(REPEAT, choices)]
        if not choices.flip(rates.text_tail):
            return [self._command_without_text(choices) for _ in range(length)]
        commands = [self._command_without_text(choices) for _ in range(length - 1)]
        tail = choices.choose(rates.text)
        commands.append(Node(COMMAND, (self._sampler.sample(tail, choices),)))
        if choices.flip(rates.preposition):
            commands.append(self._sampler.sample(PREPOSITION_SELECTION, choices))
        elif length == 1 and tail == FOCUS and choices.flip(rates.after_focus):
            commands.append(self._command_without_text(choices))
        return commands

    def _one_of(self, wrapper: str, rules: Sequence[str], choices: Choices) -> Node:
        return Node(wrapper, (self._sampler.sample(choices.choose(rules), choices),))

    def _command_without_text(self, choices: Choices) -> Node:
        rule = GO_TO if choices.flip(self._rates.go_to) else choices.choose(self._without_text)
        command = self._sampler.sample(rule, choices)
        if rule in self._quantifiable and choices.flip(self._rates.quantified):
            return Node(COMMAND, (command, self._sampler.sample(QUANTIFIER, choices)))
        return Node(COMMAND, (command,))

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


def _placeholders(node: Node) -> int:
    return sum(
        child is PLACEHOLDER if isinstance(child, str) else _placeholders(child)
        for child in node.children
    )


def _filled(node: Node, texts: Iterator[Text]) -> Node:
    """Returns a tree with the next text in place of each placeholder, left to right."""
    children: list[Child] = []
    for child in node.children:
        if isinstance(child, Node):
            children.append(_filled(child, texts))
        elif child is PLACEHOLDER:
            children.extend(next(texts))
        else:
            children.append(child)
    return Node(node.name, tuple(children))


@cache
def load_chainer() -> Chainer:
    """Returns the chainer of the package's grammar."""
    return Chainer(load_sampler(), load_grammar().words(), load_chaining())
