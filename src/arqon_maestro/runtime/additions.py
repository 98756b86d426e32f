"""From an "add" phrase to the place of what is added."""

from __future__ import annotations

from collections.abc import Sequence

from arqon_maestro.languages import Language
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.placement import Place, statement_line
from arqon_maestro.runtime.python_places import PythonPlaces
from arqon_maestro.runtime.selection import ImpossibleError, UnsupportedError
from arqon_maestro.runtime.triggers import kinds_of, on_own_line, snippet_kind

_PLACES = {"python": PythonPlaces}
"""The rules for additions, by the name that a language has them under."""


def addition(document: Document, language: Language, words: Sequence[str]) -> Place:
    """Returns where the code for an "add" phrase goes.

    Args:
        document: the source and its caret.
        language: of the source.
        words: the phrase without "add".

    Raises:
        UnsupportedError: the language has no snippets, or no rules for such a place.
        ImpossibleError: there is no such place here, or no snippet for the phrase.
    """
    if not kinds_of(language.name):
        raise UnsupportedError(f"{language.title} has no snippets to add")
    kind = snippet_kind(words, language.name)
    if kind is None:
        raise ImpossibleError(f"{language.title} has no snippet for this")
    if language.additions is not None:
        return _PLACES[language.additions](document, language).find(kind)
    if not on_own_line(kind):
        raise UnsupportedError(f"where a {kind} goes is not known for {language.title}")
    return statement_line(document)
