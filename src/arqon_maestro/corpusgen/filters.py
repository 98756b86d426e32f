"""Which files are fit to be said (corpusgen.md, section 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arqon_maestro.corpusgen.generation import SnippetSource
from arqon_maestro.corpusgen.rates import (
    LEAST_LINES,
    LONGEST_LINE,
    MOST_CHARACTERS_PER_LINE,
    MOST_ERROR_SHARE,
    MOST_LINES,
)
from arqon_maestro.languages import Language

if TYPE_CHECKING:
    from tree_sitter import Node

FEW_LINES = f"file: fewer than {LEAST_LINES} lines"
MANY_LINES = f"file: more than {MOST_LINES} lines"
LONG_LINE = f"file: a line of more than {LONGEST_LINE} characters"
DENSE = f"file: more than {MOST_CHARACTERS_PER_LINE} characters a line"
C_SOURCE = "file: C source"
SYNTAX_ERRORS = f"file: more than {MOST_ERROR_SHARE:.0%} in syntax errors"
SLOW_PARSE = "file: takes the parser too long"
BRACE_LAYOUT = "file: an opening brace on a line of its own"
PARENTHESIS_LAYOUT = "file: a blank before the parenthesis of a call"

_BODY_OWNERS = frozenset(
    ("function_definition", "for_statement", "for_range_loop", "if_statement", "lambda_expression")
)
_DECLARED = frozenset(("method_declaration", "constructor_declaration", "local_function_statement"))


def layout_reason(source: str, path: str, language: Language) -> str | None:
    """Returns why a normalised source is rejected for its lines or its path, or None."""
    lines = source.split("\n")
    if len(lines) < LEAST_LINES:
        return FEW_LINES
    if len(lines) > MOST_LINES:
        return MANY_LINES
    if not language.prose:
        if max(map(len, lines)) > LONGEST_LINE:
            return LONG_LINE
        if len(source) // (len(lines) + 1) > MOST_CHARACTERS_PER_LINE:
            return DENSE
    if language.brace_rule == "c-plus-plus" and path.lower().endswith(".c"):
        return C_SOURCE
    return None


def tree_reason(snippets: SnippetSource, language: Language) -> str | None:
    """Returns why a source is rejected for its syntax tree, or None."""
    if snippets.error_share > MOST_ERROR_SHARE:
        return SYNTAX_ERRORS
    if language.brace_rule == "c-plus-plus" and any(map(_brace_below, _nodes(snippets.root))):
        return BRACE_LAYOUT
    if language.brace_rule == "c-sharp" and any(map(_blank_before_list, _nodes(snippets.root))):
        return PARENTHESIS_LAYOUT
    return None


def _nodes(root: Node) -> Iterator[Node]:
    """Yields all nodes, without recursion."""
    cursor = root.walk()
    while True:
        if cursor.node is not None:
            yield cursor.node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _brace_below(node: Node) -> bool:
    """Whether a body's brace is on a later line than what it belongs to."""
    if node.type != "compound_statement" or node.parent is None:
        return False
    before = node.prev_sibling
    return (
        node.parent.type in _BODY_OWNERS
        and before is not None
        and before.end_point[0] < node.start_point[0]
    )


def _blank_before_list(node: Node) -> bool:
    """Whether there is a blank between a name and the parenthesis after it."""
    owner = node.parent
    if owner is None or node.prev_sibling is None:
        return False
    call = node.type == "argument_list" and owner.type == "invocation_expression"
    declared = node.type == "parameter_list" and owner.type in _DECLARED
    return (call or declared) and node.prev_sibling.end_byte < node.start_byte
