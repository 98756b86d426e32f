"""The canonical form of command trees (section 5.5): the only one that the runtime accepts."""

from __future__ import annotations

from collections.abc import Sequence

from arqon_maestro.corpusgen.grammar.rules import FREE_TEXT, NUMBER_RULES
from arqon_maestro.corpusgen.grammar.tree import Child, Node, words

ROOT = "main"
CHAIN = "commandChain"
# Rules that only help to generate; their text is free text to everyone else.
GENERATOR_RULES = frozenset({"addModifier", "addObject"})
_FREE_TEXT_NAMES = GENERATOR_RULES | {FREE_TEXT}


def canonical(node: Node) -> Node:
    """Returns the canonical tree of a command, a chain or a whole tree.

    It has the root ``main`` and below it ``commandChain``, no tags without words, bare words below
    the number rules, and free text in one piece without inner tags.
    """
    if node.name == ROOT:
        return Node(ROOT, _children(node))
    if node.name == CHAIN:
        return Node(ROOT, (Node(CHAIN, _children(node)),))
    return chain([node])


def chain(commands: Sequence[Node]) -> Node:
    """Returns the canonical tree of commands one after the other."""
    return Node(ROOT, (Node(CHAIN, _canonical_children(commands)),))


def _canonical(node: Node) -> Node | None:
    if node.name in NUMBER_RULES or node.name in _FREE_TEXT_NAMES:
        name = FREE_TEXT if node.name in GENERATOR_RULES else node.name
        children: tuple[Child, ...] = tuple(words(node))
    else:
        name, children = node.name, _children(node)
    return Node(name, children) if children else None


def _children(node: Node) -> tuple[Child, ...]:
    return _canonical_children(node.children)


def _canonical_children(children: Sequence[Child]) -> tuple[Child, ...]:
    kept: list[Child] = []
    for child in children:
        if isinstance(child, str):
            kept.append(child)
            continue
        inner = _canonical(child)
        if inner is None:
            continue
        last = kept[-1] if kept else None
        if inner.name == FREE_TEXT and isinstance(last, Node) and last.name == FREE_TEXT:
            kept[-1] = Node(FREE_TEXT, last.children + inner.children)
        else:
            kept.append(inner)
    return tuple(kept)
