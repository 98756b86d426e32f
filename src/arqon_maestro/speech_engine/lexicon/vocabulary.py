"""The recogniser's vocabulary: words of the corpus, or of English, that can be pronounced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

from arqon_maestro.artifacts import atomic_text, open_text
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, unspelled
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary, wheel_text

#: Stands for every word outside the vocabulary; at run time hints are put in its place.
HINT = "#nonterm:hint"
_PLAIN = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Vocabulary:
    """The chosen words, and why the others were dropped.

    Attributes:
        words: sorted, without `HINT`.
        dropped: number of corpus words by reason: ``rare``, ``not ascii``, ``profane``,
            ``no pronunciation``, ``over the limit``.
    """

    words: tuple[str, ...]
    dropped: dict[str, int]


@cache
def profanity() -> frozenset[str]:
    """Returns words that the vocabulary must not hold: a public list, without its innocent words.

    The list is a data file of the MIT-licensed wheel ``better-profanity``.
    """
    listed = wheel_text("better-profanity", "better_profanity/profanity_wordlist.txt")
    folder = resources("arqon_maestro.speech_engine.lexicon").joinpath("data")
    kept = folder.joinpath("profanity_exceptions.txt").read_text(encoding="utf-8")
    words = {line.strip().lower() for line in listed.splitlines()}
    return frozenset(words - {line.strip() for line in kept.splitlines()} - {""})


@cache
def english_words() -> frozenset[str]:
    """Returns the alphabetic words of the CMU dictionary, proper names included."""
    return frozenset(entry.word for entry in cmu_dictionary() if _PLAIN.fullmatch(entry.word))


def choose_vocabulary(
    counts: Mapping[str, int],
    lexicon: Lexicon,
    *,
    minimum_count: int = 1,
    maximum_words: int | None = None,
    with_english: bool = False,
    excluded: Iterable[str] | None = None,
) -> Vocabulary:
    """Chooses the recogniser's words.

    Args:
        counts: occurrences in the corpus by word.
        lexicon: only words with a pronunciation can be recognised.
        minimum_count: a corpus word needs as many occurrences.
        maximum_words: the commonest corpus words are kept; English comes on top of them.
        with_english: whether English words are added that the corpus does not have.
        excluded: words never taken; by default the profanity list.
    """
    banned = profanity() if excluded is None else frozenset(excluded)
    dropped: Counter[str] = Counter()
    kept: list[str] = []
    for word in sorted(counts):
        reason = _reason_to_drop(word, counts[word], minimum_count, lexicon, banned)
        if reason:
            dropped[reason] += 1
        else:
            kept.append(word)
    if maximum_words is not None and len(kept) > maximum_words:
        kept.sort(key=lambda word: (-counts[word], word))
        dropped["over the limit"] = len(kept) - maximum_words
        del kept[maximum_words:]
    words = set(kept)
    if with_english:
        words |= {word for word in english_words() if word in lexicon and word not in banned}
    return Vocabulary(tuple(sorted(words)), dict(sorted(dropped.items())))


def _reason_to_drop(
    word: str, count: int, minimum_count: int, lexicon: Lexicon, banned: frozenset[str]
) -> str:
    if count < minimum_count:
        return "rare"
    if not word.isascii():
        return "not ascii"
    if unspelled(word) in banned:
        return "profane"
    if word not in lexicon:
        return "no pronunciation"
    return ""


def write_vocabulary(path: Path, vocabulary: Vocabulary) -> None:
    """Writes ``vocab.txt``: `HINT` first, then one word a line."""
    with atomic_text(path) as stream:
        stream.write(HINT + "\n")
        stream.writelines(word + "\n" for word in vocabulary.words)


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """Reads ``vocab.txt`` without `HINT`.

    Raises:
        DataError: no word in it, or a line that is not one word.
    """
    words: list[str] = []
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            word = line.strip()
            if len(word.split()) > 1:
                raise DataError("more than one word on a line", where=f"{path}:{number}")
            if word and word != HINT:
                words.append(word)
    if not words:
        raise DataError("no word in this vocabulary", where=path)
    return tuple(words)
