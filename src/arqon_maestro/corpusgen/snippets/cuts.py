"""Where a node may be cut short, so that what was said of it is whole again.

A mapping of a node has to leave a file that parses. So generation does not stop just anywhere in
it: not behind an operator, nor before the body that a condition needs. Which nodes may end early,
and behind which of their children, is in the language's data (`Shapes.ends`); brackets that are
open there are closed by the generator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from arqon_maestro import languages
from arqon_maestro.corpusgen.generation import Generated
from arqon_maestro.corpusgen.snippets.shapes import Shapes
from arqon_maestro.corpusgen.snippets.syntax import SyntaxTree, entry_point, node_types
from arqon_maestro.corpusgen.tokens import NUMBER, WORDS, TokenStream

ANYWHERE = "*"
NAMED = "_"

_CLOSERS = {
    "'('": "')'",
    "'['": "']'",
    "'{'": "'}'",
    "'<'": "'>'",
    "'${'": "'}'",
    "'#{'": "'}'",
    "'\"'": "'\"'",
    "'''": "'''",
    "'`'": "'`'",
    "'|'": "'|'",
    "string_start": "string_end",
}
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Stops:
    """Says before which units some neighbouring nodes may end."""

    cuts: Cuts
    nodes: tuple[int, ...]

    def __call__(self, unit: int) -> bool:
        return self.cuts.allowed(self.nodes, unit)


@cache
def keywords(language_name: str) -> frozenset[str]:
    """Returns the words that a language's grammar has as tokens: no name may end as one."""
    kinds = node_types(entry_point(languages.get(language_name)))
    return frozenset(word for kind in kinds if kind[0] == "'" for word in kind[1:-1].split())


Condition = tuple[str, str]
"""A node type that ends early, and behind what: a field (``.left``) or a child's type."""


class Cuts:
    """The places of one file where nodes may be cut short."""

    def __init__(self, stream: TokenStream, tree: SyntaxTree, shapes: Shapes) -> None:
        self._stream = stream
        self._tree = tree
        self._shapes = shapes

    def allowed(self, nodes: Sequence[int], unit: int) -> bool:
        """Returns whether the nodes, neighbours, may end before `unit`."""
        return self._holds(self.conditions(nodes, unit, []))

    def ends_well(self, nodes: Sequence[int], stop: int, said: Generated) -> bool:
        """Returns whether `said`, which stopped early, is whole.

        What is printed behind its end has to be the brackets that are open there.

        Args:
            nodes: what is said. stop: index after their last unit.
            said: what was said of it.
        """
        closers: list[int] = []
        if not self._holds(self.conditions(nodes, said.stop, closers)):
            return False
        printed = set(range(said.stop, stop))
        for left in said.remaining:
            printed.difference_update(range(*left))
        return printed == {unit for closer in closers for unit in self._units(closer)}

    def _units(self, node: int) -> range:
        index_at, tree = self._stream.index_at, self._tree
        return range(index_at(tree.starts[node]), index_at(tree.ends[node]))

    def _holds(self, conditions: Sequence[Condition] | None) -> bool:
        if conditions is None:
            return False
        ends = self._shapes.ends
        for kind, behind in conditions:
            allowed = ends.get(kind, ())
            named = NAMED in allowed and behind[0] not in "'."
            if not named and behind not in allowed:
                return False
        return True

    def conditions(
        self, nodes: Sequence[int], unit: int, closers: list[int]
    ) -> list[Condition] | None:
        """Returns what has to be allowed for a cut before `unit`; None if nothing could help.

        Args:
            nodes: what is said.
            unit: index of the first unit that is left out.
            closers: gets the closing brackets that have to stay.
        """
        tree, offset = self._tree, self._stream.start[unit]
        before = [node for node in nodes if tree.starts[node] < offset]
        found: list[Condition] = []
        if not before:
            return found
        last = before[-1]
        if len(before) < len(nodes):
            found.append(self._condition(tree.parents[last], last))
        if offset < tree.ends[last] and not self._descend(last, unit, found, closers):
            return None
        return found

    def _descend(self, node: int, unit: int, found: list[Condition], closers: list[int]) -> bool:
        tree, stream = self._tree, self._stream
        offset = stream.start[unit]
        top = True
        while True:
            kind = tree.kinds[node]
            children = list(tree.children(node))
            before = [child for child in children if tree.starts[child] < offset]
            if not children:
                return self._in_leaf(node, unit, found)
            if ANYWHERE in self._shapes.ends.get(kind, ()):
                if not before or tree.ends[before[-1]] <= offset:
                    return stream.source[offset - 1] != _ESCAPE
                node, top = before[-1], False
                continue
            if not before:
                return True
            last = before[-1]
            behind = children[len(before) :]
            closer = self._closer(before, behind)
            if closer is not None:
                closers.append(closer)
                if behind[0] != closer:
                    found.append(self._condition(node, last))
                behind = behind[behind.index(closer) + 1 :]
                last_one = closer
            else:
                last_one = last
            if behind and not (top and all(tree.kinds[child] == "';'" for child in behind)):
                found.append(self._condition(node, last_one))
            if tree.ends[last] <= offset:
                return True
            node, top = last, False

    def _condition(self, node: int, child: int) -> Condition:
        field = self._tree.fields[child]
        return self._tree.kinds[node], f".{field}" if field else self._tree.kinds[child]

    def _closer(self, before: Sequence[int], behind: Sequence[int]) -> int | None:
        """Returns the child that closes the bracket that is open between two children."""
        kinds = self._tree.kinds
        open_: list[str] = []
        for child in before:
            kind = kinds[child]
            if open_ and kind == open_[-1]:
                open_.pop()
            elif kind in _CLOSERS:
                open_.append(_CLOSERS[kind])
        while open_:
            wanted = open_.pop()
            for child in behind:
                if kinds[child] == wanted:
                    return child
        return None

    def _in_leaf(self, node: int, unit: int, found: list[Condition]) -> bool:
        """Whether a name may end inside, or a text if that is allowed."""
        tree, stream = self._tree, self._stream
        kind, start, offset = tree.kinds[node], tree.starts[node], stream.start[unit]
        if kind[0] == "'":
            return False
        if _NAME.fullmatch(tree.text(node)):
            named = stream.shape[unit - 1] in WORDS + NUMBER
            return named and stream.source[start:offset] not in keywords(self._shapes.language)
        found.append((kind, ANYWHERE))
        return stream.source[offset - 1] != _ESCAPE
