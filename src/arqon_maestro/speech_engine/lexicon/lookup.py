"""Looks words up: their pronunciations, where each comes from, whether they can be recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.speech_engine.lexicon.build import known_pronunciations
from arqon_maestro.speech_engine.lexicon.compounds import COMPOUND
from arqon_maestro.speech_engine.lexicon.formats import read_provenance
from arqon_maestro.speech_engine.lexicon.g2p import G2P
from arqon_maestro.speech_engine.lexicon.own_words import read_own_words
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.lexicon.vocabulary import (
    read_dropped_words,
    read_vocabulary,
    read_word_counts,
)


@dataclass(frozen=True)
class LexiconFiles:
    """Files of the library root that say what was built; each may be missing.

    Attributes:
        own_words: a person's own words.
        provenance: pronunciations of the last build, with their sources.
        vocabulary: words that can be recognised.
        dropped: words that were dropped, with the reason.
        counts: occurrences in the corpus of the words that can be recognised.
    """

    own_words: Path
    provenance: Path
    vocabulary: Path
    dropped: Path
    counts: Path

    def word_counts(self) -> dict[str, int]:
        """Returns the occurrences of words in the corpus of the last build, none before it."""
        return read_word_counts(self.counts) if self.counts.is_file() else {}


@dataclass(frozen=True)
class FoundWord:
    """What is known of a word.

    Attributes:
        word: as it was asked for.
        pronunciations: with their sources, the first to be tried first.
        recognised: whether the last build can recognise it; None before the first.
        note: the same in words, with the reason if it cannot.
    """

    word: str
    pronunciations: tuple[Pronunciation, ...]
    recognised: bool | None
    note: str


def current_lexicon(words: Sequence[str], files: LexiconFiles) -> Lexicon:
    """Returns what is known of words today: every source, own words, and the last predictions.

    What was predicted counts only while no better source has the word.

    Raises:
        DataError: a file of the library root is malformed.
    """
    own = [entry.pronunciation() for entry in read_own_words(files.own_words)]
    lexicon = known_pronunciations(words, own)
    unknown = {word for word in words if word not in lexicon}
    if not unknown or not files.provenance.is_file():
        return lexicon
    predicted = [
        entry
        for entry in read_provenance(files.provenance)
        if entry.word in unknown and entry.source in (COMPOUND, G2P)
    ]
    return Lexicon.of([*lexicon, *predicted])


def look_up(words: Sequence[str], files: LexiconFiles) -> list[FoundWord]:
    """Looks words up, in the order they are given.

    Raises:
        DataError: a file of the library root is malformed.
    """
    lexicon = current_lexicon(words, files)
    own = {entry.word for entry in read_own_words(files.own_words)}
    built = files.vocabulary.is_file()
    kept = set(read_vocabulary(files.vocabulary)) if built else set()
    dropped = {}
    if files.dropped.is_file():
        dropped = {lost.word: lost for lost in read_dropped_words(files.dropped)}
    found = []
    for word in words:
        recognised: bool | None = word in kept if built else None
        if not built:
            note = "no vocabulary has been built yet"
        elif word in kept:
            note = "in the vocabulary"
        elif word in own:
            note = "an own word: in the vocabulary after the next build"
        elif word in dropped:
            lost = dropped[word]
            note = f"not in the vocabulary: {lost.reason}, {lost.count} times in the corpus"
        else:
            note = "not in the vocabulary: not in the corpus"
        found.append(FoundWord(word, tuple(lexicon.pronunciations(word)), recognised, note))
    return found
