"""Finds the list of statements or members around a caret, in any language."""

from __future__ import annotations

from arqon_maestro.corpusgen.snippets.containers import rules_of
from arqon_maestro.corpusgen.snippets.shapes import shapes_named
from arqon_maestro.corpusgen.snippets.syntax import parse_as
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree
from arqon_maestro.languages import Language


def statement_list_at(language: Language, source: str, offset: int) -> str | None:
    """Returns the name of the innermost list of statements or members around a caret.

    That is where a statement or member would be added, and what auto-style is told of it:
    ``SNIP_<name>``.

    Args:
        language: the source's language.
        source: ASCII text.
        offset: the caret, in characters.

    Returns:
        A name of section 4.5 of the specification; None for a language without snippets, or if
        the caret is in no such list.

    Raises:
        MissingPartError: if the language's grammar is not installed.
    """
    tree = parse_as(language, source)
    if tree is None or language.snippets is None:
        return None
    shapes = shapes_named(language.snippets)
    return next(
        (
            container
            for node in nodes_around(tree, offset)
            for container, _ in rules_of(tree, shapes, node)
            if container in shapes.statement_lists
        ),
        None,
    )


def nodes_around(tree: SyntaxTree, offset: int) -> list[int]:
    """Returns the nodes around a caret, the innermost first.

    A caret on a blank line belongs to the blocks above that are no deeper than its line: where
    indentation makes the blocks, they end with their last statement.
    """
    source = tree.source
    line = source.rfind("\n", 0, offset) + 1
    blank = not source[line:offset].strip() and not source[offset:].split("\n", 1)[0].strip()
    end_of_text = len(source[:line].rstrip())
    found = [0]
    while True:
        below = None
        for child in tree.children(found[-1]):
            start, end = tree.starts[child], tree.ends[child]
            above = blank and start < end_of_text <= end <= offset
            if (start <= offset <= end) or (above and _column(source, start) <= offset - line):
                below = child
        if below is None:
            return found[::-1]
        found.append(below)


def _column(source: str, offset: int) -> int:
    return offset - source.rfind("\n", 0, offset) - 1
