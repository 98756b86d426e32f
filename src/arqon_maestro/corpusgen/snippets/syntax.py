"""The syntax layer: one walk of a tree-sitter tree into flat arrays.

A node is an index into the arrays, in preorder, so that the nodes of a subtree are neighbours and
no later step needs recursion or the native tree. After normalisation a source is ASCII, so byte
and character offsets coincide.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.languages import Language

if TYPE_CHECKING:
    import tree_sitter

# An entry point here is no grammar but a function from a source to its tree.
OWN_PARSERS = __package__ + "."
ERROR_KIND = "ERROR"
_ERROR_KIND_ID = 65535

# On some sources that are no code ("a=>a=>…" in Java, "[[[…" in Dart) the parser takes time, and
# even memory, that grows with the square of their length. Code takes a hundredth of this.
PARSE_LIMIT_S = 2.0
PARSE_LIMIT_S_PER_CHARACTER = 5e-6
_CHUNK = 16384  # bytes that the parser reads at once


class ParseLimitError(DataError):
    """A source that takes the parser much more time than code does."""


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


@dataclass(frozen=True, slots=True)
class Grammar:
    """A loaded grammar, with its node types and field names by id, as `SyntaxTree` writes them."""

    language: tree_sitter.Language
    kinds: tuple[str, ...]
    fields: tuple[str, ...]


@cache
def load_grammar(entry: str) -> Grammar:
    """Loads the grammar named by ``module`` or ``module:function``.

    Raises:
        MissingPartError: if it is not installed.
    """
    module_name, _, function = entry.partition(":")
    try:
        import tree_sitter

        module = importlib.import_module(module_name)
    except ImportError as error:
        raise MissingPartError(
            f"the grammar {module_name} is not installed",
            why=str(error),
            remedy=f"pip install {module_name.replace('_', '-')}",
        ) from error
    with warnings.catch_warnings():
        # Some wheels still hand out the address of their language as a plain number.
        warnings.simplefilter("ignore", DeprecationWarning)
        language = tree_sitter.Language(getattr(module, function or "language")())
    kinds = []
    for kind_id in range(language.node_kind_count):
        name = language.node_kind_for_id(kind_id) or ""
        kinds.append(name if language.node_kind_is_named(kind_id) else f"'{name}'")
    fields = [""]
    field_ids = range(1, language.field_count + 1)
    fields += [language.field_name_for_id(field_id) or "" for field_id in field_ids]
    return Grammar(language, tuple(kinds), tuple(fields))


@cache
def own_parser(entry: str) -> Callable[[str], SyntaxTree]:
    """Returns the parser of this package that is named by ``module:function``.

    It takes an ASCII source. Its module has the node types that it makes in ``NODE_TYPES``, and
    the fields in ``FIELDS``, each parted by blanks.
    """
    module, _, function = entry.partition(":")
    parser: Callable[[str], SyntaxTree] = getattr(importlib.import_module(module), function)
    return parser


def entry_point(language: Language) -> str:
    """Returns the entry point of a language's grammar or parser, ``module:function``."""
    return f"{language.grammar}:{language.grammar_function}"


def node_types(entry: str) -> tuple[str, ...]:
    """Returns the node types that a grammar or a parser of this package makes.

    Raises:
        MissingPartError: if the grammar is not installed.
    """
    if entry.startswith(OWN_PARSERS):
        types: str = importlib.import_module(entry.partition(":")[0]).NODE_TYPES
        return tuple(types.split())
    return load_grammar(entry).kinds


def parse(source: str, grammars: Sequence[str]) -> SyntaxTree:
    """Parses a normalised source.

    Args:
        source: ASCII text.
        grammars: entry points ``module`` or ``module:function`` of grammars or of parsers of this
            package, tried in order until one parses without an error; if all have errors, the
            tree with the smallest error share is taken.

    Raises:
        MissingPartError: if a grammar is not installed.
        ParseLimitError: if it takes longer than `PARSE_LIMIT_S` of processor time allows.
        UnicodeEncodeError: if the source is not ASCII.
    """
    best: SyntaxTree | None = None
    for entry in grammars:
        if entry.startswith(OWN_PARSERS):
            tree = own_parser(entry)(source)
        else:
            tree = _walk(source, load_grammar(entry))
        if not tree.faulty:
            return tree
        if best is None or tree.error_bytes < best.error_bytes:
            best = tree
    if best is None:
        raise ValueError("no grammar given")
    return best


def parse_as(language: Language, source: str) -> SyntaxTree | None:
    """Parses a normalised source with its language's own grammar; None if it has none.

    Raises:
        MissingPartError: if the grammar is not installed.
        ParseLimitError: as for `parse`.
    """
    if language.grammar is None:
        return None
    return parse(source, (entry_point(language),))


def _native_tree(source: str, grammar: Grammar) -> tree_sitter.Tree:
    import tree_sitter

    data = source.encode("ascii")
    deadline = time.thread_time() + PARSE_LIMIT_S + PARSE_LIMIT_S_PER_CHARACTER * len(data)
    # The parser asks whether to stop only if it reads from a function; that costs nothing.
    tree: tree_sitter.Tree | None

    def read(offset: int, point: object) -> bytes:
        return data[offset : offset + _CHUNK]

    def too_late(*state: object) -> bool:
        return time.thread_time() > deadline

    try:
        tree = tree_sitter.Parser(grammar.language).parse(read, progress_callback=too_late)
    except ValueError:
        tree = None
    if tree is None:
        raise ParseLimitError(
            "the source takes the parser too long", why="it is hardly code", remedy="leave it out"
        )
    return tree


def _walk(source: str, grammar: Grammar) -> SyntaxTree:
    tree = _native_tree(source, grammar)
    kind_names, field_names = grammar.kinds, grammar.fields
    kinds: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    fields: list[str] = []
    parents: list[int] = []
    befores: list[int] = []
    afters: list[int] = []
    faulty: list[int] = []
    error_bytes, error_end = 0, 0
    has_errors = tree.root_node.has_error
    cursor = tree.walk()
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
                    tree.root_node,
                )
            cursor.goto_parent()
            before = ancestors.pop()
            afters[before] = len(kinds)
