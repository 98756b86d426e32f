"""Where something can be said in a file: ranges of units for inserts, nodes for add mappings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from arqon_maestro.corpusgen.explain.edits import Edit
from arqon_maestro.corpusgen.explain.generator import LedGenerator
from arqon_maestro.corpusgen.explain.search import DeadEndError
from arqon_maestro.corpusgen.generation import CARET
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.snippets.containers import Candidate, candidates
from arqon_maestro.corpusgen.snippets.parts import UnsayableError
from arqon_maestro.corpusgen.snippets.source import SyntaxSnippets
from arqon_maestro.corpusgen.spoken.words import plural_suffix
from arqon_maestro.corpusgen.tokens import (
    LINE_BREAKS,
    NUMBER,
    WORDS,
    TokenStream,
    decode,
    split_units,
)
from arqon_maestro.languages import Language

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

    def within(self, start: int, stop: int) -> list[AddPlace]:
        """Returns the nodes that lie between two offsets."""
        tree = self._file.tree
        return [
            AddPlace(self, found)
            for found in candidates(tree, self._file.shapes)
            if start <= tree.starts[found.node] and tree.ends[found.node] <= stop
        ]

    def around(self, offset: int) -> list[AddPlace]:
        """Returns the nodes that an offset lies in, the innermost first."""
        tree = self._file.tree
        found = [
            AddPlace(self, found)
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
    """A node that can be added."""

    snippets: AddPlaces
    candidate: Candidate

    def say(self, generator: LedGenerator) -> Saying:
        """Says the node; raises DeadEndError if it cannot be said so."""
        return self.snippets.say(self.candidate, generator)


def insert_place(stream: TokenStream, edit: Edit) -> InsertPlace | None:
    """Returns the units that were put in; None if the edit starts or ends inside a word.

    Line breaks at either end, with their indentation, are left out: they are made before.
    """
    starts, shape = stream.start, stream.shape
    first, last = _unit_from(stream, edit.start), _unit_from(stream, edit.stop)
    suffix = ""
    if edit.text[edit.start : starts[first]].strip():
        if first == 0 or shape[first - 1] not in WORDS:
            return None
        suffix = edit.text[edit.start : starts[first]]
        if suffix != plural_suffix(stream.text[first - 1]):
            return None
    if edit.text[edit.stop : starts[last]].strip():
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


def makes(saying: Saying, place: InsertPlace | AddPlace, stream: TokenStream, edit: Edit) -> bool:
    """Returns whether a saying is for just this edit, caret included."""
    if isinstance(place, InsertPlace):
        start, stop = place.start, place.stop
        expected = place.suffix + decode(stream.tokens(start, stop)).text
    else:
        start, stop = saying.start, saying.stop
        low, high = _unit_from(stream, edit.start), _unit_from(stream, edit.stop)
        if start < low or stop > high:
            return False
        around = (range(low, start), range(stop, high))
        if not all(place.snippets.may_surround(stream, units) for units in around):
            return False
        expected = decode(stream.tokens(start, stop)).text
    if saying.target != expected:
        return False
    if edit.caret is None:
        return True
    caret = _unit_from(stream, edit.caret)
    before = decode(stream.tokens(start, max(start, caret))).text
    if isinstance(place, InsertPlace):
        before = place.suffix + before
    return saying.target[: saying.caret] == before
