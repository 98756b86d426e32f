"""Markup: a command tree as a line of tokens, `<rule> … </rule>` around the words.

This is the target side of the transcript parser's data (section 2.4).
"""

from __future__ import annotations

import re

from arqon_maestro.corpusgen.grammar.tree import Child, Node
from arqon_maestro.errors import DataError

_TAG = re.compile(r"<(/?)([A-Za-z]\w*)>", re.ASCII)
# The grammar's deepest tree has nine levels; a model's endless nesting is refused before it can
# exhaust the stack.
MAX_DEPTH = 64


def write_markup(node: Node) -> str:
    """Returns the tokens of a tree, depth first, separated by blanks."""
    return " ".join(markup_tokens(node))


def markup_tokens(node: Node) -> list[str]:
    """Returns the tokens of a tree: open tag, children, close tag; a leaf is its word."""
    tokens: list[str] = []
    _append(node, tokens)
    return tokens


def _append(node: Node, tokens: list[str]) -> None:
    tokens.append(f"<{node.name}>")
    for child in node.children:
        if isinstance(child, str):
            tokens.append(child)
        else:
            _append(child, tokens)
    tokens.append(f"</{node.name}>")


def parse_markup(text: str) -> Node:
    """Reads markup.

    Raises:
        DataError: the markup is empty, unbalanced, nested too deeply, has more than one root, text
            outside it, or a token that is neither a tag nor a word.
    """
    open_tags: list[tuple[str, list[Child]]] = []
    root: Node | None = None
    for number, token in enumerate(text.split(), start=1):
        where = f"token {number} of the markup"
        tag = _TAG.fullmatch(token)
        if root is not None:
            raise DataError(f"{token!r} stands behind the root's end", where=where)
        if tag is None:
            if "<" in token or ">" in token:
                raise DataError(f"{token!r} is neither a tag nor a word", where=where)
            if not open_tags:
                raise DataError(f"the word {token!r} stands outside the root", where=where)
            open_tags[-1][1].append(token)
        elif not tag[1]:
            if len(open_tags) == MAX_DEPTH:
                raise DataError("nested too deeply", where=where, why=f"{MAX_DEPTH} levels")
            open_tags.append((tag[2], []))
        else:
            if not open_tags or open_tags[-1][0] != tag[2]:
                expected = f"</{open_tags[-1][0]}>" if open_tags else "an open tag"
                raise DataError(f"{token} does not fit", where=where, why=f"expected {expected}")
            name, children = open_tags.pop()
            node = Node(name, tuple(children))
            if open_tags:
                open_tags[-1][1].append(node)
            else:
                root = node
    if open_tags:
        raise DataError(f"<{open_tags[-1][0]}> is not closed", where="the markup")
    if root is None:
        raise DataError("no tags at all", where="the markup")
    return root
