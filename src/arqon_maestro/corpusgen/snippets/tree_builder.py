"""Builds a syntax tree node by node, for a parser of our own."""

from __future__ import annotations

from arqon_maestro.corpusgen.snippets.trees import ERROR_KIND, SyntaxTree


class TreeBuilder:
    """Grows the parallel lists of a `SyntaxTree`.

    Args:
        source: the text that is parsed.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.fields: list[str] = []
        self.parents: list[int] = []
        self.befores: list[int] = []
        self.afters: list[int] = []
        self.faulty: set[int] = set()
        self.error_bytes = 0
        self._open: list[int] = []
        self._before = -1

    def open(self, kind: str, start: int, field: str = "") -> None:
        """Adds a node; the nodes that follow are its children until it is closed."""
        index = len(self.kinds)
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(start)
        self.fields.append(field)
        self.parents.append(self._open[-1] if self._open else -1)
        self.befores.append(self._before)
        self.afters.append(index + 1)
        self._open.append(index)
        self._before = -1

    def close(self, end: int) -> str:
        """Ends the node that was opened last; returns its type."""
        index = self._open.pop()
        self.ends[index] = end
        self.afters[index] = len(self.kinds)
        self._before = index
        return self.kinds[index]

    def leaf(self, kind: str, start: int, end: int, field: str = "") -> None:
        """Adds a node without children."""
        index = len(self.kinds)
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)
        self.fields.append(field)
        self.parents.append(self._open[-1])
        self.befores.append(self._before)
        self.afters.append(index + 1)
        self._before = index

    def error(self, start: int, end: int) -> None:
        """Adds an ERROR node."""
        self.leaf(ERROR_KIND, start, end)
        self.blame(len(self.kinds) - 1)
        self.error_bytes += end - start

    def blame(self, *nodes: int) -> None:
        """Marks nodes, and those that are open, as faulty."""
        self.faulty.update(self._open)
        self.faulty.update(nodes)

    def tree(self) -> SyntaxTree:
        """Returns the tree; every node has to be closed."""
        return SyntaxTree(
            self.source,
            self.kinds,
            self.starts,
            self.ends,
            self.fields,
            self.parents,
            self.befores,
            self.afters,
            frozenset(self.faulty),
            self.error_bytes,
            None,
        )
