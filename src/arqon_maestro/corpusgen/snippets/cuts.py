"""Where a node may be cut short, so that what was said of it is whole again.

A mapping of a node has to leave a file that parses. So generation does not stop just anywhere in
it: not behind an operator, nor before the body that a condition needs. Which nodes may end early,
and behind which of their children, is in the language's data (`Shapes.ends`); brackets that are
open there are closed by the generator.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from arqon_maestro import languages
from arqon_maestro.corpusgen.generation import Generated
from arqon_maestro.corpusgen.snippets.shapes import Shapes
from arqon_maestro.corpusgen.snippets.syntax import entry_point, node_types
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree
from arqon_maestro.corpusgen.tokens import NUMBER, WORDS, TokenStream

ANYWHERE = "*"
BEHIND_WORDS = "+"
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
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_QUOTES = "\"'`"
_TICK = "`"
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


class Cuts:
    """The places of one file where nodes may be cut short."""

    def __init__(self, stream: TokenStream, tree: SyntaxTree, shapes: Shapes) -> None:
        self._stream = stream
        self._tree = tree
        self._shapes = shapes

    def allowed(self, nodes: Sequence[int], unit: int) -> bool:
        """Returns whether the nodes, neighbours, may end before `unit`."""
        return self._may_end(nodes, unit, [])

    def ends_well(self, nodes: Sequence[int], stop: int, said: Generated) -> bool:
        """Returns whether `said`, which stopped early, is whole.

        What is printed behind its end has to be the brackets that are open there.

        Args:
            nodes: what is said. stop: index after their last unit.
            said: what was said of it.
        """
        closers: list[range] = []
        if not self._may_end(nodes, said.stop, closers):
            return False
        printed = set(range(said.stop, stop))
        for left in said.remaining:
            printed.difference_update(range(*left))
        return printed == {unit for units in closers for unit in units}

    def _units(self, node: int) -> range:
        index_at, tree = self._stream.index_at, self._tree
        return range(index_at(tree.starts[node]), index_at(tree.ends[node]))

    def _may_end(self, nodes: Sequence[int], unit: int, closers: list[range]) -> bool:
        """Returns whether the nodes, neighbours, may end before `unit`.

        Args:
            nodes: what is said.
            unit: index of the first unit that is left out.
            closers: gets the units of the closing brackets that have to stay.
        """
        tree, offset = self._tree, self._stream.start[unit]
        before = [node for node in nodes if tree.starts[node] < offset]
        if not before or self._stream.source[offset - 1] == _ESCAPE:
            return False
        last = before[-1]
        if self._leaves_bound(last, offset):
            return False
        if len(before) < len(nodes) and not self._ends_behind(tree.parents[last], last):
            return False
        if offset >= tree.ends[last]:
            return True
        if tree.kinds[last] in self._shapes.filled and self._is_hollow(last, offset):
            return False
        quotes = [""]
        if not self._descend(last, unit, closers, quotes):
            return False
        # A quote right before the one that closes would be part of that, or close it first.
        return self._stream.source[offset - 1] != quotes[-1]

    def _ends_behind(self, node: int, child: int) -> bool:
        """Returns whether a node may end behind one of its children."""
        field = self._tree.fields[child]
        return self._ends(node, f".{field}" if field else self._tree.kinds[child])

    def _ends(self, node: int, behind: str) -> bool:
        """Returns whether a node may end behind a field (``.left``) or a type of child."""
        ends = self._shapes.ends.get(self._tree.kinds[node], ())
        named = NAMED in ends and behind[0] not in "'."
        text = ANYWHERE in ends and behind == BEHIND_WORDS
        return named or text or behind in ends

    def _leaves_bound(self, node: int, offset: int) -> bool:
        """Whether a cut at `offset` leaves out what other text of the file belongs to."""
        bound, tree = self._bound, self._tree
        last = bisect_left(bound, tree.afters[node]) - 1
        return last >= 0 and bound[last] >= node and tree.starts[bound[last]] >= offset

    @cached_property
    def _bound(self) -> list[int]:
        """The nodes that text elsewhere belongs to, in source order."""
        bound = self._shapes.bound
        if not bound:
            return []
        return [node for node, kind in enumerate(self._tree.kinds) if kind in bound]

    def _is_hollow(self, node: int, offset: int) -> bool:
        """Whether a cut leaves only brackets of a node, and that is all there is around it."""
        tree, shapes = self._tree, self._shapes
        for child in range(node + 1, tree.afters[node]):
            kind = tree.kinds[child]
            said = kind[0] != "'" and kind not in shapes.comments and kind not in shapes.filled
            if said and tree.starts[child] < offset:
                return False
        kinds = [tree.kinds[child] for child in tree.children(tree.parents[node])]
        return sum(kind[0] != "'" and kind not in shapes.comments for kind in kinds) == 1

    def is_bound(self, node: int) -> bool:
        """Returns whether text outside of a node belongs to it, such as a heredoc's body."""
        return self._leaves_bound(node, self._tree.starts[node])

    def _descend(self, node: int, unit: int, closers: list[range], quotes: list[str]) -> bool:
        """As `_may_end`, inside of a node.

        Args:
            node: what is said. unit: index of the first unit that is left out.
            closers: gets the units of the closing brackets that have to stay.
            quotes: gets, for each of them, the quote that it is if a text is before it, or "".
        """
        tree, stream = self._tree, self._stream
        offset = stream.start[unit]
        top = True
        while True:
            kind = tree.kinds[node]
            children = list(tree.children(node))
            before = [child for child in children if tree.starts[child] < offset]
            if not children or (kind in self._shapes.comments and not top):
                return self._in_leaf(node, unit, top)
            if ANYWHERE in self._shapes.ends.get(kind, ()):
                if not before or tree.ends[before[-1]] <= offset:
                    comment = before and tree.kinds[before[-1]] in self._shapes.comments
                    return not comment and self._balanced(node, offset)
                node, top = before[-1], False
                continue
            bracket = self._silent_bracket(node, children)
            if bracket is not None:
                closers.append(bracket)
                quotes.append("")
            elif stream.source[tree.ends[children[-1]] : tree.ends[node]].strip():
                return False  # what closes the node is no node that could be looked for
            if not before:
                if bracket is None:
                    return self._in_leaf(node, unit, top)
                return self._ends(node, f"'{stream.source[tree.starts[node]]}'")
            last = before[-1]
            behind = children[len(before) :]
            closer = self._closer(before, behind)
            if closer is not None:
                closers.append(self._units(closer))
                mark = stream.source[tree.starts[closer]]
                quotes.append(mark if mark in _QUOTES and offset > tree.ends[before[0]] else "")
                # What lies between them may be no node: the inside of a character, of a string.
                between = stream.source[max(offset, tree.ends[last]) : tree.starts[closer]]
                whole = behind[0] == closer and not between.strip()
                if not whole and not self._ends_behind(node, last):
                    return False
                behind = behind[behind.index(closer) + 1 :]
                last_one = closer
            else:
                last_one = last
            if behind and not top and tree.kinds[behind[-1]] == "';'":
                return False  # inside of a node, a statement needs its semicolon
            whole = not behind or (top and all(tree.kinds[child] == "';'" for child in behind))
            if not whole and not self._ends_behind(node, last_one):
                return False
            if tree.ends[last] <= offset:
                # A bracket that closes behind a comment would be part of it.
                comment = tree.kinds[last] in self._shapes.comments
                return not comment and tree.text(last) not in self._shapes.reserved
            node, top = last, False

    def _silent_bracket(self, node: int, children: Sequence[int]) -> range | None:
        """Returns the last bracket of a node whose brackets are no nodes."""
        tree, source = self._tree, self._stream.source
        start, end = tree.starts[node], tree.ends[node]
        around = tree.starts[children[0]] > start and tree.ends[children[-1]] < end
        if not around or _CLOSERS.get(f"'{source[start]}'") != f"'{source[end - 1]}'":
            return None
        last = self._stream.index_at(end - 1)
        return range(last, last + 1)

    def _balanced(self, node: int, offset: int) -> bool:
        """Whether no bracket or tick of a text is open: no node says where it closes."""
        text = self._stream.source[self._tree.starts[node] : offset]
        return text.count(_TICK) % 2 == 0 and all(
            text.count(opener) <= text.count(closer) for opener, closer in _BRACKETS
        )

    def _closer(self, before: Sequence[int], behind: Sequence[int]) -> int | None:
        """Returns the child that closes the bracket that is open between two children."""
        kinds = self._tree.kinds
        open_: list[str] = []
        for child in before:
            kind = kinds[child]
            if open_ and kind == open_[-1]:
                open_.pop()
            elif open_ and open_[-1][-2] in _QUOTES and kind[0] == "'" and kind[-2] in _QUOTES:
                continue  # another quote inside of a string is text (a node all the same in Dart)
            elif kind in _CLOSERS:
                open_.append(_CLOSERS[kind])
            elif kind[0] == "'" and kind[-2] in _QUOTES:
                open_.append(f"'{kind[-2]}'")  # a string with a prefix
        while open_:
            wanted = open_.pop()
            for child in behind:
                if kinds[child] == wanted or (wanted == "'>'" and kinds[child] == "'/>'"):
                    return child
        return None

    def _in_leaf(self, node: int, unit: int, top: bool) -> bool:
        """Whether a name may end inside, or a text if that is allowed."""
        tree, stream = self._tree, self._stream
        kind, start, offset = tree.kinds[node], tree.starts[node], stream.start[unit]
        if kind[0] == "'":
            return False
        if kind in self._shapes.comments and not top:
            return False
        if _NAME.fullmatch(tree.text(node)):
            name = stream.source[start:offset]
            return (
                stream.shape[unit - 1] in WORDS + NUMBER
                and name not in keywords(self._shapes.language)
                and name not in self._shapes.reserved
            )
        behind_word = stream.shape[unit - 1] in WORDS + NUMBER
        behind = BEHIND_WORDS if behind_word else ANYWHERE
        return self._ends(node, behind) and self._balanced(node, offset)
