"""Transcripts that sound like a true one: what a recogniser would offer beside it.

An alternative comes of one edit of the true words, now and then of two: a word becomes one that
sounds like it, two words run together, a word falls into two, or two are parted elsewhere. Edits
are drawn by what a recogniser without any context would believe: how alike they sound, times how
common the words are. No model that is compared has a say in the draw but for the frequencies of
single words.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from arqon_maestro.evaluation.phones import Phones, SoundIndex

Words = tuple[str, ...]

#: Of a word heard as another one, in nats. Costlier confusions are no longer like it.
WORD_LIMIT = 5.0
#: Pronunciations of a word, or of two in a row, that are looked at.
MOST_READINGS = 4
#: What it costs, in nats, to hear a break between words that was not there, or to miss one.
BREAK_COST = 0.7
#: Share of alternatives with a second edit.
SECOND_EDIT = 0.35


@dataclass(frozen=True, slots=True)
class Edit:
    """Some of the true words heard as others.

    Attributes:
        start, stop: which words.
        heard: what they become.
        weight: the logarithm of how much likelier or less likely it is than the truth, for the
            ear and by the frequency of the words.
    """

    start: int
    stop: int
    heard: Words
    weight: float


class Confuser:
    """Finds what transcripts are confused with.

    Args:
        sounds: (word, phones without stress) of every word that can be recognised.
        log_frequencies: word → logarithm of its frequency; words without one are not offered.
    """

    def __init__(
        self, sounds: Iterable[tuple[str, Phones]], log_frequencies: Mapping[str, float]
    ) -> None:
        known = [(word, phones) for word, phones in sounds if word in log_frequencies]
        self._readings: dict[str, list[Phones]] = defaultdict(list)
        for word, phones in known:
            self._readings[word].append(phones)
        self._frequencies = log_frequencies
        self._index = SoundIndex(known)
        # Words come again and again; a search takes milliseconds.
        self._like_word = lru_cache(maxsize=20_000)(self._find_like_word)
        self._split = lru_cache(maxsize=20_000)(self._find_split)

    def knows(self, words: Sequence[str]) -> bool:
        """Returns whether all words can be recognised."""
        return all(word in self._readings for word in words)

    def alternatives(self, words: Words, count: int, seed: int) -> list[Words]:
        """Draws transcripts that `words` may be heard as.

        Args:
            words: true words, all known.
            count: how many are wanted.
            seed: the same seed draws the same.

        Returns:
            Different ones, none of them `words`; fewer than `count` if there are no more.
        """
        source = random.Random(seed)
        edits = sorted(self._edits(words), key=lambda edit: _noisy(edit.weight, source))
        found: dict[Words, None] = {}
        for first in edits:
            text = _apply(words, [first])
            if source.random() < SECOND_EDIT:
                others = [edit for edit in edits if _apart(edit, first)]
                if others:
                    second = min(others, key=lambda edit: _noisy(edit.weight, source))
                    text = _apply(words, [first, second])
            if text != words:
                found.setdefault(text)
            if len(found) == count:
                return list(found)
        # Short transcripts have few edits: two at a time, then.
        for first, second in _pairs(edits):
            if (text := _apply(words, [first, second])) != words:
                found.setdefault(text)
            if len(found) == count:
                break
        return list(found)

    def _edits(self, words: Words) -> list[Edit]:
        """Returns the edits of one word or two, the best of those with the same outcome."""
        best: dict[tuple[int, int, Words], float] = {}
        for start in range(len(words)):
            for stop in (start + 1, start + 2):
                span = words[start:stop]
                if len(span) < stop - start:
                    continue
                truth = sum(self._frequencies[word] for word in span)
                for heard, cost in self._confusions(span):
                    if heard == span:
                        continue
                    weight = sum(self._frequencies[word] for word in heard) - truth - cost
                    key = start, stop, heard
                    best[key] = max(best.get(key, -math.inf), weight)
        return [Edit(*key, weight) for key, weight in best.items()]

    def _confusions(self, span: Words) -> Iterator[tuple[Words, float]]:
        readings = islice(product(*(self._readings[word] for word in span)), MOST_READINGS)
        for reading in readings:
            phones = tuple(phone for part in reading for phone in part)
            if len(span) == 1:
                for word, cost in self._like_word(phones):
                    yield (word,), cost
            else:
                for word, cost in self._index.one_apart(phones):
                    yield (word,), cost + BREAK_COST
            seam = len(reading[0]) if len(span) > 1 else None
            for pair, cost, place in self._split(phones):
                # Parted at the old seam, each word was heard as another: two edits, not this one.
                if place != seam:
                    yield pair, cost + BREAK_COST

    def _find_like_word(self, phones: Phones) -> list[tuple[str, float]]:
        return self._index.within(phones, WORD_LIMIT)

    def _find_split(self, phones: Phones) -> list[tuple[Words, float, int]]:
        """Returns two words that together sound like `phones`, one phone apart at most."""
        found: list[tuple[Words, float, int]] = []
        for place in range(1, len(phones)):
            left, right = phones[:place], phones[place:]
            for word in self._index.exact(left):
                found += [((word, w), cost, place) for w, cost in self._index.one_apart(right)]
            for word in self._index.exact(right):
                near = self._index.one_apart(left)
                found += [((w, word), cost, place) for w, cost in near if cost]
        return found


def _noisy(weight: float, source: random.Random) -> float:
    """Returns a key by which the smallest of many is drawn in proportion to exp(weight).

    Gumbel's trick (Efraimidis and Spirakis 2006): sorting by it draws without putting back.
    """
    return math.log(-math.log(1.0 - source.random() or 1e-300)) - weight


def _apply(words: Words, edits: Sequence[Edit]) -> Words:
    """Returns the words after edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        words = words[: edit.start] + edit.heard + words[edit.stop :]
    return words


def _pairs(edits: Sequence[Edit]) -> Iterator[tuple[Edit, Edit]]:
    for place, first in enumerate(edits):
        for second in edits[:place]:
            if _apart(first, second):
                yield first, second


def _apart(first: Edit, second: Edit) -> bool:
    return second.stop <= first.start or second.start >= first.stop
