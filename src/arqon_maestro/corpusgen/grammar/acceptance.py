"""The runtime's test of a parse: derivable from the grammar, and exactly the transcript's words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from arqon_maestro.corpusgen.grammar.canonical import ROOT
from arqon_maestro.corpusgen.grammar.expansion import Children, Expansion
from arqon_maestro.corpusgen.grammar.markup import parse_markup
from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES, Grammar, load_grammar
from arqon_maestro.corpusgen.grammar.tree import Node, words
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.corpusgen.spoken.numbers import DIGITS
from arqon_maestro.errors import DataError

# Terminals that are digit words also accept the digit.
_DIGIT_WORDS = {str(value): word for value, word in enumerate(DIGITS)}


class Acceptance:
    """Tells whether trees can be derived from a grammar (section 5.6)."""

    def __init__(self, grammar: Grammar) -> None:
        # Without weights: a sequence that is never sampled is accepted all the same.
        expansion = Expansion(grammar.rules, {})
        self._allowed: dict[str, frozenset[Children]] = {
            rule: frozenset(expansion.of_rule(rule)) - {()} for rule in grammar.rules
        }

    def derivable(self, node: Node) -> bool:
        """Returns whether the rule of `node`'s name derives it, and so on below."""
        if node.name in NUMBER_RULES:
            return parse_number(_leaves(node)) is not None
        if node.name == FREE_TEXT:
            return bool(_leaves(node))
        names = tuple(
            child if isinstance(child, str) else f"<{child.name}>" for child in node.children
        )
        allowed = self._allowed.get(node.name, frozenset())
        if names not in allowed:
            names = tuple(
                _DIGIT_WORDS.get(name.lower(), name.lower()) if not name.startswith("<") else name
                for name in names
            )
            if names not in allowed:
                return False
        return all(self.derivable(child) for child in node.children if isinstance(child, Node))


def _leaves(node: Node) -> list[str]:
    """Returns the children if they are words alone, else nothing."""
    leaves = [child for child in node.children if isinstance(child, str)]
    return leaves if len(leaves) == len(node.children) else []


@cache
def _acceptance() -> Acceptance:
    return Acceptance(load_grammar())


def accepts(node: Node) -> bool:
    """Returns whether a whole tree, root ``main``, is derivable from the grammar."""
    return node.name == ROOT and _acceptance().derivable(node)


def accept_parse(transcript: Sequence[str], markup: str) -> Node | None:
    """Returns the tree of a parse that the runtime accepts for a transcript, else None.

    It has to be balanced, with one root, with exactly the words of the transcript, and derivable.
    """
    try:
        node = parse_markup(markup)
    except DataError:
        return None
    if words(node) != list(transcript) or not accepts(node):
        return None
    return node
