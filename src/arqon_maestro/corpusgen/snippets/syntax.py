"""Grammars and parsers: from a source to its syntax tree.

After normalisation a source is ASCII, so byte and character offsets coincide.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from arqon_maestro.corpusgen.snippets import native
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree, walk
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.languages import Language

if TYPE_CHECKING:
    import tree_sitter

# An entry point here is no grammar but a function from a source to its tree.
OWN_PARSERS = __package__ + "."


class ParseLimitError(DataError):
    """A source that takes the parser much more time or memory than code does."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A loaded grammar, with its node types and field names by id, as `SyntaxTree` writes them.

    `place` is the module that it comes from, and the function there.
    """

    place: tuple[str, str]
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
    place = module_name, function or "language"
    try:
        language = native.load_language(*place)
    except ImportError as error:
        raise MissingPartError(
            f"the grammar {module_name} is not installed",
            why=str(error),
            remedy=f"pip install {module_name.replace('_', '-')}",
        ) from error
    kinds = []
    for kind_id in range(language.node_kind_count):
        name = language.node_kind_for_id(kind_id) or ""
        kinds.append(name if language.node_kind_is_named(kind_id) else f"'{name}'")
    fields = [""]
    field_ids = range(1, language.field_count + 1)
    fields += [language.field_name_for_id(field_id) or "" for field_id in field_ids]
    return Grammar(place, language, tuple(kinds), tuple(fields))


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
        ParseLimitError: if it takes much more time or memory than code does (`native`).
        UnicodeEncodeError: if the source is not ASCII.
    """
    best: SyntaxTree | None = None
    for entry in grammars:
        if entry.startswith(OWN_PARSERS):
            tree = own_parser(entry)(source)
        else:
            tree = _parse(source, load_grammar(entry))
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
    data = source.encode("ascii")
    tree = None
    if not native.is_suspicious(source) or _survives(data, grammar):
        tree = native.parse_in_time(data, grammar.language)
    if tree is None:
        raise ParseLimitError(
            "the source takes the parser too long", why="it is hardly code", remedy="leave it out"
        )
    return tree


def _survives(data: bytes, grammar: Grammar) -> bool:
    try:
        return native.survives(data, *grammar.place)
    except native.TrialError as error:
        raise MissingPartError(
            "no process to try a source in",
            where=sys.executable,
            why=str(error),
            remedy="maestro doctor",
        ) from error


def _parse(source: str, grammar: Grammar) -> SyntaxTree:
    tree = _native_tree(source, grammar)
    return walk(source, tree.walk(), tree.root_node, grammar.kinds, grammar.fields)
