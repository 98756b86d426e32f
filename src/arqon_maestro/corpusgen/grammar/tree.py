"""Command trees: a node has a rule's name and children, a leaf is a spoken word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Node:
    """A tag of the markup and what is inside it."""

    name: str
    children: tuple[Child, ...]


Child: TypeAlias = Node | str


def words(node: Node) -> list[str]:
    """Returns the leaves, left to right: the words of the transcript."""
    found: list[str] = []
    _collect(node, found)
    return found


def _collect(node: Node, found: list[str]) -> None:
    for child in node.children:
        if isinstance(child, str):
            found.append(child)
        else:
            _collect(child, found)


def nodes(node: Node) -> Iterator[Node]:
    """Yields a node and all nodes below it, parents first."""
    yield node
    for child in node.children:
        if isinstance(child, Node):
            yield from nodes(child)
