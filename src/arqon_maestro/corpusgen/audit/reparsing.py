"""Puts targets back into a file and parses it again."""

from __future__ import annotations

from collections.abc import Sequence

import tree_sitter

from arqon_maestro.corpusgen.snippets.syntax import load_grammar


class Reparser:
    """Counts the syntax errors that one replacement in a file makes.

    A *fault* is an outermost ERROR node or a token that the parser had to add. The replacement is
    parsed from the tree of the file, and from scratch only where that finds more faults than the
    file has.

    Args:
        source: the normalised source.
        grammars: entry points; the one with the least faults is the file's.
    """

    def __init__(self, source: str, grammars: Sequence[str]) -> None:
        self._source = source.encode("ascii")
        best: tuple[int, tree_sitter.Parser, tree_sitter.Tree] | None = None
        for entry in grammars:
            parser = tree_sitter.Parser(load_grammar(entry).language)
            tree = parser.parse(self._source)
            faults = count_faults(tree)
            if best is None or faults < best[0]:
                best = (faults, parser, tree)
            if faults == 0:
                break
        if best is None:
            raise ValueError("no grammar given")
        self.faults, self._parser, self._tree = best

    def new_faults(self, start: int, stop: int, text: str) -> int:
        """Returns how many more faults there are with `text` from `start` to `stop`."""
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
        faults = count_faults(self._parser.parse(source, tree))
        if faults > self.faults:
            faults = count_faults(self._parser.parse(source))
        return max(0, faults - self.faults)


def _point(source: bytes, offset: int) -> tuple[int, int]:
    return source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1


def count_faults(tree: tree_sitter.Tree) -> int:
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
