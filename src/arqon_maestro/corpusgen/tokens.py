"""Source code to model tokens and back (corpusgen.md, section 1).

A file is a sequence of *units*: a line break with its indentation, a blank, a word with its
capitals, a number or one symbol. A unit prints as one or more tokens: ``C max`` is a capital
marker and a word, ``8 0`` two digits.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate
from operator import itemgetter

from arqon_maestro.corpusgen.normalise import normalise

# One character of `TokenStream.shape` for each unit. A symbol's shape is the symbol itself.
SPACE = " "
NEWLINE, INDENT, DEDENT = "N", "I", "D"
LOWER, CAPITAL, CAPS, LETTER = "w", "c", "u", "o"  # LETTER: one capital letter
NUMBER = "n"
LINE_BREAKS = NEWLINE + INDENT + DEDENT
WORDS = LOWER + CAPITAL + CAPS + LETTER

_PRINTED_BREAKS = {NEWLINE: "NL", INDENT: "I", DEDENT: "D"}
_CONTROL = frozenset(("SP", "NL", "I", "D", "CRSR"))
_ESCAPE = "ESCAPE_"
# Words repeat, so their printed forms are kept, up to this many between two files.
_CACHED_FORMS = 200_000


@lru_cache(maxsize=1)
def contractions() -> tuple[str, ...]:
    """Returns the English contractions that are one word, as spelled in the list."""
    text = resources.files("arqon_maestro.corpusgen").joinpath("contractions.txt").read_text()
    return tuple(text.split())


def _piece_pattern() -> re.Pattern[str]:
    # Reverse order puts "can't've" before "can't". A form that starts with an apostrophe can
    # never match: the apostrophe is a symbol by then.
    forms = sorted((form for form in contractions() if form[0].isalpha()), reverse=True)
    lower = "|".join(re.escape(form[0].lower() + form[1:]) for form in forms)
    upper = "|".join(re.escape(form[0].upper() + form[1:]) for form in forms)
    end = r"(?![A-Za-z0-9_])"
    return re.compile(
        # The end of a line with the blanks that trail it, and the next line's indentation. Only
        # where a run of blanks starts is it worth while to look for its end.
        r"(?<! ) ++\n *+"
        r"|\n *+"
        r"| "
        r"|[^A-Za-z0-9 \n]"
        r"|[0-9]++"
        # Nearly every word has no apostrophe after it: settle those before trying the list.
        rf"|[a-z]++(?!')|(?:{lower}){end}|[a-z]++"
        rf"|[A-Z][a-z]++(?!')|(?=[A-Z][a-z]*+')(?:{upper}){end}|[A-Z][a-z]++"
        r"|[A-Z]+(?=[A-Z][a-z])"
        r"|[A-Z]++"
    )


class _Forms(dict[str, tuple[str, str, str]]):
    """Piece of source -> shape, printed form, text."""

    def __missing__(self, piece: str) -> tuple[str, str, str]:
        first = piece[0]
        if "\n" in piece:
            form = (NEWLINE, _PRINTED_BREAKS[NEWLINE], "\n")
        elif first == " ":
            form = (SPACE, "SP", " ")
        elif first.isdigit():
            form = (NUMBER, " ".join(piece), piece)
        elif not first.isalpha():
            form = (piece, piece, piece)
        else:
            word = piece.lower()
            if piece == word:
                form = (LOWER, word, word)
            elif len(piece) > 1 and piece[1:] == word[1:]:
                form = (CAPITAL, f"C {word}", word)
            else:
                form = (CAPS if len(piece) > 1 else LETTER, f"A {word}", word)
        if len(self) >= _CACHED_FORMS:
            self.clear()
        self[piece] = form
        return form


_PIECES = _piece_pattern()
_NEWLINE = re.compile(NEWLINE)
_FORMS = _Forms()


@dataclass(frozen=True, slots=True)
class TokenStream:
    """The units of one normalised source, in parallel sequences.

    Attributes:
        source: the normalised source.
        shape: one character a unit: `SPACE`, `NEWLINE`, `INDENT`, `DEDENT`, `LOWER`, `CAPITAL`,
            `CAPS`, `LETTER`, `NUMBER`, or the symbol itself. Runs are found with regular
            expressions over it.
        printed: a unit's tokens, joined by blanks (``"C max"``, ``"8 0"``, ``"SP"``).
        text: a word in lower case, a number's digits, a symbol.
        start: offset of each unit in `source`, and one more entry, the length of `source`. Units
            tile the source: unit i is ``source[start[i]:start[i + 1]]``. A line break holds the
            blanks that trail the line before and the indentation of the line after; the first
            unit is a line break that holds only the first line's indentation.
    """

    source: str
    shape: str
    printed: list[str]
    text: list[str]
    start: list[int]

    def __len__(self) -> int:
        return len(self.shape)

    def index_at(self, offset: int) -> int:
        """Returns the unit that holds character `offset`; the number of units at the end."""
        if offset >= len(self.source):
            return len(self.shape)
        return bisect_right(self.start, offset) - 1

    def tokens(self, start: int, stop: int) -> tuple[str, ...]:
        """Returns the printed tokens of the units from `start` to `stop`."""
        return split_units(self.printed[start:stop])


def split_units(units: Sequence[str]) -> tuple[str, ...]:
    """Splits printed units (``["C max", "8 0"]``) into tokens (``("C", "max", "8", "0")``)."""
    return tuple(" ".join(units).split(" ")) if units else ()


def token_stream(source: str) -> TokenStream:
    """Splits `source`, which is normalised first, into units."""
    source = normalise(source)
    # The line break before the first line is not in the source.
    pieces = _PIECES.findall("\n" + source)
    start = list(accumulate(map(len, pieces), initial=-1))
    start[0] = 0
    forms = [*map(_FORMS.__getitem__, pieces)]
    shapes, printed, text = ([*map(itemgetter(column), forms)] for column in range(3))
    width, last = 0, len(pieces) - 1
    for found in _NEWLINE.finditer("".join(shapes)):
        unit = found.start()
        # A blank line keeps the remembered width; the last line is never taken for blank.
        if unit < last and pieces[unit + 1][0] == "\n":
            continue
        piece = pieces[unit]
        indentation = len(piece) - piece.index("\n") - 1
        if indentation != width:
            kind = INDENT if indentation > width else DEDENT
            shapes[unit], printed[unit] = kind, _PRINTED_BREAKS[kind]
            width = indentation
    return TokenStream(source, "".join(shapes), printed, text, start)


def tokenize(source: str) -> list[str]:
    """Returns the model tokens of `source` (corpusgen.md, section 1).

    The source is normalised first. The list starts with ``NL`` or ``I``, as every line does.
    """
    return list(split_units(token_stream(source).printed))


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of model tokens, and where its caret is (None without a ``CRSR``)."""

    text: str
    cursor: int | None


def decode(tokens: Iterable[str], indentation: str = "    ", line_indentation: str = "") -> Decoded:
    """Turns a model's target into text (corpusgen.md, sections 1.3 and 1.4).

    ``NL``, ``I`` and ``D`` are line feeds; what follows is `line_indentation`, that of the line
    the text is put in, and one `indentation` for each level, unless the line is blank. The depth
    starts at 0; a negative depth prints no indentation. Of several ``CRSR``, the last is the
    caret.
    """
    parts: list[str] = []
    length = 0
    depth = 0
    cursor: int | None = None
    marker = ""
    pending = ""  # indentation of a line that may yet turn out to be blank
    for token in tokens:
        if marker and token not in _CONTROL:
            word = token.removeprefix(_ESCAPE)
            part = word.replace("'", "").upper() if marker == "A" else word[:1].upper() + word[1:]
            marker = ""
        elif token in ("NL", "I", "D"):
            depth += (token == "I") - (token == "D")
            part, marker = marker + "\n", ""
            pending = line_indentation + indentation * depth
        else:
            part, marker = pending + marker, ""  # a marker with no word prints as it is
            pending = ""
            if token == "SP":
                part += " "
            elif token == "CRSR":
                cursor = length + len(part)
            elif token in ("A", "C"):
                marker = token
            else:
                part += token.removeprefix(_ESCAPE)
        parts.append(part)
        length += len(part)
    parts.append(pending or marker)
    return Decoded("".join(parts), cursor)


def detokenize(tokens: Sequence[str], indentation: int = 4) -> str:
    """Returns the text of `tokens`, the inverse of `tokenize`.

    The line break that starts every token list prints only its indentation. Each level of
    indentation prints `indentation` blanks, whatever the source had: a source comes back
    unchanged (once normalised) if its lines step in and out by that many blanks, one level at a
    time, and have no trailing blanks but on the last line.

    Args:
        tokens: printed tokens; ``CRSR`` prints nothing.
        indentation: blanks for one level.
    """
    text = decode(tokens, " " * indentation).text
    return text[1:] if tokens and tokens[0] in ("NL", "I", "D") else text
