"""Builds the lexicon from its sources, and finds what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
    spelled_words,
)

_LETTERS = re.compile(r"[a-z]+")
#: Words with more letters are not learned as one pronunciation: they are compounds in disguise.
MAXIMUM_G2P_LETTERS = 24


def build_lexicon(
    corpus_words: Iterable[str] = (), predicted: Iterable[Pronunciation] = ()
) -> Lexicon:
    """Builds the lexicon: hand-labelled words, CMU dictionary, letters, spelled words, then G2P.

    Args:
        corpus_words: words of the corpus; those marked ``(spell)`` get their spelled pronunciation,
            whether they are known acronyms or not.
        predicted: pronunciations by G2P of words that no other source has.

    Returns:
        All pronunciations; two sources that agree give one entry, named after the first.
    """
    spelled_in_corpus = {unspelled(word) for word in corpus_words if is_spelled(word)}
    to_spell = {word for word in spelled_in_corpus if _LETTERS.fullmatch(word)} | set(acronyms())
    sources: tuple[Iterable[Pronunciation], ...] = (
        hand_labelled(),
        cmu_dictionary(),
        letters(),
        spelled_words(sorted(word for word in to_spell if len(word) > 1)),
        predicted,
    )
    return Lexicon.of(entry for source in sources for entry in source)


def missing_words(counts: Mapping[str, int], lexicon: Lexicon, limit: int) -> list[str]:
    """Returns the commonest words of a corpus that the lexicon lacks, for G2P.

    Only words of two or more letters, at least one of them a vowel letter or ``y``; spelled words
    need no G2P.

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
        and not set(word).isdisjoint("aeiouy")
    ]
    candidates.sort(key=lambda word: (-counts[word], word))
    return candidates[:limit]
