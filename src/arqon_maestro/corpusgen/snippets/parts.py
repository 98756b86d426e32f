"""Syntax nodes in terms of units: where a node and its roles lie, and what removing one takes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from arqon_maestro.corpusgen.snippets.recipes import WHOLE
from arqon_maestro.corpusgen.snippets.selectors import HERE, select
from arqon_maestro.corpusgen.snippets.shapes import ContainerRule, Role, Shape, Shapes
from arqon_maestro.corpusgen.snippets.syntax import SyntaxTree
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, SPACE, TokenStream

COMMENT_TEXT = "text"

_BLANKS = SPACE + LINE_BREAKS
_BRACKETS = "([{<|"
_ITSELF = Role(at=(HERE,))
Range = tuple[int, int]


class UnsayableError(Exception):
    """A node cannot be made into a mapping; the message is the reason that is counted."""


@dataclass(frozen=True, slots=True)
class Break:
    """A line break in a target, with the width of the new line's indentation in blanks."""

    width: int


Output = str | Break
by_place = itemgetter(0, 1)  # the order of edits


class Edit(NamedTuple):
    """The units from `start` to `stop` are replaced by `output` in the target."""

    start: int
    stop: int
    output: tuple[Output, ...] = ()


class SyntaxFile:
    """One file: its units, its tree and the shapes of its language."""

    def __init__(self, stream: TokenStream, tree: SyntaxTree, shapes: Shapes) -> None:
        self.stream = stream
        self.tree = tree
        self.shapes = shapes
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
        return trimmed(shape, start, stop)

    def start_with(self, node: int, along: Sequence[str]) -> int:
        """Returns the first unit of a node and of the nodes `along` right before it."""
        first = node
        for sibling in reversed(self.tree.siblings_before(node)):
            if self.tree.kinds[sibling] not in along:
                break
            first = sibling
        return self.units(first)[0]

    def stop_with(self, node: int, behind: Sequence[str]) -> int:
        """Returns the last unit of a node and of the nodes `behind` right after it."""
        tree, last = self.tree, node
        for child in tree.children(tree.parents[node]):
            if child <= node:
                continue
            if tree.kinds[child] not in behind:
                break
            last = child
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
            if start and shape[start - 1] in LINE_BREAKS and _ends_line(shape, stop):
                start -= 1
            found.append((start, stop))
        return sorted(found)


def _ends_line(shape: str, unit: int) -> bool:
    return unit >= len(shape) or shape[unit] in LINE_BREAKS


def trimmed(shape: str, start: int, stop: int) -> Range:
    """Returns the range without the blanks and line breaks at its ends."""
    while stop > start and shape[stop - 1] in _BLANKS:
        stop -= 1
    while start < stop and shape[start] in _BLANKS:
        start += 1
    return start, stop


def blanks_before(shape: str, unit: int, low: int, blanks: str = _BLANKS) -> int:
    """Returns where the blanks that end before `unit` start, not before `low`."""
    while unit > low and shape[unit - 1] in blanks:
        unit -= 1
    return unit


def blanks_after(shape: str, unit: int, high: int) -> int:
    """Returns where the blanks that start at `unit` end, not behind `high`."""
    while unit < high and shape[unit] in _BLANKS:
        unit += 1
    return unit


def without_semicolon(shape: str, start: int, stop: int) -> int:
    """Returns where a range ends without a semicolon at its end and the blanks before that."""
    if shape[stop - 1] == ";" and stop - start > 1:
        return blanks_before(shape, stop - 1, start)
    return stop


class Part(NamedTuple):
    """A role that a node has.

    Attributes:
        role: its description.
        nodes: the nodes that fill it, neighbours.
        start, stop: its units.
    """

    role: Role
    nodes: Sequence[int]
    start: int
    stop: int


class NodeView:
    """A node with its shape, its roles and those of the node that it wraps."""

    def __init__(
        self,
        file: SyntaxFile,
        node: int,
        container: str | None = None,
        rule: ContainerRule | None = None,
    ) -> None:
        self.file = file
        self.node = node
        self.container = container
        self.start, self.stop = file.units(node)
        if rule is not None and rule.along:
            self.start = file.start_with(node, rule.along)
        if rule is not None and rule.behind:
            self.stop = file.stop_with(node, rule.behind)
        self._parts: dict[str, Part | None] = {}

    @cached_property
    def _layers(self) -> Sequence[tuple[int, Shape]]:
        """The node and those that it wraps, with their shapes."""
        layers: list[tuple[int, Shape]] = []
        node = self.node
        nodes = self.file.shapes.nodes
        shape = nodes.get(self.file.tree.kinds[node])
        while shape is not None:
            layers.append((node, shape))
            inner = select(self.file.tree, node, shape.wraps) if shape.wraps else ()
            if not inner:
                break
            node = inner[0]
            shape = nodes.get(self.file.tree.kinds[node])
        return layers

    def kind(self) -> str | None:
        """Returns the name of the node's recipe, None if it has none.

        Raises:
            UnsayableError: if nodes like this one are never said.
        """
        for _, shape in reversed(self._layers):
            for variant in shape.variants:
                if (
                    (not variant.container or self.container in variant.container)
                    and all(self.part(role) for role in variant.has)
                    and not any(self.part(role) for role in variant.lacks)
                    and all(self._text(role) in texts for role, texts in variant.text.items())
                ):
                    if variant.kind is None:
                        raise UnsayableError("silent kind")
                    return variant.kind
            if shape.kind is not None:
                return shape.kind
        return None

    def _text(self, role: str) -> str | None:
        part = self.part(role)
        if part is None:
            return None
        starts = self.file.stream.start
        return self.file.stream.source[starts[part.start] : starts[part.stop]].rstrip()

    def part(self, role: str) -> Part | None:
        """Returns the role's part, None if the node does not have it.

        Raises:
            UnsayableError: if the part starts or ends inside a unit.
        """
        try:
            return self._parts[role]
        except KeyError:
            part = self._parts[role] = self._find(role)
            return part

    def _find(self, name: str) -> Part | None:
        for node, shape in self._layers:
            role = shape.roles.get(name)
            if role is not None:
                part = self._part_of(node, role)
                if part is not None:
                    return part
        if name == WHOLE:
            return Part(_ITSELF, (self.node,), *self.whole)
        return self._comment_text() if name == COMMENT_TEXT else None

    def _part_of(self, node: int, role: Role) -> Part | None:
        file, shape = self.file, self.file.stream.shape
        nodes = self._nodes(node, role)
        if not nodes:
            return None
        start, stop = file.units(nodes[0])
        if len(nodes) > 1:
            stop = file.units(nodes[-1])[1]
        stop = without_semicolon(shape, start, stop)
        inside = role.inside and shape[start] in _BRACKETS
        if inside:
            start, stop = trimmed(shape, start + 1, stop - 1)
        return Part(role, nodes, start, stop) if start < stop or inside else None

    def _nodes(self, node: int, role: Role) -> Sequence[int]:
        tree = self.file.tree
        for path in role.at:
            nodes = select(tree, node, path)
            if role.selective:
                kinds, fields = tree.kinds, tree.fields
                nodes = [found for found in nodes if role.admits(kinds[found], fields[found])]
            if role.after:
                nodes = [found for found in nodes if self.file.tree.follows(found, role.after)]
            if nodes:
                return nodes
        return ()

    @property
    def whole(self) -> Range:
        """The node's units without a semicolon at its end."""
        return self.start, without_semicolon(self.file.stream.shape, self.start, self.stop)

    def _comment_text(self) -> Part | None:
        """Returns what a comment says, if it has its line for itself."""
        tree, stream = self.file.tree, self.file.stream
        comment = self.file.shapes.comments.get(tree.kinds[self.node])
        alone = self.start > 0 and stream.shape[self.start - 1] in LINE_BREAKS
        if comment is None or not alone or not _ends_line(stream.shape, self.stop):
            return None
        offset, end = stream.start[self.start], tree.ends[self.node]
        opener = re.compile(comment.opens).match(stream.source, offset, end)
        if opener is None:
            return None
        closer = re.search(f"(?:{comment.closes})$", stream.source[opener.end() : end])
        end = opener.end() + closer.start() if closer else end
        start, stop = stream.index_at(opener.end()), bisect_left(stream.start, end)
        start, stop = trimmed(stream.shape, start, stop)
        return Part(_ITSELF, (self.node,), start, stop) if start < stop else None

    def statements(self, body: Part) -> Sequence[int]:
        """Returns the statements of a body, without comments."""
        tree, comments = self.file.tree, self.file.shapes.comments
        found = body.nodes
        if body.role.statements != HERE:
            found = select(tree, body.nodes[0], body.role.statements)
        return [node for node in found if tree.kinds[node] not in comments]

    def header_is_faulty(self) -> bool:
        """Returns whether there is a syntax error outside the node's body."""
        tree, faulty = self.file.tree, self.file.tree.faulty
        if self.node not in faulty:
            return False
        body = self.part("body")
        inside = body.nodes if body is not None else ()
        return all(child not in inside for child in tree.children(self.node)) or any(
            child in faulty and child not in inside for child in tree.children(self.node)
        )

    def removal(self, part: Part) -> Edit:
        """Returns the edit that takes a part out of the node."""
        role, shape = part.role, self.file.stream.shape
        if role.replace is not None and role.delete == "slot":
            return Edit(part.start, part.stop, role.replace)
        if role.delete == "indented":
            return self._emptied_block(part)
        if role.delete == "braced":
            width = self._closing_width(part)
            return Edit(part.start + 1, part.stop - 1, (Break(width),))
        if role.delete == "clear":
            return Edit(self._kept_first(part), part.stop - 1)
        start, stop = part.start, part.stop
        if role.behind:
            stop = self.file.stop_with(part.nodes[-1], role.behind)
        if role.delete in ("lead", "around"):
            stop = blanks_after(shape, stop, self.stop)
        if role.delete == "lead":
            return Edit(start, stop)
        if role.along:
            start = self.file.start_with(part.nodes[0], role.along)
        return Edit(blanks_before(shape, start, self.start), stop)

    def body_start(self, part: Part) -> int:
        """Returns the caret's unit at the start of a body: behind ``{`` or the header."""
        if part.role.delete == "braced":
            return part.start + 1
        return self._header_end(part)

    def _header_end(self, part: Part) -> int:
        """Returns the end of what comes before a body, comments left out."""
        tree, comments = self.file.tree, self.file.shapes.comments
        node = part.nodes[0]
        while node != self.node:
            for sibling in reversed(tree.siblings_before(node)):
                if tree.kinds[sibling] not in comments:
                    return self.file.units(sibling)[1]
            node = tree.parents[node]
        return self.start

    def _emptied_block(self, part: Part) -> Edit:
        start = self._header_end(part)
        shape = self.file.stream.shape
        lead: Output = "SP"
        if any(unit in LINE_BREAKS for unit in shape[start : part.start]):
            lead = Break(self.file.line_width(part.start))
        elif start == part.start:
            return Edit(start, part.stop, part.role.replace or ())
        return Edit(start, part.stop, (lead, *(part.role.replace or ())))

    def _closing_width(self, part: Part) -> int:
        """Returns the indentation of the line that a closing brace gets for itself."""
        closer = part.stop - 1
        if self.file.stream.shape[closer - 1] in LINE_BREAKS:
            return self.file.line_width(closer)
        return self.file.line_width(self.start)

    def _kept_first(self, part: Part) -> int:
        tree = self.file.tree
        for child in tree.children(part.nodes[0]):
            if tree.kinds[child][0] != "'" and tree.kinds[child] not in self.file.shapes.comments:
                if tree.text(child) in part.role.keep:
                    return self.file.units(child)[1]
                break
        return part.start + 1
