"""Carries out commands on a document, as far as that needs no editor.

Written are insert, dictate, add, type, change and new lines; lines, words, characters, terms, the
file and phrases are selected, deleted, duplicated and gone to. Of any other command only the
parse is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from arqon_maestro.corpusgen.grammar import Node, words
from arqon_maestro.corpusgen.grammar.tree import nodes
from arqon_maestro.corpusgen.indentation import indentation_unit
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.corpusgen.tokens import decode
from arqon_maestro.languages import Language
from arqon_maestro.runtime.additions import addition
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.formatter import formatted, style_of, styled
from arqon_maestro.runtime.outcome import Outcome
from arqon_maestro.runtime.placement import Place, at_caret, new_line
from arqon_maestro.runtime.selection import (
    ImpossibleError,
    UnsupportedError,
    horizontal,
    navigated,
    position,
    removed,
    selected,
    vertical,
)
from arqon_maestro.runtime.style import HYPOTHESES, Styler

TEXT = "formattedText"
_ADVERBS = {"once": 1, "twice": 2, "thrice": 3}
_ARROWS: dict[str, Callable[[Document, int], int]] = {
    "left": lambda document, amount: horizontal(document, -amount),
    "right": horizontal,
    "up": lambda document, amount: vertical(document, -amount),
    "down": vertical,
}


class Editor:
    """Carries out commands in one language.

    Args:
        language: of the documents.
        styler: turns words into code.
        hypotheses: readings of a text that are looked at.
    """

    def __init__(self, language: Language, styler: Styler, hypotheses: int = HYPOTHESES) -> None:
        self._language = language
        self._styler = styler
        self._hypotheses = hypotheses

    def carry_out(self, document: Document, tree: Node) -> list[Outcome]:
        """Returns what a command tree does, by each reading of its texts, best reading first.

        Args:
            document: before.
            tree: root ``main``.
        """
        (chain,) = tree.children
        outcomes = [Outcome(document)]
        try:
            for command in _in_order(chain):
                outcomes = [after for before in outcomes for after in self._after(before, command)][
                    : self._hypotheses
                ]
        except UnsupportedError as error:
            meta = isinstance(chain, Node) and any(
                isinstance(child, Node) and child.name == "metaCommand" for child in chain.children
            )
            return [Outcome(None, note=str(error), meta=meta)]
        except ImpossibleError as error:
            return [Outcome(None, note=str(error), possible=False)]
        return outcomes

    def _after(self, before: Outcome, command: Node) -> list[Outcome]:
        if before.document is None:
            return [before]
        return [
            replace(after, code=after.code or before.code, styled=before.styled + after.styled)
            for after in self._command(before.document, command)
        ]

    def _command(self, document: Document, node: Node) -> list[Outcome]:
        if node.name in ("insert", "dictate"):
            return self._written(document, _place(document, node), _text(node))
        if node.name == "add":
            place = addition(document, self._language, _text(node))
            return self._written(document, place, _text(node))
        if node.name == "type":
            place = _place(document, node)
            text = formatted(_text(node), self._language.name)
            return [Outcome(place.filled(document, text, None), text)]
        if node.name == "change":
            return self._changed(document, node)
        return [Outcome(_moved(document, node))]

    def _written(self, document: Document, place: Place, text: Sequence[str]) -> list[Outcome]:
        """Returns the document with a text in its place, by each reading of auto-style."""
        if not self._language.ruled_words.isdisjoint(text):
            code = formatted(text, self._language.name)
            return [Outcome(place.filled(document, code, None), code, note="formatted by rule")]
        prefix = place.prefix(document)
        readings = self._styler.style(prefix, len(prefix), text, place.container, self._hypotheses)
        if not readings:
            raise ImpossibleError("more unknown words than the model has placeholders for")
        unit = indentation_unit(document.source, self._language)
        outcomes = []
        for reading in readings:
            decoded = decode(reading.tokens, unit, place.line_indentation)
            if reading.rejected:
                outcomes.append(
                    Outcome(None, decoded.text, (reading,), reading.rejected, possible=False)
                )
                continue
            after = place.filled(document, decoded.text, decoded.cursor)
            outcomes.append(Outcome(after, decoded.text, (reading,)))
        return outcomes

    def _changed(self, document: Document, node: Node) -> list[Outcome]:
        """Replaces a selection: in its own style if that is clear, else through auto-style."""
        start, stop = selected(document, _child(node, "selectionWithImplicitPhrase"))
        text = _text(node)
        style = style_of(document.source[start:stop])
        plain = formatted(text, self._language.name) == " ".join(text)
        if style is not None and plain:
            code = styled(text, style)
            return [Outcome(document.replaced(start, stop, code), code)]
        indentation = document.line_indentation(start)
        return self._written(document, Place(start, stop, line_indentation=indentation), text)


def _in_order(chain: Node | str) -> list[Node]:
    """Returns a chain's commands, repeated as their quantifiers say; where comes before what.

    Raises:
        UnsupportedError: a command about the alternatives or the editor, or a repetition.
    """
    commands: list[Node] = []
    for part in chain.children if isinstance(chain, Node) else ():
        if not isinstance(part, Node) or part.name not in ("command", "prepositionSelection"):
            raise UnsupportedError("not a command on the text")
        if part.name == "prepositionSelection":
            commands.insert(len(commands) - 1, part)
            continue
        command, *quantifier = [child for child in part.children if isinstance(child, Node)]
        commands += [command] * (_times(quantifier[0]) if quantifier else 1)
    return commands


def _times(quantifier: Node) -> int:
    spoken = words(quantifier)
    if spoken[0] in _ADVERBS:
        return _ADVERBS[spoken[0]]
    return parse_number(spoken[:-1]) or 1


def _moved(document: Document, node: Node) -> Document:
    """Returns the document after a command without free text.

    Raises:
        UnsupportedError: only an editor can carry it out.
    """
    if node.name == "newline":
        return _new_line(document, node)
    if node.name == "select":
        span = selected(document, node)
        return Document(document.source, span[1], span)
    if node.name == "delete":
        start, stop = removed(document, node)
        return document.replaced(start, stop, "")
    if node.name == "duplicate":
        start, stop = selected(document, _child(node, "selection"))
        copy = document.source[start:stop]
        lines = (start, stop) == (document.line(start)[0], document.line(stop)[1])
        return document.replaced(stop, stop, "\n" + copy if lines else copy)
    if node.name in ("goTo", "goToPhrase", "prepositionSelection"):
        return document.moved(_destination(document, node))
    if node.name == "arrowKeyWithQuantifier":
        direction = words(_child(node, "arrowKeyDirection"))[0]
        return document.moved(_ARROWS[direction](document, _amount(node)))
    raise UnsupportedError("only an editor can carry this out")


def _new_line(document: Document, node: Node) -> Document:
    said = words(node)
    where = next((word for word in said if word in ("above", "below")), "")
    if where:
        return new_line(document, where).filled(document, "", None)
    indentation = document.line_indentation(document.cursor)
    return at_caret(document).filled(document, "\n" + indentation, None)


def _destination(document: Document, node: Node) -> int:
    if any(child.name == "navigationPositionSelection" for child in nodes(node)):
        return navigated(document, node)
    said = [child for child in nodes(node) if child.name == "preposition"]
    return position(document, node, words(said[0])[0] if said else "")


def _amount(node: Node) -> int:
    for child in node.children:
        if isinstance(child, Node) and child.name == "quantifier":
            return _times(child)
        if isinstance(child, Node) and child.name == "numberRange1To10":
            return parse_number(words(child)) or 1
    return 1


def _place(document: Document, node: Node) -> Place:
    where = next((child for child in node.children if child in ("above", "below")), None)
    return new_line(document, where) if isinstance(where, str) else at_caret(document)


def _text(node: Node) -> list[str]:
    return words(_child(node, TEXT))


def _child(node: Node, name: str) -> Node:
    return next(child for child in node.children if isinstance(child, Node) and child.name == name)
