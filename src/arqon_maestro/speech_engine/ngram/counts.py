"""Counts of n-grams of orders 1 to 6 of a text, in memory or beyond it.

Only windows of the highest order are sorted (see `windows`); every shorter n-gram is a prefix.
A text whose windows do not fit into the memory is sorted in runs, which are then merged range by
range. The result is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import digest_value
from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.levels import CountLevel, LevelBuilder
from arqon_maestro.speech_engine.ngram.runs import sorted_windows
from arqon_maestro.speech_engine.ngram.store import (
    Checkpoint,
    Column,
    MemoryStore,
    Store,
    chunks,
)
from arqon_maestro.speech_engine.ngram.text import MARKERS, TextBlock, read_blocks
from arqon_maestro.speech_engine.ngram.trie import bits_for
from arqon_maestro.speech_engine.ngram.windows import Packing

UNKNOWN_ID, START_ID, END_ID = range(len(MARKERS))
MAXIMUM_ORDER = 6
# Stages of the work that a later run can start from. The version changes with their content.
TEXT_STAGE, COUNTS_STAGE = "text", "counts"
TEXT_VERSION = 1


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """Sorted n-gram counts.

    Attributes:
        vocabulary: word of each id: ``<unk>``, ``<s>``, ``</s>``, then the others, sorted.
        levels: orders 1 to N. Level 1 has every id of the vocabulary, with count 0 if unseen.
        sentences: number of sentences, empty ones included.
        tokens: number of words, without the markers.
        oov_tokens: how many of them are outside a given vocabulary, and counted as ``<unk>``.
        store: where the levels are kept.
    """

    vocabulary: tuple[str, ...]
    levels: tuple[CountLevel, ...]
    sentences: int
    tokens: int
    oov_tokens: int
    store: Store

    @property
    def order(self) -> int:
        return len(self.levels)

    @property
    def word_bits(self) -> int:
        return bits_for(len(self.vocabulary))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of different n-grams of each order."""
        seen = int(np.count_nonzero(self.levels[0].counts.read()))
        return (seen, *(level.size for level in self.levels[1:]))


def count_ngrams(
    paths: Sequence[Path],
    order: int,
    *,
    vocabulary: Sequence[str] | None = None,
    empty_sentences: int = 0,
    store: Store | None = None,
    reporter: Reporter = SILENT,
) -> NgramCounts:
    """Counts the n-grams of text files (see `read_blocks`).

    Args:
        paths: text files, plain or ``.gz``.
        order: the longest n-grams, 1 to 6.
        vocabulary: the words that are known; any other counts as ``<unk>``. Default: all words.
        empty_sentences: weight of the sentence without words, added to those of the text.
        store: where the work is done; default: in memory.
        reporter: told of the bytes read.

    Raises:
        UsageError: an order outside 1 to 6, or a negative number of empty sentences.
        DataError: a malformed text (see `read_blocks`), or one without any word.
    """
    if not 1 <= order <= MAXIMUM_ORDER:
        raise UsageError(f"no n-grams of order {order}", why=f"orders are 1 to {MAXIMUM_ORDER}")
    if empty_sentences < 0:
        raise UsageError(f"{empty_sentences} empty sentences", why="the weight is 0 or more")
    store = MemoryStore() if store is None else store
    text_key = digest_value([TEXT_VERSION, *(_identity(path) for path in paths)])
    key = digest_value([text_key, order, vocabulary, empty_sentences])
    done = store.saved(COUNTS_STAGE, key)
    if done is not None:
        return _counts_of(done, store)
    stream = _read(paths, text_key, store, reporter)
    if not stream.tokens:
        raise DataError("a text without words", where=paths[0] if paths else None)
    counts = _Counter(stream, order, vocabulary, empty_sentences, store).counts()
    store.save(COUNTS_STAGE, key, _checkpoint_of(counts))
    store.forget(TEXT_STAGE)
    stream.sequence.discard()
    return counts


def _identity(path: Path) -> list[str | int]:
    """Returns what tells a file from another, or from itself when it was changed."""
    if not path.is_file():
        return [str(path)]
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _read(paths: Sequence[Path], key: str, store: Store, reporter: Reporter) -> _TokenStream:
    done = store.saved(TEXT_STAGE, key)
    if done is not None:
        return _TokenStream.resumed(done)
    stream = _TokenStream(store.column(np.uint32))
    with reporter.task("counting", total=_size_bytes(paths), unit="bytes") as task:
        for path in paths:
            for block in read_blocks(path):
                stream.add(block)
                task.advance(block.size_bytes)
    store.save(TEXT_STAGE, key, stream.checkpoint())
    return stream


def _checkpoint_of(counts: NgramCounts) -> Checkpoint:
    columns: dict[str, Column[Any]] = {}
    for order, level in enumerate(counts.levels, 1):
        columns |= {
            f"parents {order}": level.parents,
            f"words {order}": level.words,
            f"counts {order}": level.counts,
        }
    facts = {
        "vocabulary": counts.vocabulary,
        "sentences": counts.sentences,
        "tokens": counts.tokens,
        "oov_tokens": counts.oov_tokens,
    }
    return Checkpoint(facts, columns)


def _counts_of(done: Checkpoint, store: Store) -> NgramCounts:
    facts, columns = done.facts, done.columns
    levels = tuple(
        CountLevel(columns[f"parents {n}"], columns[f"words {n}"], columns[f"counts {n}"])
        for n in range(1, len(columns) // 3 + 1)
    )
    return NgramCounts(
        tuple(facts["vocabulary"]),
        levels,
        facts["sentences"],
        facts["tokens"],
        facts["oov_tokens"],
        store,
    )


def _size_bytes(paths: Sequence[Path]) -> int | None:
    """Returns the size of the text, unless a compressed file hides it."""
    if any(path.suffix == ".gz" or not path.is_file() for path in paths):
        return None
    return sum(path.stat().st_size for path in paths) or None


class _TokenStream:
    """Words of the text as ids by first appearance, sentences between their markers."""

    def __init__(self, sequence: Column[np.uint32]) -> None:
        self._ids: dict[str, int] = {word: number for number, word in enumerate(MARKERS)}
        self.sequence = sequence
        self.tokens = 0
        self.sentences = 0

    @classmethod
    def resumed(cls, done: Checkpoint) -> _TokenStream:
        """Returns the stream that an earlier run read."""
        stream = cls(done.columns["sequence"])
        stream._ids = {word: number for number, word in enumerate(done.facts["words"])}
        stream.tokens, stream.sentences = done.facts["tokens"], done.facts["sentences"]
        return stream

    def checkpoint(self) -> Checkpoint:
        """Returns all of the stream, for `resumed`."""
        facts = {"words": self.words, "tokens": self.tokens, "sentences": self.sentences}
        return Checkpoint(facts, {"sequence": self.sequence})

    @property
    def words(self) -> list[str]:
        """Word of each id."""
        return list(self._ids)

    def add(self, block: TextBlock) -> None:
        ids = self._ids
        local = [ids.setdefault(word, len(ids)) for word in block.words]
        tokens = np.array(local, np.uint32)[block.tokens]
        self.sequence.append(_with_markers(tokens, block.lengths))
        self.tokens += block.tokens.size
        self.sentences += block.lengths.size


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


class _Counter:
    """Windows of a stream of words, and the levels made from them."""

    def __init__(
        self,
        stream: _TokenStream,
        order: int,
        vocabulary: Sequence[str] | None,
        empty_sentences: int,
        store: Store,
    ) -> None:
        self.stream = stream
        self.order = order
        self.empty_sentences = empty_sentences
        self.store = store
        seen = stream.words
        known = set(seen if vocabulary is None else vocabulary).difference(MARKERS)
        self.vocabulary = (*MARKERS, *sorted(known))
        # Words that do not occur get no bits in the windows.
        present = (*MARKERS, *sorted(known.intersection(seen)))
        compact = {word: number for number, word in enumerate(present)}
        self.compact_ids = np.array([compact.get(word, UNKNOWN_ID) for word in seen], np.uint32)
        ids = {word: number for number, word in enumerate(self.vocabulary)}
        self.final_ids = np.array([ids[word] for word in present], np.int32)

    def counts(self) -> NgramCounts:
        if self.empty_sentences:
            self.stream.sequence.append(np.array([START_ID, END_ID], np.uint32))
        unigrams = self._unigrams()
        builder = LevelBuilder(self.order, END_ID, unigrams, self.store)
        if self.order > 1:
            packing = Packing(self.order, bits_for(self.final_ids.size))
            for limbs, counts in sorted_windows(self._pieces, packing, END_ID, self.store):
                for start, stop in chunks(counts.size):
                    columns = packing.unpack([limb[start:stop] for limb in limbs])
                    part = self._weighed(columns, counts[start:stop])
                    builder.add([self.final_ids[column] for column in columns], part)
        return NgramCounts(
            vocabulary=self.vocabulary,
            levels=builder.finish(),
            sentences=self.stream.sentences + self.empty_sentences,
            tokens=self.stream.tokens,
            oov_tokens=int(unigrams[UNKNOWN_ID]),
            store=self.store,
        )

    def _pieces(self, rows: int | None) -> Iterator[NDArray[np.uint32]]:
        """Yields the words of the windows that begin at each `rows` successive positions."""
        sequence, reach = self.stream.sequence, self.order - 1
        for start, stop in chunks(sequence.size, rows or sequence.size):
            part = self.compact_ids[sequence.read(start, stop + reach)]
            missing = stop + reach - sequence.size
            if missing > 0:
                part = np.concatenate((part, np.full(missing, END_ID, np.uint32)))
            yield part

    def _unigrams(self) -> NDArray[np.int64]:
        compact = np.zeros(self.final_ids.size, np.int64)
        sequence = self.stream.sequence
        for start, stop in chunks(sequence.size):
            part = self.compact_ids[sequence.read(start, stop)]
            compact += np.bincount(part, minlength=compact.size)
        unigrams = np.zeros(len(self.vocabulary), np.int64)
        unigrams[self.final_ids] = compact
        if self.empty_sentences:
            unigrams[[START_ID, END_ID]] += self.empty_sentences - 1
        return unigrams

    def _weighed(
        self, columns: Sequence[NDArray[np.int32]], counts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Adds the weight of the empty sentence, beyond the one that is in the stream."""
        if not self.empty_sentences:
            return counts
        empty = (columns[0] == START_ID) & (columns[1] == END_ID)
        weighed: NDArray[np.int64] = counts + (self.empty_sentences - 1) * empty
        return weighed
