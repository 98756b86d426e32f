"""Compounds: words written together that are said one after the other, ``linebuffer``.

A grapheme-to-phoneme model reads across the seam (``lini-buffer``); where a word falls into known
words that the corpus has often, their pronunciations in a row are right far more often
(docs/reference/lexicon.md has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from arqon_maestro.speech_engine.lexicon.g2p import G2pModel
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    PRIMARY,
    SECONDARY,
    Lexicon,
    Pronunciation,
)

COMPOUND = "compound"
#: Shorter words are found inside of too many others.
LEAST_LETTERS = 3
#: A part occurs as often in the corpus; rarer ones are names and accidents of spelling.
LEAST_COUNT = 20
MOST_PARTS = 3
#: A word of three parts has as many letters; shorter ones are accidents: comp|let|ers.
LEAST_LETTERS_OF_THREE = 12
#: Words that at the end of another are an ending, and said otherwise: list|able, stat|ion.
# fmt: off
ENDINGS = frozenset([
    "able", "age", "ages", "ally", "ant", "ants", "ate", "ates", "eof", "ers", "ing", "ion", "ions",
    "less", "ted", "ter", "ters", "uses",
])
# fmt: on


def split_compound(
    word: str, counts: Mapping[str, int], lexicon: Lexicon, *, parts: int = MOST_PARTS
) -> tuple[str, ...]:
    """Splits a word into known, frequent words: as few as can be, then the likeliest.

    Args:
        word: letters a–z.
        counts: occurrences in the corpus by word.
        lexicon: words that are known.
        parts: at most.

    Returns:
        Two or more parts; nothing if the word is none.
    """
    if parts < 2:
        return ()
    best: tuple[tuple[int, float], tuple[str, ...]] | None = None
    for place in range(LEAST_LETTERS, len(word) - LEAST_LETTERS + 1):
        first, rest = word[:place], word[place:]
        if not _is_part(first, counts, lexicon):
            continue
        if rest not in ENDINGS and _is_part(rest, counts, lexicon):
            found: tuple[str, ...] = (first, rest)
        elif len(word) < LEAST_LETTERS_OF_THREE:
            continue
        else:
            behind = split_compound(rest, counts, lexicon, parts=parts - 1)
            if not behind:
                continue
            found = (first, *behind)
        rank = (-len(found), sum(math.log(counts[part]) for part in found))
        if best is None or rank > best[0]:
            best = (rank, found)
    return best[1] if best else ()


def _is_part(word: str, counts: Mapping[str, int], lexicon: Lexicon) -> bool:
    return counts.get(word, 0) >= LEAST_COUNT and word in lexicon


def say_compound(word: str, parts: Iterable[str], lexicon: Lexicon) -> Pronunciation:
    """Returns the parts' first pronunciations in a row; only the first part keeps main stress."""
    phones: list[str] = []
    for part in parts:
        said = lexicon.pronunciations(part)[0].phones
        stressed = any(phone.endswith(PRIMARY) for phone in phones)
        phones += [_weakened(phone) if stressed else phone for phone in said]
    return Pronunciation(word, tuple(phones), COMPOUND)


def _weakened(phone: str) -> str:
    return phone[:-1] + SECONDARY if phone.endswith(PRIMARY) else phone


def pronounce_compounds(
    words: Iterable[str], counts: Mapping[str, int], lexicon: Lexicon
) -> list[Pronunciation]:
    """Pronounces those of `words` that are compounds, sorted; arguments as `split_compound`."""
    split = ((word, split_compound(word, counts, lexicon)) for word in sorted(set(words)))
    return [say_compound(word, parts, lexicon) for word, parts in split if parts]


def pronounce_missing(
    words: Iterable[str], counts: Mapping[str, int], lexicon: Lexicon, model: G2pModel
) -> list[Pronunciation]:
    """Pronounces words that no dictionary has: compounds by their parts, the others by G2P.

    Args:
        words: letters a–z.
        counts: occurrences in the corpus by word.
        lexicon: words that are known.
        model: for what is no compound.

    Returns:
        Entries of the sources ``compound`` and ``g2p``.
    """
    compounds = pronounce_compounds(words, counts, lexicon)
    return [*compounds, *model.pronounce(set(words) - {entry.word for entry in compounds})]
