"""Styled identifiers: the longest run of units that is one name (corpusgen.md, section 1.6).

Numbers glued to a word belong to it. They make no style of their own: ``foo3`` is lower case.
"""

from __future__ import annotations

import re

ALL_CAPS = "ALL_CAPS"
CAMEL_CASE = "CAMEL_CASE"
CAPITALIZED = "CAPITALIZED"
DASHES = "DASHES"
LOWERCASE = "LOWERCASE"
PASCAL_CASE = "PASCAL_CASE"
TITLE_CASE = "TITLE_CASE"
UNDERSCORES = "UNDERSCORES"

# Over `TokenStream.shape`. At a given first unit what follows decides between the styles, so the
# first alternative that matches is also the longest.
IDENTIFIER = re.compile(
    r"wn*+(?:((?:_wn*+)++)|((?:-wn*+)++)|([cuo][cuon]*+))?"
    r"|cn*+(?:((?: cn*+)++)|([cuo][cuon]*+))?"
    r"|on*+(?:([cuo][cuon]*+)|((?:_[uo]n*+)++))?"
    r"|un*+(?:_[uo]n*+)*+"
)
_FIRST_WORD = re.compile(r"[wcuo]n*+")

_STYLES = (
    "",
    UNDERSCORES,
    DASHES,
    CAMEL_CASE,
    TITLE_CASE,
    PASCAL_CASE,
    PASCAL_CASE,
    ALL_CAPS,
)
_SINGLE = {"w": (LOWERCASE,), "c": (CAPITALIZED,), "o": (CAPITALIZED, ALL_CAPS), "u": (ALL_CAPS,)}


def styles_of(found: re.Match[str]) -> tuple[str, ...]:
    """Returns the styles of an `IDENTIFIER` match: one, or two that are as good (``X``)."""
    if found.lastindex is not None:
        return (_STYLES[found.lastindex],)
    return _SINGLE[found.string[found.start()]]


def identifier(shape: str, at: int, stop: int) -> re.Match[str]:
    """Returns the longest identifier from `at`, which is a word, to at most `stop`."""
    found = IDENTIFIER.match(shape, at, stop)
    if found is None:
        raise ValueError(f"unit {at} is not a word")
    return found


def first_word_end(shape: str, at: int, stop: int) -> int:
    """Returns the index after the word at `at` and the numbers glued to it."""
    found = _FIRST_WORD.match(shape, at, stop)
    return found.end() if found else at + 1
