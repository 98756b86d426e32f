"""Syntax nodes and their parts: where they lie in units, and what removing one takes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from arqon_maestro.corpusgen.snippets.edits import Break, Edit, Output
from arqon_maestro.corpusgen.snippets.file import SyntaxFile, UnsayableError
from arqon_maestro.corpusgen.snippets.ranges import (
    Range,
    blanks_after,
    blanks_before,
    ends_line,
    trimmed,
    without_semicolon,
)
from arqon_maestro.corpusgen.snippets.recipes import WHOLE
from arqon_maestro.corpusgen.snippets.selectors import HERE, select
from arqon_maestro.corpusgen.snippets.shapes import ContainerRule, Role, Shape
from arqon_maestro.corpusgen.tokens import LINE_BREAKS

COMMENT_TEXT = "text"

_BRACKETS = "([{<|"
_ITSELF = Role(at=(HERE,))


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


def _layers(file: SyntaxFile, node: int) -> Sequence[tuple[int, Shape]]:
    """Returns a node and those that it wraps, with their shapes."""
    tree, shapes = file.tree, file.shapes.nodes
    layers: list[tuple[int, Shape]] = []
    shape = shapes.get(tree.kinds[node])
    while shape is not None:
        layers.append((node, shape))
        inner = select(tree, node, shape.wraps) if shape.wraps else ()
        if not inner:
            break
        node = inner[0]
        shape = shapes.get(tree.kinds[node])
    return layers


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
        self._layers = _layers(file, node)

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
            # A comment at the end may lie behind other parts, such as the one of an else clause.
            kinds, comments = file.tree.kinds, file.shapes.comments
            while kinds[nodes[-1]] in comments and len(nodes) > 1:
                nodes = nodes[:-1]
            stop = file.units(nodes[-1])[1]
        stop = without_semicolon(shape, start, stop)
        inside = role.inside and stop - start > 1 and shape[start] in _BRACKETS
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
        if comment is None or not alone or not ends_line(stream.shape, self.stop):
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
            if role.replace is not None:
                return Edit(part.start + 1, part.stop - 1, ("SP", *role.replace, "SP"))
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
        start = blanks_before(shape, start, self.start)
        if role.statements == HERE and shape[start] in LINE_BREAKS and not ends_line(shape, stop):
            # What ends the node stands behind the last statement, and needs a line for itself.
            width = self.file.line_width(self.start)
            return Edit(start, blanks_after(shape, stop, self.stop), (Break(width),))
        return Edit(start, stop)

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
            for sibling in tree.siblings_before(node):
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
