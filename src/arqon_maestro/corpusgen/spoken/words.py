"""How single words are said: aliases, halves, plurals, spelling (corpusgen.md, 3.1, 3.8, 6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.rates import (
    ALTERNATIVE_LETTERS_BELOW,
    RANDOM_LETTERS_AT_MOST,
    SPELL_SUFFIX,
    WAKE_WORD,
    Rates,
)
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST_SECOND_HALF = 2
_CACHED_WORDS = 50_000
# No two words of the dictionary make a longer one; a "word" may be a megabyte.
_LONGEST_COMPOSITE = 100


def _data_lines(name: str) -> list[str]:
    text = resources.files("arqon_maestro.corpusgen.spoken").joinpath(name).read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Returns what may be said in place of a word: word to phrases."""
    table: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in _data_lines("aliases.txt"):
        # "ptr: pointer" is read one way, "string, str" both ways.
        word, _, phrases = line.rpartition(":")
        names = [name.strip() for name in phrases.split(",")]
        if word:
            table[word] = table.get(word, ()) + tuple(tuple(name.split()) for name in names)
            continue
        for name in names:
            others = tuple(tuple(other.split()) for other in names if other != name)
            table[name] = table.get(name, ()) + others
    return table


@lru_cache(maxsize=1)
def acronyms() -> frozenset[str]:
    """Returns acronyms and abbreviations that programmers spell, in lower case."""
    return frozenset(word for line in _data_lines("acronyms.txt") for word in line.split())


@lru_cache(maxsize=_CACHED_WORDS)
def halves(word: str) -> tuple[tuple[str, str], ...]:
    """Returns the ways to split `word` in two dictionary words; none for a contraction.

    The dictionary has ``'s``, but no word of a source starts with an apostrophe.
    """
    if len(word) > _LONGEST_COMPOSITE or "'" in word:
        return ()
    known = dictionary_words()
    return tuple(
        (word[:cut], word[cut:])
        for cut in range(1, len(word) - _LEAST_SECOND_HALF + 1)
        if word[:cut] in known and word[cut:] in known
    )


def plural_suffix(word: str) -> str:
    """Returns the ending, ``s`` or ``es``, that leaves a dictionary word; empty if none does.

    ``s`` is tried first: names are "name" and "s", classes "class" and "es".
    """
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        known = dictionary_words()
        if word[:-1] in known:
            return "s"
        if word.endswith("es") and word[:-2] in known:
            return "es"
    return ""


def spelled(letters: str) -> list[str]:
    """Returns letters as spoken one by one: ``u(spell) r(spell) l(spell)``."""
    return [letter + SPELL_SUFFIX for letter in letters]


def alternative(word: str, altered: bool, wake: bool, choices: Choices, rates: Rates) -> list[str]:
    """Returns what is said for a word in text mode: mostly the word, now and then its letters.

    Args:
        word: the word.
        altered: whether it is spelled, or gives way to random letters, if it is a short one.
        wake: whether the wake word is said instead, if it is not altered.
        choices: decides the rest.
        rates: probabilities.
    """
    if altered and len(word) < ALTERNATIVE_LETTERS_BELOW:
        if not word.isalpha():
            return [word]
        if choices.flip(rates.spelled_alternative):
            return spelled(word)
        length = 1 + choices.below(RANDOM_LETTERS_AT_MOST)
        return spelled("".join(choices.choose(_LETTERS) for _ in range(length)))
    if wake:
        return [WAKE_WORD]
    if word in acronyms():
        spelled_as_one, spelled_out = rates.acronym_spelled_as_one, rates.acronym_spelled_out
        if choices.flip(spelled_as_one):
            return [word + SPELL_SUFFIX]
        if choices.flip(spelled_out / (1 - spelled_as_one)):
            return spelled(word)
    return [word]
