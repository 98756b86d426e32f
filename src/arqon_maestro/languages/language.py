"""What there is to know of a programming language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from arqon_maestro.errors import ConfigurationError, did_you_mean

STYLES = (
    "ALL_CAPS",
    "CAMEL_CASE",
    "CAPITALIZED",
    "DASHES",
    "LOWERCASE",
    "PASCAL_CASE",
    "TITLE_CASE",
    "UNDERSCORES",
)
"""Styles of identifiers (corpusgen.md, section 1.6)."""

GAPS = ("blank", "line")
"""What may part a node from what is before it: anything, or a line break."""

ADDITIONS = ("python",)
"""Rules by which the runtime finds where an addition goes."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PHRASE = re.compile(r"[a-z]+(?: [a-z]+)*")


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of the code for which a file is rejected (section 6.3).

    Attributes:
        reason: what is told of such a file.
        gap: of `GAPS`; a node that it parts from its sibling before has the layout.
        nodes: types of these nodes, each with the types of parents that it has to be in.

    Raises:
        ConfigurationError: a gap that can't be.
    """

    reason: str
    gap: str
    nodes: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        if self.gap not in GAPS:
            raise ConfigurationError(
                f"unknown gap {self.gap!r} of a layout", remedy=did_you_mean(self.gap, GAPS)
            )


@dataclass(frozen=True, slots=True)
class Language:
    """One language, or a family that shares its models (TypeScript goes with JavaScript).

    Attributes:
        name: the name in commands, folders and models.
        title: the name in print.
        extensions: file name endings, with the dot, in lower case.
        file_names: whole file names without such an ending.
        interpreters: programs of a ``#!`` line, without version.
        indentation: one level of indentation.
        grammar: module of the tree-sitter grammar wheel, or of a parser of this package; None:
            the language has no tree.
        grammar_function: the function of that module that returns the grammar, or parses.
        snippets: name of the mapping from grammar nodes to kinds; None: no add mappings.
        spoken_symbols: symbols that are said otherwise than in the base table: symbol to names,
            without names if it can't be said.
        prioritised: symbols with names that are preferred to the rest (section 3.10).
        usual_style: style of identifiers so common here that its name is rarely said.
        prose: text for people: exempt from the line-length rules, styles rarely said.
        rejected_extensions: endings of files that are not learnt from, each with the reason.
        rejected_layouts: layouts of files that are not learnt from.
        ruled_words: words that the runtime formats a text by rule for, rather than by its model.
        additions: by which of `ADDITIONS` the runtime finds where an addition goes; None: only
            those that have a line for themselves find a place.

    Raises:
        ConfigurationError: a value that can't be.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    file_names: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    indentation: str = "    "
    grammar: str | None = None
    grammar_function: str = "language"
    snippets: str | None = None
    spoken_symbols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prioritised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    usual_style: str | None = None
    prose: bool = False
    rejected_extensions: Mapping[str, str] = field(default_factory=dict)
    rejected_layouts: tuple[Layout, ...] = ()
    ruled_words: frozenset[str] = frozenset()
    additions: str | None = None

    @property
    def wheel(self) -> str | None:
        """The package that the grammar comes with; None if it needs none but this one."""
        if self.grammar is None or self.grammar.partition(".")[0] == __name__.partition(".")[0]:
            return None
        return self.grammar.replace("_", "-")

    def __post_init__(self) -> None:
        where = f"languages/{self.name}.py"
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(f"bad name {self.name!r}", where=where)
        for extension in (*self.extensions, *self.rejected_extensions):
            if not extension.startswith(".") or extension != extension.lower():
                raise ConfigurationError(f"bad extension {extension!r}", where=where)
        if not self.indentation or self.indentation.strip():
            raise ConfigurationError(f"bad indentation {self.indentation!r}", where=where)
        if self.usual_style is not None and self.usual_style not in STYLES:
            raise ConfigurationError(
                f"unknown style {self.usual_style!r}",
                where=where,
                remedy=did_you_mean(self.usual_style, STYLES),
            )
        if self.additions is not None and self.additions not in ADDITIONS:
            raise ConfigurationError(
                f"unknown rules for additions {self.additions!r}",
                where=where,
                remedy=did_you_mean(self.additions, ADDITIONS),
            )
        for table in (self.spoken_symbols, self.prioritised):
            for symbol, names in table.items():
                for name in names:
                    if not _PHRASE.fullmatch(name):
                        raise ConfigurationError(f"bad name {name!r} for {symbol!r}", where=where)
