"""Counts of n-grams of orders 1 to 6 of a text, by one sort of packed word ids.

Only windows of the highest order are sorted: a window that reaches over the end of its sentence
is filled up with ``</s>``, so every shorter n-gram is the prefix of some window, and its count the
sum of its windows' counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.text import MARKERS, TextBlock, read_blocks
from arqon_maestro.speech_engine.ngram.trie import KEY_BITS, IdArray, KeyArray, bits_for

UNKNOWN_ID, START_ID, END_ID = range(len(MARKERS))
MAXIMUM_ORDER = 6


@dataclass(frozen=True, eq=False)
class CountLevel:
    """The n-grams of one order, sorted (see `trie`); `(n-grams,)` each.

    Attributes:
        parents: position of the prefix in the level below; 0 at level 1.
        words: id of the last word.
        counts: occurrences in the text.
    """

    parents: IdArray
    words: IdArray
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """Sorted n-gram counts.

    Attributes:
        vocabulary: word of each id: ``<unk>``, ``<s>``, ``</s>``, then the others, sorted.
        levels: orders 1 to N. Level 1 has every id of the vocabulary, with count 0 if unseen.
        sentences: number of sentences, empty ones included.
        tokens: number of words, without the markers.
        oov_tokens: how many of them are outside a given vocabulary, and counted as ``<unk>``.
    """

    vocabulary: tuple[str, ...]
    levels: tuple[CountLevel, ...]
    sentences: int
    tokens: int
    oov_tokens: int

    @property
    def order(self) -> int:
        return len(self.levels)

    @property
    def word_bits(self) -> int:
        return bits_for(len(self.vocabulary))


def count_ngrams(
    paths: Sequence[Path],
    order: int,
    *,
    vocabulary: Sequence[str] | None = None,
    empty_sentences: int = 0,
    reporter: Reporter = SILENT,
) -> NgramCounts:
    """Counts the n-grams of text files (see `read_blocks`).

    Args:
        paths: text files, plain or ``.gz``.
        order: the longest n-grams, 1 to 6.
        vocabulary: the words that are known; any other counts as ``<unk>``. Default: all words.
        empty_sentences: weight of the sentence without words, added to those of the text.
        reporter: told of the bytes read.

    Raises:
        UsageError: an order outside 1 to 6, or a negative number of empty sentences.
        DataError: a malformed text (see `read_blocks`), or one without any word.
    """
    _check_request(order, empty_sentences)
    stream = _TokenStream()
    with reporter.task("counting", total=_size_bytes(paths), unit="bytes") as task:
        for path in paths:
            for block in read_blocks(path):
                stream.add(block)
                task.advance(block.size_bytes)
    if not stream.tokens:
        raise DataError("a text without words", where=paths[0] if paths else None)
    return stream.counts(order, vocabulary, empty_sentences)


def _size_bytes(paths: Sequence[Path]) -> int | None:
    """Returns the size of the text, unless a compressed file hides it."""
    if any(path.suffix == ".gz" or not path.is_file() for path in paths):
        return None
    return sum(path.stat().st_size for path in paths) or None


def _check_request(order: int, empty_sentences: int) -> None:
    if not 1 <= order <= MAXIMUM_ORDER:
        raise UsageError(f"no n-grams of order {order}", why=f"orders are 1 to {MAXIMUM_ORDER}")
    if empty_sentences < 0:
        raise UsageError(f"{empty_sentences} empty sentences", why="the weight is 0 or more")


class _TokenStream:
    """Words of the text as ids by first appearance, sentences between their markers."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {word: number for number, word in enumerate(MARKERS)}
        self._blocks: list[NDArray[np.uint32]] = []
        self.tokens = 0
        self.sentences = 0

    def add(self, block: TextBlock) -> None:
        ids = self._ids
        local = [ids.setdefault(word, len(ids)) for word in block.words]
        tokens = np.array(local, np.uint32)[block.tokens] if local else np.zeros(0, np.uint32)
        self._blocks.append(_with_markers(tokens, block.lengths))
        self.tokens += block.tokens.size
        self.sentences += block.lengths.size

    def counts(
        self, order: int, vocabulary: Sequence[str] | None, empty_sentences: int
    ) -> NgramCounts:
        seen = list(self._ids)
        known = seen[len(MARKERS) :] if vocabulary is None else set(vocabulary)
        in_vocabulary = [word in known for word in seen] if vocabulary is not None else None
        # Ids among the words seen and known are as small as can be: windows pack into fewer bits.
        present = sorted(
            word
            for number, word in enumerate(seen[len(MARKERS) :], len(MARKERS))
            if in_vocabulary is None or in_vocabulary[number]
        )
        compact = {word: number for number, word in enumerate((*MARKERS, *present))}
        renumber = np.array([compact.get(word, UNKNOWN_ID) for word in seen], np.uint32)
        blocks = self._blocks
        if empty_sentences:
            blocks = [*blocks, np.array([START_ID, END_ID], np.uint32)]
        sequence = renumber[np.concatenate(blocks)]
        oov_tokens = int(np.count_nonzero(sequence == UNKNOWN_ID))
        columns, counts = count_windows(sequence, order, bits_for(len(compact)))
        if empty_sentences:
            _weigh_empty_sentence(columns, counts, empty_sentences - 1)
        words = (*MARKERS, *sorted(set(known).difference(MARKERS)))
        return NgramCounts(
            vocabulary=words,
            levels=_levels(columns, counts, words, list(compact)),
            sentences=self.sentences + empty_sentences,
            tokens=self.tokens,
            oov_tokens=oov_tokens,
        )


def _with_markers(tokens: NDArray[np.uint32], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
    sequence = np.empty(tokens.size + 2 * lengths.size, np.uint32)
    stops = np.cumsum(lengths + 2)
    is_word = np.ones(sequence.size, np.bool_)
    is_word[stops - 1] = False
    is_word[stops - 2 - lengths] = False
    sequence[stops - 1] = END_ID
    sequence[stops - 2 - lengths] = START_ID
    sequence[is_word] = tokens
    return sequence


def _windows(sequence: NDArray[np.uint32], order: int) -> list[NDArray[np.uint32]]:
    """Returns the words of the window at every position: `order` arrays like `sequence`."""
    columns = [sequence]
    for offset in range(1, order):
        following = np.full(sequence.size, END_ID, np.uint32)
        following[:-offset] = sequence[offset:]
        following[columns[-1] == END_ID] = END_ID
        columns.append(following)
    return columns


def count_windows(
    sequence: NDArray[np.uint32], order: int, word_bits: int
) -> tuple[list[NDArray[np.uint32]], NDArray[np.int64]]:
    """Returns the distinct windows, sorted, and how often each occurs.

    Args:
        sequence: `(positions,)` word ids, sentences between `START_ID` and `END_ID`.
        order: words of a window.
        word_bits: bits of a word id.

    Returns:
        `order` arrays `(windows,)` of words, first word first, and their counts `(windows,)`.
    """
    columns = _windows(sequence, order)
    if word_bits * order <= KEY_BITS:
        keys = columns[0].astype(np.uint64)
        for column in columns[1:]:
            keys <<= np.uint64(word_bits)
            keys |= column
        keys.sort()
        first = np.flatnonzero(_changes(keys))
        counts = np.diff(first, append=keys.size)
        distinct = keys[first]
        mask = np.uint64((1 << word_bits) - 1)
        shifts = [np.uint64(word_bits * (order - 1 - place)) for place in range(order)]
        return [((distinct >> shift) & mask).astype(np.uint32) for shift in shifts], counts
    order_of, ranked = _sort_wide(columns, word_bits)
    first = np.flatnonzero(_changes(ranked))
    counts = np.diff(first, append=ranked.size)
    chosen = order_of[first]
    return [column[chosen] for column in columns], counts


def _sort_wide(
    columns: Sequence[NDArray[np.uint32]], word_bits: int
) -> tuple[NDArray[np.int64], KeyArray]:
    """Sorts windows of more than 64 bits: leading words are replaced by their rank when full."""
    keys = columns[0].astype(np.uint64)
    used = word_bits
    for column in columns[1:]:
        if used + word_bits > KEY_BITS:
            order = np.argsort(keys)
            ranks = np.cumsum(_changes(keys[order])) - 1
            keys[order] = ranks.astype(np.uint64)
            used = bits_for(int(ranks[-1]) + 1)
        keys <<= np.uint64(word_bits)
        keys |= column
        used += word_bits
    order = np.argsort(keys)
    return order, keys[order]


def _changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    changes = np.ones(values.size, np.bool_)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def _weigh_empty_sentence(
    columns: Sequence[NDArray[np.uint32]], counts: NDArray[np.int64], weight: int
) -> None:
    empty = columns[0] == START_ID
    if len(columns) > 1:
        empty &= columns[1] == END_ID
    counts[empty | (columns[0] == END_ID)] += weight


def _levels(
    columns: Sequence[NDArray[np.uint32]],
    counts: NDArray[np.int64],
    vocabulary: tuple[str, ...],
    compact: Sequence[str],
) -> tuple[CountLevel, ...]:
    """Makes the trie; `compact` has the words of `columns`' ids, `vocabulary` of the result's."""
    ids = {word: number for number, word in enumerate(vocabulary)}
    renumber = np.array([ids[word] for word in compact], np.int32)
    starts_here = _changes(columns[0])
    unigrams = np.zeros(len(vocabulary), np.int64)
    first = np.flatnonzero(starts_here)
    unigrams[renumber[columns[0][first]]] = np.add.reduceat(counts, first)
    nothing = np.zeros(len(vocabulary), np.int32)
    levels = [CountLevel(nothing, np.arange(len(vocabulary), dtype=np.int32), unigrams)]
    parents = renumber[columns[0]]
    for place in range(1, len(columns)):
        column = columns[place]
        starts_here = starts_here | _changes(column)
        first = np.flatnonzero(starts_here)
        # Nothing follows </s>: windows that go on after it are shorter n-grams, filled up.
        real = columns[place - 1][first] != END_ID
        totals = np.add.reduceat(counts, first)[real]
        positions = np.cumsum(starts_here & (columns[place - 1] != END_ID), dtype=np.int32)
        positions -= 1
        first = first[real]
        levels.append(CountLevel(parents[first], renumber[column[first]], totals))
        parents = positions
    return tuple(levels)
