"""A syntax tree as flat arrays, and the one walk of tree-sitter's own tree that fills them.

A node is an index into the arrays, in preorder, so that the nodes of a subtree are neighbours and
no later step needs recursion or the native tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tree_sitter

ERROR_KIND = "ERROR"
_ERROR_KIND_ID = 65535


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A syntax tree as parallel lists over its nodes in preorder; node 0 is the root.

    Attributes:
        source: the ASCII text that was parsed.
        kinds: node types; an anonymous token is written in quotes, ``'async'``.
        starts, ends: offsets in characters.
        fields: the name of the field a node fills in its parent, or "".
        parents: the parent's index; -1 for the root.
        befores: the sibling right before a node; -1 for the first.
        afters: the index just behind a node's subtree.
        faulty: nodes that contain a syntax error.
        error_bytes: characters that lie in outermost ERROR nodes.
        root: tree-sitter's own root node.
    """

    source: str
    kinds: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    fields: Sequence[str]
    parents: Sequence[int]
    befores: Sequence[int]
    afters: Sequence[int]
    faulty: frozenset[int]
    error_bytes: int
    root: tree_sitter.Node | None

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def error_share(self) -> float:
        """The share of the source that lies in ERROR nodes, 0 to 1."""
        return self.error_bytes / len(self.source) if self.source else 0.0

    def children(self, node: int) -> Iterator[int]:
        """Yields the direct children of `node` in source order."""
        afters = self.afters
        child, end = node + 1, afters[node]
        while child < end:
            yield child
            child = afters[child]

    def siblings_before(self, node: int) -> Iterator[int]:
        """Yields the siblings of a node that stand before it, the nearest first."""
        sibling = self.befores[node]
        while sibling >= 0:
            yield sibling
            sibling = self.befores[sibling]

    def siblings_behind(self, node: int) -> Iterator[int]:
        """Yields the siblings of a node that stand behind it, the nearest first."""
        parent = self.parents[node]
        sibling, end = self.afters[node], self.afters[parent] if parent >= 0 else 0
        while sibling < end:
            yield sibling
            sibling = self.afters[sibling]

    def follows(self, node: int, kinds: Sequence[str]) -> bool:
        """Returns whether the sibling right before `node` is of one of `kinds`."""
        before = self.befores[node]
        return before >= 0 and self.kinds[before] in kinds

    def text(self, node: int) -> str:
        """Returns the source text of `node`."""
        return self.source[self.starts[node] : self.ends[node]]


def walk(
    source: str,
    cursor: tree_sitter.TreeCursor,
    root: tree_sitter.Node,
    kind_names: Sequence[str],
    field_names: Sequence[str],
) -> SyntaxTree:
    """Copies a native tree.

    Args:
        source: the ASCII text that was parsed.
        cursor: stands on the root.
        root: the root.
        kind_names: the grammar's node types by id, as `SyntaxTree` writes them.
        field_names: its fields by id; field 0 is none.
    """
    kinds: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    fields: list[str] = []
    parents: list[int] = []
    befores: list[int] = []
    afters: list[int] = []
    faulty: list[int] = []
    error_bytes, error_end = 0, 0
    has_errors = root.has_error
    ancestors: list[int] = []
    before = -1
    while True:
        node = cursor.node
        assert node is not None  # a cursor always stands on a node
        index = len(kinds)
        kind_id = node.kind_id
        kinds.append(kind_names[kind_id] if kind_id != _ERROR_KIND_ID else ERROR_KIND)
        starts.append(node.start_byte)
        ends.append(node.end_byte)
        fields.append(field_names[cursor.field_id or 0])
        parents.append(ancestors[-1] if ancestors else -1)
        befores.append(before)
        afters.append(index + 1)
        if has_errors and node.has_error:
            faulty.append(index)
            if kind_id == _ERROR_KIND_ID and starts[index] >= error_end:
                error_end = ends[index]
                error_bytes += error_end - starts[index]
        if cursor.goto_first_child():
            ancestors.append(index)
            before = -1
            continue
        before = index
        while not cursor.goto_next_sibling():
            if not ancestors:
                return SyntaxTree(
                    source,
                    kinds,
                    starts,
                    ends,
                    fields,
                    parents,
                    befores,
                    afters,
                    frozenset(faulty),
                    error_bytes,
                    root,
                )
            cursor.goto_parent()
            before = ancestors.pop()
            afters[before] = len(kinds)
