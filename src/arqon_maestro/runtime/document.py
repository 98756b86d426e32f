"""A source with a caret: what commands read and change."""

from __future__ import annotations

from dataclasses import dataclass

from arqon_maestro.corpusgen.indentation import line_indentation
from arqon_maestro.errors import UsageError

Span = tuple[int, int]

TAB = "\t"


@dataclass(frozen=True, slots=True)
class Document:
    """A source, the caret and what is selected; offsets in characters.

    Attributes:
        cursor: from 0 to the length of the source.
        selection: a span that is selected, or None.
    """

    source: str
    cursor: int
    selection: Span | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.cursor <= len(self.source):
            raise UsageError(
                f"the caret {self.cursor} lies outside the source",
                why=f"it has {len(self.source)} characters",
                remedy=f"--cursor 0 to --cursor {len(self.source)}",
            )

    def replaced(self, start: int, stop: int, text: str, caret: int | None = None) -> Document:
        """Returns the document with `text` for a span.

        Args:
            caret: offset within `text`; its end by default.
        """
        source = self.source[:start] + text + self.source[stop:]
        return Document(source, start + (len(text) if caret is None else caret))

    def moved(self, cursor: int) -> Document:
        """Returns the document with the caret elsewhere and nothing selected."""
        return Document(self.source, cursor)

    def line(self, offset: int) -> Span:
        """Returns the line that holds `offset`, without its line feed."""
        start = self.source.rfind("\n", 0, offset) + 1
        stop = self.source.find("\n", offset)
        return start, len(self.source) if stop < 0 else stop

    def line_indentation(self, offset: int) -> str:
        """Returns the blanks and tabs that the line of `offset` starts with."""
        return line_indentation(self.source, offset)
