"""The contexts of a mapping, in training and in use (corpusgen.md, sections 1.6 and 2).

The *leading context* is the units just before the caret. The *alpha context* is earlier
identifiers whose words are being said, so that the model sees how they are styled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import product

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.rates import (
    ALPHA_LEAST_LEADING_UNITS,
    ALPHA_LIMIT_UNITS,
    ALPHA_WINDOW_UNITS,
    LEADING_UNITS_AT_INFERENCE,
    LEADING_UNITS_BELOW,
    RATES,
    Rates,
)
from arqon_maestro.corpusgen.spoken.readings import readings
from arqon_maestro.corpusgen.styles import IDENTIFIER
from arqon_maestro.corpusgen.tokens import NUMBER, WORDS, TokenStream, split_units, token_stream

ALPHA_SEPARATOR = "ASD"
CONTEXT = "CTX"
ENGLISH = "ENG"
SNIPPET = "SNIP_"
_BETWEEN_ENTRIES = f" {ALPHA_SEPARATOR} "

# An identifier with more numbers than this has too many readings to compare them all.
_MOST_KEYS = 200
# How much of a file is looked at first for a number of units before the caret.
_CHARACTERS_A_UNIT = 4


class _Entry:
    """An identifier: its printed units, how many they are, and where it starts, in order."""

    __slots__ = ("printed", "starts", "units")

    def __init__(self, printed: str, units: int) -> None:
        self.printed = printed
        self.units = units
        self.starts: list[int] = []


class _Sharing:
    """The identifiers whose first word is the same."""

    __slots__ = ("alone", "longer")

    def __init__(self) -> None:
        # Those of this one word, and the others by their second word, with all their words.
        self.alone: list[_Entry] = []
        self.longer: dict[str, list[tuple[tuple[str, ...], _Entry]]] = {}

    def add(self, words: tuple[str, ...], entry: _Entry) -> None:
        if len(words) == 1:
            self.alone.append(entry)
        else:
            self.longer.setdefault(words[1], []).append((words, entry))


class AlphaIndex:
    """The styled identifiers of one file, to be found by the words that are said."""

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream
        self._by_first_word: dict[str, _Sharing] = {}
        self._starts: list[int] = []
        # Units that an identifier of several units goes on at.
        self._inside = inside = bytearray(len(stream.shape) + 1)
        entries: dict[str, _Entry] = {}
        printed_units = stream.printed
        for found in IDENTIFIER.finditer(stream.shape):
            start, end = found.span()
            self._starts.append(start)
            if end - start == 1:
                printed = printed_units[start]
            else:
                printed = " ".join(printed_units[start:end])
                inside[start + 1 : end] = b"\1" * (end - start - 1)
            entry = entries.get(printed)
            if entry is None:
                entry = entries[printed] = _Entry(printed, end - start)
                for words in _spoken_words(stream, start, end):
                    sharing = self._by_first_word.get(words[0])
                    if sharing is None:
                        sharing = self._by_first_word[words[0]] = _Sharing()
                    sharing.add(words, entry)
            entry.starts.append(start)

    def matching(self, words: Sequence[str], stop: int) -> list[tuple[int, int, str]]:
        """Returns the identifiers before unit `stop` whose words occur in `words`, side by side.

        Args:
            words: what is said, one word each.
            stop: where the leading context begins. An identifier across it counts up to it.

        Returns:
            Last start, number of units and printed form of each, without repetition.
        """
        start = max(0, stop - ALPHA_WINDOW_UNITS)
        if start > 0:
            # The window must not begin inside an identifier.
            shape = self._stream.shape
            while start < stop and (shape[start] in WORDS or shape[start] == NUMBER):
                start += 1
        found: dict[str, tuple[int, int, str]] = {}
        by_first_word = self._by_first_word
        before = ""
        for at in range(len(words) - 1, -1, -1):
            word = words[at]
            sharing = by_first_word.get(word)
            if sharing is not None:
                candidates: Iterable[_Entry] = sharing.alone
                if before in sharing.longer:
                    longer = [
                        entry
                        for key, entry in sharing.longer[before]
                        if len(key) == 2 or tuple(words[at : at + len(key)]) == key
                    ]
                    candidates = [*candidates, *longer]
                for entry in candidates:
                    starts, units = entry.starts, entry.units
                    last = bisect_left(starts, stop - units + 1) - 1
                    if last >= 0 and starts[last] >= start:
                        found[entry.printed] = (starts[last], units, entry.printed)
            before = word
        if self._inside[stop]:
            for at, units, printed in self._cut_by(stop, start, words):
                found.setdefault(printed, (at, units, printed))
        return list(found.values())

    def _cut_by(
        self, stop: int, window: int, words: Sequence[str]
    ) -> Iterable[tuple[int, int, str]]:
        """Yields what is left of an identifier that `stop` cuts, if it is being said."""
        first = bisect_left(self._starts, stop) - 1
        if first < 0 or self._starts[first] < window:
            return
        whole = IDENTIFIER.match(self._stream.shape, self._starts[first])
        if whole is None or whole.end() <= stop:
            return
        for part in IDENTIFIER.finditer(self._stream.shape, whole.start(), stop):
            at, end = part.span()
            if any(_contains(words, key) for key in _spoken_words(self._stream, at, end)):
                yield at, end - at, " ".join(self._stream.printed[at:end])


def _spoken_words(stream: TokenStream, start: int, end: int) -> list[tuple[str, ...]]:
    """Returns the ways to say an identifier's words and numbers without its style."""
    kinds = stream.shape[start:end]
    texts = stream.text[start:end]
    if NUMBER not in kinds:
        words = [text for kind, text in zip(kinds, texts, strict=True) if kind in WORDS]
        return [tuple(words)]
    parts: list[tuple[tuple[str, ...], ...]] = []
    ways = 1
    for kind, text in zip(kinds, texts, strict=True):
        if kind in WORDS:
            parts.append(((text,),))
        elif kind == NUMBER:
            parts.append(readings(text))
            ways *= len(parts[-1])
            if ways > _MOST_KEYS:
                return []
    return [tuple(word for part in choice for word in part) for choice in product(*parts)]


def _contains(words: Sequence[str], part: tuple[str, ...]) -> bool:
    length = len(part)
    return any(tuple(words[at : at + length]) == part for at in range(len(words) - length + 1))


def _within_limit(entries: Iterable[tuple[int, int, str]]) -> list[str]:
    """Returns the printed entries that fit; one that does not is passed over."""
    kept: list[str] = []
    total = 0
    for _, units, printed in entries:
        if total + units + 1 <= ALPHA_LIMIT_UNITS:
            total += units + 1
            kept.append(printed)
    return kept


class Contexts:
    """Draws the contexts of a file's mappings for training.

    Args:
        stream: the file.
        choices: draws the leading context's length and the alpha entries.
        alpha: whether alpha contexts are wanted.
        rates: probabilities.
    """

    def __init__(
        self, stream: TokenStream, choices: Choices, *, alpha: bool = True, rates: Rates = RATES
    ) -> None:
        self._stream = stream
        self._choices = choices
        self._alpha = alpha
        self._keep = rates.keep_alpha
        self._index: AlphaIndex | None = None

    def draw(self, start: int, words: Sequence[str], stem: str = "") -> tuple[list[str], list[str]]:
        """Returns the leading context's printed units, and the alpha entries.

        Args:
            start: index of the mapping's first unit.
            words: what is said.
            stem: printed form of the unit before `start`, if the mapping begins inside it.
        """
        choices = self._choices
        length = choices.below(LEADING_UNITS_BELOW)
        first = max(0, start - length)
        leading = self._stream.printed[first:start]
        if stem and leading:
            leading[-1] = stem
        if not self._alpha or length < ALPHA_LEAST_LEADING_UNITS:
            return leading, []
        if self._index is None:
            self._index = AlphaIndex(self._stream)
        entries = self._index.matching(words, first)
        if not entries:
            return leading, []
        choices.shuffle(entries)
        flip, keep = choices.flip, self._keep
        return leading, _within_limit([entry for entry in entries if flip(keep)])


def auto_style_line(
    alpha: Sequence[str], leading: Sequence[str], words: Iterable[str], container: str | None
) -> str:
    """Returns an auto-style source line (sections 2.1 and 2.2).

    Args:
        alpha: alpha entries, tokens joined by blanks.
        leading: the leading context's tokens or printed units.
        words: what is said.
        container: where an added node lies; None for an insert.
    """
    marker = ENGLISH if container is None else SNIPPET + container
    line = " ".join([CONTEXT, *leading, marker, *words])
    return f"{_BETWEEN_ENTRIES.join(alpha)} {line}" if alpha else line


def _units_before(source: str, offset: int, reach: int) -> TokenStream:
    """Returns the units before a caret: all, or so many that the last `reach` are as among all.

    A line break's unit depends on the line before that is not blank, so the stream of a file's
    end is right from its first such line on. Identifiers do not go over line breaks.
    """
    length = _CHARACTERS_A_UNIT * reach
    while length < offset:
        start = source.rfind("\n", 0, offset - length) + 1
        text = normalise(source[start:offset])
        stream = token_stream(text)
        if len(stream) > reach + 1 + len(text) - len(text.lstrip(" \n")):
            return stream
        length *= 2
    return token_stream(source[:offset])


def leading_tokens(source: str, offset: int) -> list[str]:
    """Returns the leading context at use: the tokens of the last 35 units before the caret.

    Args:
        source: the file.
        offset: the caret, in characters of `source`.
    """
    stream = _units_before(source, offset, LEADING_UNITS_AT_INFERENCE)
    return list(split_units(stream.printed[-LEADING_UNITS_AT_INFERENCE:]))


def auto_style_source(
    source: str, offset: int, words: Sequence[str], container: str | None = None
) -> str:
    """Returns the auto-style model's source line at use, before unknowns are replaced.

    All alpha entries are kept while they fit, the last seen first.

    Args:
        source: the file; what is after the caret is not used.
        offset: the caret, in characters of `source`.
        words: what is said, one word each, without "insert" or "add".
        container: name of the list or slot that a node is added to; None for an insert.
    """
    stream = _units_before(source, offset, ALPHA_WINDOW_UNITS + LEADING_UNITS_AT_INFERENCE)
    first = max(0, len(stream) - LEADING_UNITS_AT_INFERENCE)
    entries = sorted(AlphaIndex(stream).matching(words, first), reverse=True)
    return auto_style_line(_within_limit(entries), stream.printed[first:], words, container)
