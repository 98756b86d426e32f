"""Commands as the transcript parser learns them: what is said, and its markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arqon_maestro.corpusgen.choices import Choices, RandomChoices
from arqon_maestro.corpusgen.grammar.chainer import Chain, ChainCounts, Spoken, load_chainer
from arqon_maestro.corpusgen.grammar.markup import parse_markup
from arqon_maestro.corpusgen.grammar.sampler import load_sampler
from arqon_maestro.corpusgen.grammar.tree import Node


@dataclass(frozen=True, slots=True)
class Command:
    """One example: the words of a chain of commands, and its tree as markup."""

    transcript: str
    markup: str


def generate_commands(
    mappings: Sequence[Spoken], seed: int = 0, shuffle: bool = False
) -> list[Command]:
    """Returns chains of commands that say the mappings' words.

    Args:
        mappings: insert mappings; they are used from the end.
        seed: the same seed gives the same commands.
        shuffle: first put the mappings in random order, as for the transcript parser's data.
    """
    chains, _ = generate_chains(mappings, RandomChoices(seed), shuffle)
    return [Command(chain.transcript, chain.markup) for chain in chains]


def generate_chains(
    mappings: Sequence[Spoken], choices: Choices, shuffle: bool = False
) -> tuple[list[Chain], ChainCounts]:
    """As `generate_commands`, with the trees, and what was counted on the way."""
    ordered = list(mappings)
    if shuffle:
        choices.shuffle(ordered)
    counts = ChainCounts()
    return list(load_chainer().chains(ordered, choices, counts)), counts


def sample_rule(rule: str, choices: Choices) -> Node:
    """Returns a sample of one rule, in canonical form; free text is the placeholder ``…``.

    Raises:
        UsageError: there is no such rule.
    """
    tokens = load_sampler().sample(rule, choices)
    return parse_markup(" ".join(tokens)) if tokens else Node(rule, ())
