"""The command grammar: samples, chains, markup, canonical form, the runtime's test, a parser."""

from arqon_maestro.corpusgen.grammar.acceptance import accept_parse, accepts
from arqon_maestro.corpusgen.grammar.canonical import canonical
from arqon_maestro.corpusgen.grammar.chainer import Chain, ChainCounts
from arqon_maestro.corpusgen.grammar.commands import (
    Command,
    generate_chains,
    generate_commands,
    sample_rule,
)
from arqon_maestro.corpusgen.grammar.markup import parse_markup, write_markup
from arqon_maestro.corpusgen.grammar.parser import Parse, best_parse, parses
from arqon_maestro.corpusgen.grammar.tree import Node, words

__all__ = [
    "Chain",
    "ChainCounts",
    "Command",
    "Node",
    "Parse",
    "accept_parse",
    "accepts",
    "best_parse",
    "canonical",
    "generate_chains",
    "generate_commands",
    "parse_markup",
    "parses",
    "sample_rule",
    "words",
    "write_markup",
]
