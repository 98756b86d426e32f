"""Where added code goes: the span it replaces, and what comes before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from arqon_maestro.runtime.document import Document

STATEMENT_LIST = "StatementList"


@dataclass(frozen=True, slots=True)
class Place:
    """A place for new code.

    Attributes:
        start, stop: what it replaces in the source; usually nothing.
        before: what goes in front of it, such as a line break with indentation, or a comma.
        after: what goes behind it.
        container: name of the list or slot; None for plain text.
        line_indentation: of the line that the new code starts on.
    """

    start: int
    stop: int
    before: str = ""
    after: str = ""
    container: str | None = None
    line_indentation: str = ""

    def prefix(self, document: Document) -> str:
        """Returns the source up to the new code: what the model may look at."""
        return document.source[: self.start] + self.before

    def filled(self, document: Document, code: str, caret: int | None) -> Document:
        """Returns the document with the new code in its place.

        Args:
            caret: offset within `code`; its end by default.
        """
        caret = len(code) if caret is None else caret
        text = self.before + code + self.after
        return document.replaced(self.start, self.stop, text, len(self.before) + caret)


def at_caret(document: Document) -> Place:
    """Returns the caret itself, or what is selected, for plain text."""
    start, stop = document.selection or (document.cursor, document.cursor)
    return Place(start, stop, line_indentation=document.line_indentation(start))


def new_line(document: Document, where: str) -> Place:
    """Returns a new line ``above`` or ``below`` that of the caret, as far indented as that one."""
    start, stop = document.line(document.cursor)
    indentation = document.line_indentation(document.cursor)
    if where == "above":
        return Place(start, start, indentation, "\n", line_indentation=indentation)
    return Place(stop, stop, "\n" + indentation, line_indentation=indentation)


def statement_line(document: Document) -> Place:
    """Returns the place for a statement by lines alone: the caret's blank line, or one below."""
    start, stop = document.line(document.cursor)
    indentation = document.line_indentation(document.cursor)
    if document.source[start:stop].strip():
        return Place(
            stop, stop, "\n" + indentation, "", STATEMENT_LIST, line_indentation=indentation
        )
    return Place(start, stop, indentation, "", STATEMENT_LIST, line_indentation=indentation)
