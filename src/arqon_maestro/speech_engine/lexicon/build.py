"""Builds the lexicon from its sources, and finds what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from arqon_maestro.speech_engine.lexicon.pronunciations import (
    Lexicon,
    Pronunciation,
    is_spelled,
    unspelled,
)
from arqon_maestro.speech_engine.lexicon.sources import (
    acronyms,
    cmu_dictionary,
    hand_labelled,
    letters,
    spelled_plainly,
    spelled_words,
)

_LETTERS = re.compile(r"[a-z]+")
#: Words with more letters are not learned as one pronunciation: they are compounds in disguise.
MAXIMUM_G2P_LETTERS = 24
#: Words without a vowel letter are said letter by letter; longer ones are not words at all.
MAXIMUM_SPELLED_LETTERS = 5
_VOWEL_LETTERS = frozenset("aeiouy")


def build_lexicon(
    corpus_words: Iterable[str] = (),
    predicted: Iterable[Pronunciation] = (),
    own: Iterable[Pronunciation] = (),
) -> Lexicon:
    """Builds the lexicon: own words, hand-labelled ones, CMU dictionary, letters, spelled words.

    An acronym that no dictionary has, and a word of the corpus without a vowel letter, is said
    letter by letter even where it is not marked ``(spell)``.

    Args:
        corpus_words: words of the corpus; those marked ``(spell)`` get their spelled pronunciation,
            whether they are known acronyms or not.
        predicted: pronunciations of words that no other source has (`compounds`, G2P).
        own: what a person has added; it comes first.

    Returns:
        All pronunciations; two sources that agree give one entry, named after the first.
    """
    return Lexicon.of([*_known(set(corpus_words), own), *predicted])


def known_pronunciations(words: Iterable[str], own: Iterable[Pronunciation] = ()) -> Lexicon:
    """Returns what `build_lexicon` says of a few words of the corpus, without building the rest."""
    wanted = set(words)
    return Lexicon.of(entry for entry in _known(wanted, own) if entry.word in wanted)


def _known(corpus: set[str], own: Iterable[Pronunciation]) -> Iterator[Pronunciation]:
    """Yields the pronunciations of all sources but G2P, those that come first first."""
    marked = {unspelled(word) for word in corpus if is_spelled(word)}
    to_spell = {word for word in marked if _LETTERS.fullmatch(word)} | set(acronyms())
    plainly = {word for word in corpus if is_said_by_letters(word)} | set(acronyms())
    for entry in chain(own, hand_labelled(), cmu_dictionary(), letters()):
        plainly.discard(entry.word)
        yield entry
    yield from spelled_words(sorted(word for word in to_spell if len(word) > 1))
    yield from spelled_plainly(sorted(plainly))


def is_said_by_letters(word: str) -> bool:
    """Says whether a word has no vowel letter and is short, so that nobody says it as a word."""
    return (
        2 <= len(word) <= MAXIMUM_SPELLED_LETTERS
        and _LETTERS.fullmatch(word) is not None
        and _VOWEL_LETTERS.isdisjoint(word)
    )


def missing_words(counts: Mapping[str, int], lexicon: Lexicon, limit: int) -> list[str]:
    """Returns the commonest words of a corpus that the lexicon lacks, for G2P.

    Only words of two or more letters, at least one of them a vowel letter or ``y``; what is spelled
    needs no G2P.

    Args:
        counts: occurrences by word.
        lexicon: what is known already.
        limit: how many to return at most.
    """
    candidates = [
        word
        for word in counts
        if word not in lexicon
        and 2 <= len(word) <= MAXIMUM_G2P_LETTERS
        and _LETTERS.fullmatch(word)
        and not _VOWEL_LETTERS.isdisjoint(word)
    ]
    candidates.sort(key=lambda word: (-counts[word], word))
    return candidates[:limit]
