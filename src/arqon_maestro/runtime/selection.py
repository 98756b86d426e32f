"""Which span of a document a selection means, as far as that needs no syntax tree.

Lines, words, characters, terms and the file can be selected, and phrases of the text; the other
object types of the grammar need an editor that knows the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arqon_maestro.corpusgen.grammar import Node, words
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.runtime.document import Document, Span

FILE, LINE = "file", "line"
_PATTERNS = {
    "word": re.compile(r"\w+"),
    "term": re.compile(r"\S+"),
    "character": re.compile(r"[^\n]"),
    "letter": re.compile(r"[^\n]"),
}
_WHOLE_FILE = (FILE, "all")
_CHARACTERS = ("character", "letter")
OBJECTS = (*_WHOLE_FILE, LINE, *_PATTERNS)

_STARTS = frozenset({"start", "beginning", "top"})
_ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
_BACKWARD = frozenset({"previous", "left", "back", "up"})
_FORWARD = frozenset({"next", "right", "forward", "down"})
# What may stand between two words of one identifier.
_JOINER = r"[\s_-]*"


class UnsupportedError(Exception):
    """A command that needs more than a source and a caret; the message says what."""


class ImpossibleError(Exception):
    """A command that makes no sense in this document; the message says why."""


@dataclass(slots=True)
class _Request:
    """The parts of a selection's tree, whatever their order."""

    kind: str = ""
    second_kind: str = ""
    numbers: tuple[int, ...] = ()
    endpoint: str = ""
    direction: str = ""
    ordinal: str = ""
    edge: str = ""  # "first" or "last" of "the last three lines"
    ranged: bool = False  # "lines two to five"
    count: int | None = None
    to: bool = False
    phrase: tuple[str, ...] = ()


def selected(document: Document, node: Node) -> Span:
    """Returns the span that a selection node means.

    Raises:
        UnsupportedError: it cannot be told from the text alone.
        ImpossibleError: there is no such object.
    """
    request = _request(node)
    span = _span(document, request)
    if request.endpoint:
        if not request.to:
            raise ImpossibleError(f"nothing lies at the {request.endpoint} of an object")
        edge = span[0] if request.endpoint in _STARTS else span[1]
        span = (edge, edge)
    if request.to:
        return min(document.cursor, span[0]), max(document.cursor, span[1])
    return span


def removed(document: Document, node: Node) -> Span:
    """Returns what goes when a selection is deleted: whole lines take a line feed along.

    Raises:
        UnsupportedError, ImpossibleError: as `selected`.
    """
    start, stop = selected(document, node)
    request = _request(node)
    if request.kind == LINE and not request.to:
        if stop < len(document.source):
            stop += 1
        elif start:
            start -= 1
    return start, stop


def position(document: Document, node: Node, preposition: str = "") -> int:
    """Returns the offset that a position node means.

    Args:
        preposition: ``before``, ``after``, or nothing, which is before.

    Raises:
        UnsupportedError, ImpossibleError: as `selected`.
    """
    request = _request(node)
    start, stop = _span(document, request, beyond=True)
    if request.endpoint:
        return start if request.endpoint in _STARTS else stop
    return stop if preposition == "after" else start


def navigated(document: Document, node: Node) -> int:
    """Returns where the caret goes for "next word", "down three lines", "back two characters".

    Raises:
        UnsupportedError, ImpossibleError: as `selected`.
    """
    request = _request(node)
    amount = request.count or 1
    signed = -amount if request.direction in _BACKWARD else amount
    if request.kind == LINE:
        return vertical(document, signed)
    if request.kind in _CHARACTERS:
        return horizontal(document, signed)
    found = _in_direction(document, request.kind, request.direction, amount, beyond=True)
    return found[0 if signed < 0 else -1][0]


def horizontal(document: Document, characters: int) -> int:
    """Returns the offset some characters further on (or back), inside the source."""
    return max(0, min(len(document.source), document.cursor + characters))


def vertical(document: Document, lines: int) -> int:
    """Returns the offset some lines below (or above), in the same column where there is one."""
    spans = list(_spans(document.source, LINE))
    here = _line_number(document, spans)
    column = document.cursor - spans[here][0]
    start, stop = spans[max(0, min(len(spans) - 1, here + lines))]
    return min(start + column, stop)


def _request(node: Node) -> _Request:
    request = _Request()
    _collect(node, request)
    return request


def _collect(node: Node, request: _Request) -> None:
    for child in node.children:
        if isinstance(child, str):
            if child in ("first", "last"):
                request.edge = child
            elif child in ("through", "until") or (child == "to" and request.numbers):
                request.ranged = True
            elif child == "to":
                request.to = True
            elif child == "one":
                request.count = 1
        elif child.name in ("selectionObjectSingular", "selectionObjectPlural"):
            kind = _kind(child)
            if request.kind:
                request.second_kind = kind
            else:
                request.kind = kind
        elif child.name == "endpoint":
            request.endpoint = next(
                (word for word in words(child) if word not in ("the", "of")), ""
            )
        elif child.name in ("searchDirection", "movementDirection"):
            request.direction = words(child)[-1]
        elif child.name == "positional":
            request.ordinal = " ".join(word for word in words(child) if word != "the")
        elif child.name == "number":
            request.numbers += (_number(child),)
        elif child.name == "count":
            request.count = _number(child)
        elif child.name == "formattedText":
            request.phrase = tuple(words(child))
        elif child.name in ("namedSelection", "namedPositionSelection"):
            raise UnsupportedError("named objects need a syntax tree")
        else:
            _collect(child, request)


def _kind(node: Node) -> str:
    child = node.children[0]
    name = child.name if isinstance(child, Node) else child
    kind = name.removesuffix("SingularObject").removesuffix("PluralObject")
    if kind not in OBJECTS:
        raise UnsupportedError(f"a {' '.join(words(node))} needs a syntax tree")
    return kind


def _number(node: Node) -> int:
    spoken = words(node)
    value = parse_number(spoken)
    if value is None:
        raise ImpossibleError(f"{' '.join(spoken)!r} is no number")
    return value


def _span(document: Document, request: _Request, *, beyond: bool = False) -> Span:
    if request.phrase:
        return _phrase(document, request, beyond)
    kind = request.kind
    if kind in _WHOLE_FILE:
        return 0, len(document.source)
    scope = _scope(document, kind)
    if request.numbers:
        last = request.numbers[-1]
        if request.ranged and request.second_kind not in ("", kind):
            raise ImpossibleError("a range of two kinds of objects")
        return scope[_index(scope, request.numbers[0] - 1, kind)][0], scope[
            _index(scope, last - 1, kind)
        ][1]
    if request.edge and request.count is not None:
        chosen = scope[: request.count] if request.edge == "first" else scope[-request.count :]
        return _outer(chosen, kind)
    if request.ordinal:
        return scope[_index(scope, _ordinal_index(request.ordinal), kind)]
    if request.direction:
        found = _in_direction(document, kind, request.direction, request.count or 1, beyond=beyond)
        return _outer(found, kind)
    return _outer(_from_here(document, kind, request.count or 1), kind)


def _ordinal_index(ordinal: str) -> int:
    name, *rest = ordinal.split()
    number = -1 if name == "last" else _ORDINALS.index(name)
    return -1 - number if rest else number  # "second to last"


def _index(scope: Sequence[Span], index: int, kind: str) -> int:
    if not -len(scope) <= index < len(scope):
        raise ImpossibleError(f"there are only {len(scope)} {kind}s")
    return index


def _outer(spans: Sequence[Span], kind: str) -> Span:
    if not spans:
        raise ImpossibleError(f"there is no such {kind}")
    return spans[0][0], spans[-1][1]


def _spans(source: str, kind: str) -> Iterator[Span]:
    if kind == LINE:
        start = 0
        for line in source.split("\n"):
            yield start, start + len(line)
            start += len(line) + 1
    else:
        for found in _PATTERNS[kind].finditer(source):
            yield found.span()


def _scope(document: Document, kind: str) -> list[Span]:
    """Returns where "first", "second" and "last" count: lines in the file, others in the line."""
    spans = _spans(document.source, kind)
    if kind == LINE:
        return list(spans)
    start, stop = document.line(document.cursor)
    return [span for span in spans if start <= span[0] and span[1] <= stop]


def _line_number(document: Document, spans: Sequence[Span]) -> int:
    return next(number for number, (_, stop) in enumerate(spans) if document.cursor <= stop)


def _in_direction(
    document: Document, kind: str, direction: str, count: int, *, beyond: bool
) -> list[Span]:
    """Returns the next or previous objects; the caret's own line is neither.

    Args:
        beyond: an object that starts at the caret is not the next one. Going to the next word
            moves the caret; deleting it takes the word that the caret stands before.
    """
    spans = list(_spans(document.source, kind))
    if kind == LINE:
        here = _line_number(document, spans)
        before, after = spans[:here], spans[here + 1 :]
    else:
        before = [span for span in spans if span[1] <= document.cursor]
        after = [span for span in spans if span[0] >= document.cursor + beyond]
    found = before[-count:] if direction in _BACKWARD else after[:count]
    if len(found) < count:
        raise ImpossibleError(f"there are only {len(found)} {kind}s on that side")
    return found


def _from_here(document: Document, kind: str, count: int) -> list[Span]:
    """Returns the object at the caret, and those after it."""
    spans = [span for span in _spans(document.source, kind) if span[1] >= document.cursor]
    # Between two that touch the caret, the one behind it is meant.
    if len(spans) > 1 and spans[1][0] == document.cursor:
        spans = spans[1:]
    if len(spans) < count:
        raise ImpossibleError(f"there are only {len(spans)} {kind}s from here on")
    return spans[:count]


def _phrase(document: Document, request: _Request, beyond: bool) -> Span:
    pattern = _JOINER.join(map(re.escape, request.phrase))
    found = [
        match.span()
        for match in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", document.source, re.IGNORECASE)
    ]
    if request.ordinal:
        start, stop = document.line(document.cursor)
        line = [span for span in found if start <= span[0] and span[1] <= stop]
        return line[_index(line, _ordinal_index(request.ordinal), "phrase")]
    if request.direction in _BACKWARD:
        found = [span for span in found if span[1] <= document.cursor]
    elif request.direction in _FORWARD:
        found = [span for span in found if span[0] >= document.cursor + beyond]
    if not found:
        raise ImpossibleError(f"the text has no {' '.join(request.phrase)!r}")
    return min(found, key=lambda span: _distance(document.cursor, span))


def _distance(cursor: int, span: Span) -> int:
    return max(span[0] - cursor, cursor - span[1], 0)
