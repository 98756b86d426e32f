"""Rule-based formatting: what `type` makes of spoken words, and names in a given style.

Symbols are written for their names, styles apply to the words after their names, numbers become
digits, other words stay, with blanks between them. Nothing is learnt here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from arqon_maestro import languages
from arqon_maestro.corpusgen import styles
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.corpusgen.spoken.numbers import DIGITS, TEENS, TENS
from arqon_maestro.corpusgen.spoken.symbols import style_names, symbol_names
from arqon_maestro.corpusgen.tokens import token_stream

ESCAPE = "escape"
ESCAPE_PREFIX = "ESCAPE_"
# A number is read where one of these starts it; "a" and "hundred" alone are words.
_NUMBER_STARTS = frozenset({*DIGITS, *TEENS, *TENS})

_STYLED: dict[str, Callable[[Sequence[str]], str]] = {
    styles.ALL_CAPS: lambda words: "_".join(words).upper(),
    styles.CAMEL_CASE: lambda words: words[0] + "".join(map(str.capitalize, words[1:])),
    styles.CAPITALIZED: lambda words: " ".join((words[0].capitalize(), *words[1:])),
    styles.DASHES: "-".join,
    styles.LOWERCASE: "".join,
    styles.PASCAL_CASE: lambda words: "".join(map(str.capitalize, words)),
    styles.TITLE_CASE: lambda words: " ".join(map(str.capitalize, words)),
    styles.UNDERSCORES: "_".join,
}


def join_escapes(words: Sequence[str]) -> tuple[str, ...]:
    """Joins the spoken pair "escape W" to ``ESCAPE_W``, which no model changes (section 1.4)."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        following = next(rest, None) if word == ESCAPE else None
        joined.append(word if following is None else ESCAPE_PREFIX + following)
    return tuple(joined)


def styled(words: Sequence[str], style: str) -> str:
    """Returns words, at least one, as one name of a style of `corpusgen.styles`."""
    return _STYLED[style]([word.lower() for word in words])


def style_of(text: str) -> str | None:
    """Returns the style of a text that is one name of a clear style, else None.

    One lower-case word is in no clear style: it could become several words of any.
    """
    stream = token_stream(text)
    found = styles.IDENTIFIER.fullmatch(stream.shape, 1)
    if found is None:
        return None
    possible = styles.styles_of(found)
    return possible[0] if len(possible) == 1 and possible[0] != styles.LOWERCASE else None


def formatted(words: Sequence[str], language: str) -> str:
    """Returns the text that spoken words stand for, by rule.

    Args:
        words: lower-case words; "escape" before a word keeps it as it is.
        language: whose names of symbols hold.
    """
    parts: list[str] = []
    glued = True  # no blank is needed before the next word
    style: str | None = None
    run: list[str] = []  # words that the style applies to
    names, longest = _names(language)

    def close() -> None:
        nonlocal style, glued
        if run:
            put(styled(run, style) if style else " ".join(run))
            run.clear()
        style = None

    def put(text: str) -> None:
        nonlocal glued
        parts.append(text if glued else " " + text)
        glued = False

    at = 0
    while at < len(words):
        if words[at] == ESCAPE and at + 1 < len(words):
            run.append(words[at + 1])
            at += 2
            continue
        length, symbol, new_style = _longest_name(words, at, names, longest)
        if length:
            close()
            style = new_style
            if new_style is None:
                parts.append(symbol)
                glued = True
        elif words[at] in _NUMBER_STARTS:
            length, number = _number(words, at)
            close()
            put(number)
        else:
            run.append(words[at])
            length = 1
        at += length
    close()
    return "".join(parts)


@cache
def _names(language: str) -> tuple[dict[tuple[str, ...], tuple[str, str | None]], int]:
    """Returns name → (symbol, style), of which one is empty, and the longest name's length."""
    names: dict[tuple[str, ...], tuple[str, str | None]] = {}
    for symbol, spoken in symbol_names(languages.get(language)).items():
        # Keywords of the table, such as " and ", are ordinary words here.
        if not any(character.isalpha() for character in symbol):
            for name in spoken:
                names.setdefault(tuple(name.split()), (symbol, None))
    for style, phrases in style_names().items():
        for phrase in phrases:
            names[phrase] = ("", style)
    names["new", "line"] = names["newline",] = ("\n", None)
    return names, max(map(len, names))


def _longest_name(
    words: Sequence[str],
    at: int,
    names: dict[tuple[str, ...], tuple[str, str | None]],
    longest: int,
) -> tuple[int, str, str | None]:
    for length in range(min(longest, len(words) - at), 0, -1):
        found = names.get(tuple(words[at : at + length]))
        if found is not None and found[1] is not None and at + length == len(words):
            break  # a style needs a word to apply to
        if found is not None:
            return length, *found
    return 0, "", None


def _number(words: Sequence[str], at: int) -> tuple[int, str]:
    """Returns how many words the longest number has, and its digits."""
    stop = at + 1
    best = 1, str(parse_number(words[at:stop]))
    while stop < len(words):
        stop += 1
        value = parse_number(words[at:stop])
        if value is not None:
            best = stop - at, str(value)
        elif words[stop - 1] != "and":
            break
    return best
