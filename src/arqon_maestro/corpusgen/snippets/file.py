"""One file: its units, its syntax tree, and where they meet."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from arqon_maestro.corpusgen.snippets.cuts import Cuts
from arqon_maestro.corpusgen.snippets.ranges import (
    BLANKS,
    Range,
    blanks_before,
    ends_line,
    trimmed,
)
from arqon_maestro.corpusgen.snippets.shapes import Shapes
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, SPACE, TokenStream


class UnsayableError(Exception):
    """A node cannot be made into a mapping; the message is the reason that is counted."""


class SyntaxFile:
    """One file: its units, its tree and the shapes of its language."""

    def __init__(self, stream: TokenStream, tree: SyntaxTree, shapes: Shapes) -> None:
        self.stream = stream
        self.tree = tree
        self.shapes = shapes
        self.cuts = Cuts(stream, tree, shapes)
        self._comment_ranges: list[Range] | None = None
        self._breaks: list[int] | None = None

    def units(self, node: int) -> Range:
        """Returns the units of a node, without the blanks around it.

        Raises:
            UnsayableError: if the node starts or ends inside a unit.
        """
        stream, shape = self.stream, self.stream.shape
        starts, source = stream.start, stream.source
        first, last = self.tree.starts[node], self.tree.ends[node]
        start, stop = bisect_left(starts, first), bisect_left(starts, last)
        if (starts[start] != first and source[first : starts[start]].strip()) or (
            starts[stop] != last and source[last : starts[stop]].strip()
        ):
            raise UnsayableError("token boundary")
        if start < stop and shape[start] not in BLANKS and shape[stop - 1] not in BLANKS:
            return start, stop
        return trimmed(shape, start, stop)

    def start_with(self, node: int, along: Sequence[str]) -> int:
        """Returns the first unit of a node and of the nodes `along` right before it."""
        first = node
        for sibling in self.tree.siblings_before(node):
            kind = self.tree.kinds[sibling]
            if kind in self.shapes.comments:
                continue
            if kind not in along:
                break
            first = sibling
        return self.units(first)[0]

    def stop_with(self, node: int, behind: Sequence[str]) -> int:
        """Returns the last unit of a node and of the nodes `behind` right after it."""
        last = node
        for sibling in self.tree.siblings_behind(node):
            if self.tree.kinds[sibling] not in behind:
                break
            last = sibling
        return self.units(last)[1]

    def line_width(self, unit: int) -> int:
        """Returns the indentation of the line that holds `unit`, in blanks."""
        breaks = self._breaks
        if breaks is None:
            found = re.finditer(f"[{LINE_BREAKS}]", self.stream.shape)
            breaks = self._breaks = [match.start() for match in found]
        line = bisect_right(breaks, unit) - 1
        return self.break_width(breaks[line]) if line >= 0 else 0

    def break_width(self, unit: int) -> int:
        """Returns the indentation behind the line break `unit`, in blanks."""
        stream = self.stream
        text = stream.source[stream.start[unit] : stream.start[unit + 1]]
        return len(text) - text.rfind("\n") - 1

    def has_comments(self, start: int, stop: int) -> bool:
        """Returns whether a comment starts between two units."""
        return bool(self.comments_in(start, stop))

    def comments_in(self, start: int, stop: int) -> Sequence[Range]:
        """Returns the ranges to cut, so that no comment stays between two units.

        A comment that has its line for itself goes with the line break before it, another one with
        the blanks before it.
        """
        ranges = self._comment_ranges
        if ranges is None:
            ranges = self._comment_ranges = self._find_comments()
        if not ranges:
            return ()
        low = bisect_left(ranges, (start, start))
        high = bisect_left(ranges, (stop, stop))
        return ranges[low:high]

    def _find_comments(self) -> list[Range]:
        kinds, shape = self.tree.kinds, self.stream.shape
        found = []
        for node, kind in enumerate(kinds):
            if kind not in self.shapes.comments:
                continue
            try:
                start, stop = self.units(node)
            except UnsayableError:
                continue
            if start == stop:
                continue
            start = blanks_before(shape, start, 0, SPACE)
            if start and shape[start - 1] in LINE_BREAKS and ends_line(shape, stop):
                start -= 1
            found.append((start, stop))
        return sorted(found)
