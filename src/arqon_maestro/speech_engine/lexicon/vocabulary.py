"""The recogniser's vocabulary: words of the corpus, or of English, that can be pronounced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

from arqon_maestro.artifacts import atomic_text, text_lines
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, unspelled
from arqon_maestro.speech_engine.lexicon.sources import WORD, cmu_dictionary, wheel_text

#: Stands for every word outside the vocabulary; at run time hints are put in its place.
HINT = "#nonterm:hint"
#: Marks of language models and graphs; nothing that is said.
RESERVED = frozenset(["<s>", "</s>", "<unk>", "<UNK>", "<eps>", "#0", "!sil", "nspc"])
OVER_THE_LIMIT = "over the limit"
PROFANE = "profane"
_PLAIN = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class DroppedWord:
    """A word of the corpus that cannot be recognised.

    Attributes:
        word: as it is in the corpus.
        count: its occurrences there.
        reason: see `Vocabulary.dropped`.
    """

    word: str
    count: int
    reason: str


@dataclass(frozen=True)
class Vocabulary:
    """The chosen words, and why the others were dropped.

    Attributes:
        words: sorted, without `HINT`.
        dropped: number of corpus words by reason: ``rare``, ``not ascii``, ``not a word``,
            ``profane``, ``no pronunciation``, ``over the limit``.
        dropped_words: each of them, the commonest first.
    """

    words: tuple[str, ...]
    dropped: dict[str, int]
    dropped_words: tuple[DroppedWord, ...] = ()

    def dropped_tokens(self) -> dict[str, int]:
        """Returns the occurrences in the corpus that became `HINT`, by reason."""
        tokens: Counter[str] = Counter()
        for lost in self.dropped_words:
            tokens[lost.reason] += lost.count
        return dict(sorted(tokens.items()))


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
    own: Iterable[str] = (),
    excluded: Iterable[str] | None = None,
) -> Vocabulary:
    """Chooses the recogniser's words.

    Args:
        counts: occurrences in the corpus by word.
        lexicon: only words with a pronunciation can be recognised.
        minimum_count: a corpus word needs as many occurrences.
        maximum_words: the commonest corpus words are kept; English and own words come on top.
        with_english: whether English words are added that the corpus does not have.
        own: a person's own words, taken whatever the corpus and the lists say.
        excluded: words never taken otherwise; by default the profanity list.

    Raises:
        DataError: an own word without a pronunciation, or no word at all.
    """
    banned = profanity() if excluded is None else frozenset(excluded)
    forced = set(own)
    silent = sorted(word for word in forced if word not in lexicon)
    if silent:
        raise DataError(
            "own words without a pronunciation",
            why=", ".join(silent[:5]),
            remedy=f"maestro lexicon add {silent[0]} --pronunciation '…'",
        )
    dropped: list[DroppedWord] = []
    kept: list[str] = []
    for word in sorted(counts.keys() - forced):
        reason = _reason_to_drop(word, counts[word], minimum_count, lexicon, banned)
        if reason:
            dropped.append(DroppedWord(word, counts[word], reason))
        else:
            kept.append(word)
    if maximum_words is not None and len(kept) > maximum_words:
        kept.sort(key=lambda word: (-counts[word], word))
        for word in kept[maximum_words:]:
            dropped.append(DroppedWord(word, counts[word], OVER_THE_LIMIT))
        del kept[maximum_words:]
    words = forced.union(kept)
    if with_english:
        words |= {word for word in english_words() if word in lexicon and word not in banned}
    # English may bring a word back that the corpus has too seldom.
    dropped = [lost for lost in dropped if lost.word not in words]
    dropped.sort(key=lambda lost: (-lost.count, lost.word))
    reasons = dict(sorted(Counter(lost.reason for lost in dropped).items()))
    if not words:
        raise DataError(
            "no word of the corpus can be recognised",
            why=", ".join(f"{reason}: {count}" for reason, count in reasons.items()) or "no words",
            remedy="lower speech-engine.minimum_count, or give more text",
        )
    return Vocabulary(tuple(sorted(words)), reasons, tuple(dropped))


def _reason_to_drop(
    word: str, count: int, minimum_count: int, lexicon: Lexicon, banned: frozenset[str]
) -> str:
    if count < minimum_count:
        return "rare"
    if not word.isascii():
        return "not ascii"
    if not WORD.fullmatch(unspelled(word)):
        return "not a word"
    if unspelled(word) in banned:
        return PROFANE
    if word not in lexicon:
        return "no pronunciation"
    return ""


def write_dropped_words(path: Path, vocabulary: Vocabulary) -> None:
    """Writes the words that became `HINT`: word, occurrences, reason; the commonest first."""
    with atomic_text(path) as stream:
        stream.write("word\tcount\treason\n")
        for lost in vocabulary.dropped_words:
            stream.write(f"{lost.word}\t{lost.count}\t{lost.reason}\n")


def read_dropped_words(path: Path) -> tuple[DroppedWord, ...]:
    """Reads the table that `write_dropped_words` wrote.

    Raises:
        DataError: a line that is not of the table.
    """
    lost: list[DroppedWord] = []
    for number, line in enumerate(text_lines(path), 1):
        fields = line.rstrip("\n").split("\t")
        if number == 1:
            continue
        if len(fields) != 3 or not fields[1].isdecimal():
            raise DataError("not word, count and reason", where=f"{path}:{number}")
        lost.append(DroppedWord(fields[0], int(fields[1]), fields[2]))
    return tuple(lost)


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
    for number, line in enumerate(text_lines(path), 1):
        word = line.strip()
        if len(word.split()) > 1:
            raise DataError("more than one word on a line", where=f"{path}:{number}")
        if word in RESERVED:
            raise DataError(
                f"{word!r} is no word that can be recognised",
                where=f"{path}:{number}",
                why="it stands for something else in language models and graphs",
            )
        if word and word != HINT:
            words.append(word)
    if not words:
        raise DataError("no word in this vocabulary", where=path)
    return tuple(words)


def write_word_counts(path: Path, vocabulary: Vocabulary, counts: Mapping[str, int]) -> None:
    """Writes how often the corpus has each word of the vocabulary: ``word<TAB>count`` a line."""
    with atomic_text(path) as stream:
        for word in vocabulary.words:
            stream.write(f"{word}\t{counts.get(word, 0)}\n")


def read_word_counts(path: Path) -> dict[str, int]:
    """Reads what `write_word_counts` wrote.

    Raises:
        DataError: a line that is not a word and its count.
    """
    counts = {}
    for number, line in enumerate(text_lines(path), 1):
        word, _, count = line.rstrip("\n").partition("\t")
        if not count.isdecimal():
            raise DataError("not a word and its count", where=f"{path}:{number}")
        counts[word] = int(count)
    return counts
