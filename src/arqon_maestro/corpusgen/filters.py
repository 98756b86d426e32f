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
from arqon_maestro.languages import Language, Layout

if TYPE_CHECKING:
    from tree_sitter import Node

FEW_LINES = f"file: fewer than {LEAST_LINES} lines"
MANY_LINES = f"file: more than {MOST_LINES} lines"
LONG_LINE = f"file: a line of more than {LONGEST_LINE} characters"
DENSE = f"file: more than {MOST_CHARACTERS_PER_LINE} characters a line"
SYNTAX_ERRORS = f"file: more than {MOST_ERROR_SHARE:.0%} in syntax errors"
SLOW_PARSE = "file: takes the parser too long"


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
    for extension, reason in language.rejected_extensions.items():
        if path.lower().endswith(extension):
            return f"file: {reason}"
    return None


def tree_reason(snippets: SnippetSource, language: Language) -> str | None:
    """Returns why a source is rejected for its syntax tree, or None."""
    if snippets.error_share > MOST_ERROR_SHARE:
        return SYNTAX_ERRORS
    for layout in language.rejected_layouts:
        if any(_is_laid_out(node, layout) for node in _nodes(snippets.root)):
            return f"file: {layout.reason}"
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


def _is_laid_out(node: Node, layout: Layout) -> bool:
    """Whether the gap of a layout is before a node."""
    owners = layout.nodes.get(node.type)
    if owners is None or node.parent is None or node.parent.type not in owners:
        return False
    before = node.prev_sibling
    if before is None:
        return False
    if layout.gap == "line":
        return before.end_point[0] < node.start_point[0]
    return before.end_byte < node.start_byte
