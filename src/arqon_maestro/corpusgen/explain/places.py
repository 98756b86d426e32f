"""Where something can be said in a file: ranges of units for inserts, nodes for add mappings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from arqon_maestro.corpusgen.explain.edits import Edit
from arqon_maestro.corpusgen.explain.generator import LedGenerator
from arqon_maestro.corpusgen.explain.search import DeadEndError
from arqon_maestro.corpusgen.generation import CARET
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.snippets.containers import Candidate, candidates
from arqon_maestro.corpusgen.snippets.file import UnsayableError
from arqon_maestro.corpusgen.snippets.shapes import shapes_named
from arqon_maestro.corpusgen.snippets.source import SyntaxSnippets
from arqon_maestro.corpusgen.spoken.words import plural_suffix
from arqon_maestro.corpusgen.tokens import (
    LINE_BREAKS,
    NUMBER,
    WORDS,
    TokenStream,
    decode,
    split_units,
    token_stream,
)
from arqon_maestro.languages import Language

_STEP = 2  # indentation of the statement in an empty body, in blanks
_LINE_START = re.compile(r"\n")

# Words between an added node and what was there before, beside the skeleton's.
_SLOT_WORDS = frozenset(("throws", "where", "when", "with", "async"))


@dataclass(frozen=True, slots=True)
class Saying:
    """A way to say something.

    Attributes:
        words: the spoken words, "insert" or "add" first.
        target: the text that they make, without indentation of its own.
        tokens: the same as the model's tokens.
        caret: offset of the caret in the target; None where it is at the end.
        kind: what an added node is said as; None for an insert or a bare element.
        container: the list or slot that an added node lies in; None for an insert.
        start: index of the first unit. stop: after the last one.
    """

    words: tuple[str, ...]
    target: str
    tokens: tuple[str, ...]
    caret: int | None
    kind: str | None
    container: str | None
    start: int
    stop: int


def _saying(
    words: list[str],
    output: list[str],
    start: int,
    stop: int,
    kind: str | None = None,
    container: str | None = None,
) -> Saying:
    tokens = split_units(output)
    decoded = decode(tokens)
    first = "insert" if container is None else "add"
    caret = decoded.cursor if CARET in tokens else None
    return Saying((first, *words), decoded.text, tokens, caret, kind, container, start, stop)


@dataclass(frozen=True, slots=True)
class InsertPlace:
    """A range of units that an insert says.

    Attributes:
        start: index of the first unit. stop: after the last one.
        suffix: plural ending, the end of the word before `start`, that is said first.
    """

    start: int
    stop: int
    suffix: str = ""

    @property
    def size(self) -> int:
        """Number of units."""
        return self.stop - self.start

    def say(self, generator: LedGenerator) -> Saying:
        """Says the range; raises DeadEndError if there is nothing to say."""
        stream, start = generator.stream, self.start
        possible = ""
        if start > 0 and stream.shape[start - 1] in WORDS:
            possible = plural_suffix(stream.text[start - 1])
        if possible:
            split = generator.choices.flip(generator.rates.split_plural)
            if split != bool(self.suffix):
                raise DeadEndError
        words = [self.suffix] if self.suffix else []
        output = list(words)
        stop = start
        if start < self.stop:
            said = generator.generate(start, self.stop)
            words, output, stop = words + said.words, output + said.output, said.stop
        if not words or not output:
            raise DeadEndError
        return _saying(words, output, start, stop)


class AddPlaces(SyntaxSnippets):
    """The nodes of one file that can be added."""

    @classmethod
    def of(cls, stream: TokenStream, language: Language) -> Self | None:
        """Returns the nodes of a file, None for a language without a syntax tree."""
        parsed = snippet_source(stream, language)
        return None if parsed is None else cls(parsed._file)

    def within(self, spans: Sequence[tuple[int, int]]) -> list[AddPlace]:
        """Returns the nodes between two offsets, if nobody has to say what is around them."""
        return [
            self._place(candidate)
            for candidate in candidates(self._file.tree, self._file.shapes)
            if any(self._may_fill(candidate.node, start, stop) for start, stop in spans)
        ]

    def _place(self, candidate: Candidate) -> AddPlace:
        tree, stream = self._file.tree, self._file.stream
        first, last = tree.starts[candidate.node], tree.ends[candidate.node]
        return AddPlace(self, candidate, stream.index_at(last) - stream.index_at(first))

    def _may_fill(self, node: int, start: int, stop: int) -> bool:
        tree, stream = self._file.tree, self._file.stream
        text = tree.text(node)
        # Some grammars have the blanks around a text in its node.
        first = tree.starts[node] + len(text) - len(text.lstrip())
        last = tree.starts[node] + len(text.rstrip())
        if not start <= first < last <= stop:
            return False
        before = range(_unit_from(stream, start), stream.index_at(first))
        behind = range(_unit_from(stream, last), _unit_from(stream, stop))
        return self.may_surround(stream, before) and self.may_surround(stream, behind)

    def around(self, offset: int) -> list[AddPlace]:
        """Returns the nodes that an offset lies in, the innermost first."""
        tree = self._file.tree
        found = [
            self._place(found)
            for found in candidates(tree, self._file.shapes)
            if tree.starts[found.node] <= offset < tree.ends[found.node]
        ]
        return found[::-1]

    def say(self, candidate: Candidate, generator: LedGenerator) -> Saying:
        """Says a node; raises DeadEndError if it cannot be said so."""
        try:
            draft = self._draft(candidate, generator)
        except UnsayableError as reason:
            self.rejects[str(reason)] += 1
            raise DeadEndError from None
        if draft is None or not draft.words or not draft.output:
            raise DeadEndError
        return _saying(
            draft.words, draft.output, draft.start, draft.stop, draft.kind, draft.container
        )

    def may_surround(self, stream: TokenStream, units: range) -> bool:
        """Returns whether these units, around a node, are no words that somebody has to say."""
        words = self._file.shapes.skeleton_words
        return all(
            stream.shape[unit] not in WORDS + NUMBER
            or stream.text[unit] in words
            or stream.text[unit] in _SLOT_WORDS
            for unit in units
        )


@dataclass(frozen=True, slots=True)
class AddPlace:
    """A node that can be added; `size` is the number of its units."""

    snippets: AddPlaces
    candidate: Candidate
    size: int

    def say(self, generator: LedGenerator) -> Saying:
        """Says the node; raises DeadEndError if it cannot be said so."""
        return self.snippets.say(self.candidate, generator)


def insert_place(stream: TokenStream, start: int, stop: int) -> InsertPlace | None:
    """Returns the units between two offsets; None if these are inside words.

    Line breaks at either end, with their indentation, are left out: they are made before.
    """
    starts, shape, source = stream.start, stream.shape, stream.source
    first, last = _unit_from(stream, start), _unit_from(stream, stop)
    suffix = ""
    if source[start : starts[first]].strip():
        if first == 0 or shape[first - 1] not in WORDS:
            return None
        suffix = source[start : starts[first]]
        if suffix != plural_suffix(stream.text[first - 1]):
            return None
    if source[stop : starts[last]].strip():
        return None
    while first < last and shape[first] in LINE_BREAKS and not suffix:
        first += 1
    while first < last and shape[last - 1] in LINE_BREAKS:
        last -= 1
    return InsertPlace(first, last, suffix) if first < last or suffix else None


def _unit_from(stream: TokenStream, offset: int) -> int:
    """Returns the first unit that does not start before an offset."""
    unit = stream.index_at(offset)
    return unit if stream.start[unit] >= offset else unit + 1


@dataclass(frozen=True, slots=True)
class Scene:
    """The text after an edit, as units.

    Attributes:
        edit: what was put in.
        shown: the units of the text after it.
        said: the units that the generator is told to say: the same, or with a statement in a body
            that is empty in the text, as it is in the target.
    """

    edit: Edit
    shown: TokenStream
    said: TokenStream

    def makes(self, saying: Saying, place: InsertPlace | AddPlace) -> bool:
        """Returns whether a saying is for just this edit, caret included."""
        edit, shown = self.edit, self.shown
        start = saying.start
        if isinstance(place, InsertPlace):
            start, stop, suffix = place.start, place.stop, place.suffix
        else:
            stop, suffix = saying.stop - (len(self.said) - len(shown)), ""
            if not any(
                self._fills(place.snippets, start, stop, first, last) for first, last in edit.spans
            ):
                return False
        if saying.target != suffix + decode(shown.tokens(start, stop)).text:
            return False
        if edit.caret is None:
            return True
        caret = max(start, _unit_from(shown, edit.caret))
        return saying.target[: saying.caret] == suffix + decode(shown.tokens(start, caret)).text

    def _fills(self, nodes: AddPlaces, start: int, stop: int, first: int, last: int) -> bool:
        """Returns whether the units of a node are all that is said between two offsets."""
        shown = self.shown
        low, high = _unit_from(shown, first), _unit_from(shown, last)
        around = (range(low, start), range(stop, high))
        return (
            low <= start
            and stop <= high
            and all(nodes.may_surround(shown, units) for units in around)
        )


def scenes(edit: Edit, language: Language, *, nodes: bool) -> Iterator[Scene]:
    """Yields the units that an edit may be said from.

    Args:
        edit: what was put in.
        language: its language.
        nodes: whether nodes are to be said, which need what the target leaves out.
    """
    shown = token_stream(edit.text)
    yield Scene(edit, shown, shown)
    statement = ""
    if nodes and language.snippets is not None:
        statement = shapes_named(language.snippets).empty_statement
    if not statement:
        return
    first, last = min(edit.spans)[0], max(edit.spans)[1]
    for found in _LINE_START.finditer(edit.text, first, last):
        at = found.end()
        blanks = len(edit.text[at:]) - len(edit.text[at:].lstrip(" "))
        line = " " * (blanks + _STEP) + statement + "\n"
        yield Scene(edit, shown, token_stream(edit.text[:at] + line + edit.text[at:]))
