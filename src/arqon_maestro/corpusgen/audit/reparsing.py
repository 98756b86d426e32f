"""Puts targets back into a file and parses it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import tree_sitter

from arqon_maestro.corpusgen.snippets.syntax import (
    OWN_PARSERS,
    load_grammar,
    own_parser,
)
from arqon_maestro.corpusgen.snippets.trees import ERROR_KIND


class _Parsing(Protocol):
    faults: int

    def faults_with(self, start: int, stop: int, text: str) -> int: ...


class Reparser:
    """Counts the syntax errors that one replacement in a file makes.

    A *fault* is an outermost ERROR node or a token that the parser had to add.

    Args:
        source: the normalised source.
        grammars: entry points of grammars or parsers; the first with the least faults is the
            file's.
    """

    def __init__(self, source: str, grammars: Sequence[str]) -> None:
        best: _Parsing | None = None
        for entry in grammars:
            own = entry.startswith(OWN_PARSERS)
            parsing = _OwnParsing(source, entry) if own else _GrammarParsing(source, entry)
            if best is None or parsing.faults < best.faults:
                best = parsing
            if best.faults == 0:
                break
        if best is None:
            raise ValueError("no grammar given")
        self._source = source
        self._parsing: _Parsing = best

    def new_faults(self, start: int, stop: int, text: str) -> int:
        """Returns how many more faults there are with `text` from `start` to `stop`."""
        # Most elements are said whole, and some grammars parse everything again (Dart).
        if text == self._source[start:stop]:
            return 0
        return max(0, self._parsing.faults_with(start, stop, text) - self._parsing.faults)


class _OwnParsing:
    """A source as a parser of this package sees it."""

    def __init__(self, source: str, entry: str) -> None:
        self._source = source
        self._parse = own_parser(entry)
        self.faults = self._count(source)

    def _count(self, source: str) -> int:
        return sum(kind == ERROR_KIND for kind in self._parse(source).kinds)

    def faults_with(self, start: int, stop: int, text: str) -> int:
        return self._count(self._source[:start] + text + self._source[stop:])


class _GrammarParsing:
    """A source as a tree-sitter grammar sees it.

    A replacement is parsed from the tree of the source, and from scratch only where that finds
    more faults.
    """

    def __init__(self, source: str, entry: str) -> None:
        self._source = source.encode("ascii")
        self._parser = tree_sitter.Parser(load_grammar(entry).language)
        self._tree = self._parser.parse(self._source)
        self.faults = _count_faults(self._tree)

    def faults_with(self, start: int, stop: int, text: str) -> int:
        source = self._source[:start] + text.encode("ascii") + self._source[stop:]
        tree = self._tree.copy()
        tree.edit(
            start_byte=start,
            old_end_byte=stop,
            new_end_byte=start + len(text),
            start_point=_point(self._source, start),
            old_end_point=_point(self._source, stop),
            new_end_point=_point(source, start + len(text)),
        )
        faults = _count_faults(self._parser.parse(source, tree))
        if faults > self.faults:
            return _count_faults(self._parser.parse(source))
        return faults


def _point(source: bytes, offset: int) -> tuple[int, int]:
    return source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1


def _count_faults(tree: tree_sitter.Tree) -> int:
    """Returns the number of outermost ERROR nodes and of missing tokens."""
    if not tree.root_node.has_error:
        return 0
    faults = 0
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            faults += 1
        else:
            waiting += [child for child in node.children if child.has_error]
    return faults
