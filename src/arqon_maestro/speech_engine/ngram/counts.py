"""Counts of n-grams of orders 1 to 6 of a text, in memory or beyond it.

Only windows of the highest order are sorted (see `windows`); every shorter n-gram is a prefix.
With a store in files, the text is read and its windows are sorted shard by shard on an executor
(see `sharding`), and the sorted runs are then merged range by range. The result is the same to the
last bit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import digest_value
from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.executors import Executor, SerialExecutor
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.levels import CountLevel, LevelBuilder
from arqon_maestro.speech_engine.ngram.runs import (
    Windows,
    merge_row_bytes,
    packed_pieces,
    sort_row_bytes,
)
from arqon_maestro.speech_engine.ngram.sharding import (
    ShardedSort,
    bucket_bounds,
    is_one_shard,
    keyed_folder,
    read_parts,
)
from arqon_maestro.speech_engine.ngram.store import (
    Checkpoint,
    Column,
    MemoryStore,
    Store,
    chunks,
)
from arqon_maestro.speech_engine.ngram.text import MARKERS, read_blocks
from arqon_maestro.speech_engine.ngram.text_parts import (
    END_ID,
    START_ID,
    UNKNOWN_ID,
    PartBuilder,
    TextPart,
)
from arqon_maestro.speech_engine.ngram.trie import bits_for
from arqon_maestro.speech_engine.ngram.windows import Packing, count_windows

# Sums of counts stay exact in float64.
MOST_EMPTY_SENTENCES = 1 << 52
MAXIMUM_ORDER = 6
# Stages of the work that a later run can start from. The version changes with their content.
TEXT_STAGE, RUNS_STAGE, COUNTS_STAGE = "text", "runs", "counts"
STAGES_VERSION = 2
# Positions that a worker sorts at once, whatever the memory: about a gigabyte.
LARGEST_ROWS = 12 << 20
# Positions of a bucket, if a worker can sort so many: few, so that the workers end together.
BUCKET_ROWS = 4 << 20
EMPTY_SENTENCE = np.array([START_ID, END_ID], np.uint32)


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
    executor: Executor | None = None,
    threads: int = 1,
    reporter: Reporter = SILENT,
) -> NgramCounts:
    """Counts the n-grams of text files (see `read_blocks`).

    Args:
        paths: text files, plain or ``.gz``.
        order: the longest n-grams, 1 to 6.
        vocabulary: the words that are known; any other counts as ``<unk>``. Default: all words.
        empty_sentences: weight of the sentence without words, added to those of the text.
        store: where the work is done; default: in memory.
        executor: what counts the shards of the text, if the store is in files and the text has
            several; default: this process.
        threads: number of threads, if the store is in memory.
        reporter: told of the progress.

    Raises:
        UsageError: an order outside 1 to 6, or a negative number of empty sentences.
        DataError: a malformed text (see `read_blocks`), or one without any word.
        WorkFailedError: a worker died.
    """
    if not 1 <= order <= MAXIMUM_ORDER:
        raise UsageError(f"no n-grams of order {order}", why=f"orders are 1 to {MAXIMUM_ORDER}")
    if not 0 <= empty_sentences <= MOST_EMPTY_SENTENCES:
        why = f"the weight is 0 or more, and at most {MOST_EMPTY_SENTENCES}"
        raise UsageError(f"{empty_sentences} empty sentences", why=why)
    store = MemoryStore() if store is None else store
    text_key = digest_value([STAGES_VERSION, *(_identity(path) for path in paths)])
    key = digest_value([text_key, order, vocabulary, empty_sentences])
    done = store.saved(COUNTS_STAGE, key)
    if done is not None:
        return _counts_of(done, store)
    if executor is None or is_one_shard(paths):
        executor = SerialExecutor()
    folders: list[Path] = []
    if store.folder is None:
        parts = [_read(paths, store, threads, reporter)]
    else:
        folders.append(keyed_folder(store.folder, TEXT_STAGE, text_key))
        parts = read_parts(paths, folders[0], executor, reporter)
    if not any(part.tokens for part in parts):
        raise DataError("a text without words", where=paths[0] if paths else None)
    counter = _Counter(parts, order, vocabulary, empty_sentences, store)
    if store.folder is None:
        counts = counter.counts(counter.windows(threads))
    else:
        folders.append(keyed_folder(store.folder, RUNS_STAGE, key))
        counts = counter.counts(counter.windows_in_files(folders[1], executor, reporter))
    store.save(COUNTS_STAGE, key, _checkpoint_of(counts))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return counts


def _identity(path: Path) -> list[str | int]:
    """Returns what tells a file from another, or from itself when it was changed."""
    if not path.is_file():
        return [str(path)]
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _read(paths: Sequence[Path], store: Store, threads: int, reporter: Reporter) -> TextPart:
    builder = PartBuilder(store.column(np.uint32))
    with reporter.task("counting", total=_size_bytes(paths), unit="bytes") as task:
        for path in paths:
            for block in read_blocks(path, threads=threads):
                builder.add(block)
                task.advance(block.size_bytes)
    return builder.part()


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


class _Counter:
    """Windows of a text, and the levels made from them."""

    def __init__(
        self,
        parts: Sequence[TextPart],
        order: int,
        vocabulary: Sequence[str] | None,
        empty_sentences: int,
        store: Store,
    ) -> None:
        self.parts = parts
        self.order = order
        self.empty_sentences = empty_sentences
        self.store = store
        seen = set(MARKERS).union(*(part.words for part in parts))
        known = (seen if vocabulary is None else set(vocabulary)).difference(MARKERS)
        self.vocabulary = (*MARKERS, *sorted(known))
        # Words that do not occur get no bits in the windows.
        present = (*MARKERS, *sorted(known.intersection(seen)))
        compact = {word: number for number, word in enumerate(present)}
        self.compact_ids = [
            np.array([compact.get(word, UNKNOWN_ID) for word in part.words], np.uint32)
            for part in parts
        ]
        ids = {word: number for number, word in enumerate(self.vocabulary)}
        self.final_ids = np.array([ids[word] for word in present], np.int32)
        self.packing = Packing(order, bits_for(self.final_ids.size))

    def windows(self, threads: int) -> Iterator[Windows]:
        """Yields the sorted windows of the only part, sorted in memory."""
        (part,), (ids,) = self.parts, self.compact_ids
        if self.order > 1:
            if self.empty_sentences:
                part.sequence.append(EMPTY_SENTENCE)
            for limbs in packed_pieces(part.sequence, ids, self.packing, END_ID, threads=threads):
                yield count_windows(limbs, self.packing)

    def windows_in_files(
        self, folder: Path, executor: Executor, reporter: Reporter
    ) -> Iterator[Windows]:
        """Yields the sorted windows of all parts, sorted in files."""
        if self.order == 1:
            return
        rows = self._rows(sort_row_bytes(self.packing) * executor.workers)
        sort = ShardedSort(
            self.packing,
            bucket_bounds(self._occurrences(), min(rows, BUCKET_ROWS)),
            rows,
            self._rows(merge_row_bytes(self.packing) * executor.workers),
            folder,
            executor,
            reporter,
        )
        parts, ids = self.parts, self.compact_ids
        if self.empty_sentences:
            sequence = self.store.column(np.uint32)
            sequence.append(EMPTY_SENTENCE)
            markers = np.arange(len(MARKERS))
            parts = [*parts, TextPart(MARKERS, np.zeros(len(MARKERS), np.int64), sequence)]
            ids = [*ids, markers.astype(np.uint32)]
        for run in sort.runs(parts, ids):
            for start, stop in chunks(run.counts.size):
                yield run.read(start, stop)

    def _rows(self, row_bytes: int) -> int:
        return min(self.store.rows_in_memory(row_bytes) or LARGEST_ROWS, LARGEST_ROWS)

    def counts(self, windows: Iterator[Windows]) -> NgramCounts:
        """Returns the counts of all orders."""
        unigrams = self._unigrams()
        builder = LevelBuilder(self.order, END_ID, unigrams, self.store)
        for limbs, counts in windows:
            for start, stop in chunks(counts.size):
                columns = self.packing.unpack([limb[start:stop] for limb in limbs])
                part = self._weighed(columns, counts[start:stop])
                builder.add([self.final_ids[column] for column in columns], part)
        return NgramCounts(
            vocabulary=self.vocabulary,
            levels=builder.finish(),
            sentences=sum(part.sentences for part in self.parts) + self.empty_sentences,
            tokens=sum(part.tokens for part in self.parts),
            oov_tokens=int(unigrams[UNKNOWN_ID]),
            store=self.store,
        )

    def _unigrams(self) -> NDArray[np.int64]:
        unigrams = np.zeros(len(self.vocabulary), np.int64)
        unigrams[self.final_ids] = self._occurrences()
        unigrams[[START_ID, END_ID]] += self.empty_sentences
        return unigrams

    def _occurrences(self) -> NDArray[np.int64]:
        """Returns how often each word that gets bits occurs."""
        compact = np.zeros(self.final_ids.size, np.int64)
        for part, ids in zip(self.parts, self.compact_ids, strict=True):
            np.add.at(compact, ids, part.occurrences)
        return compact

    def _weighed(
        self, columns: Sequence[NDArray[np.int32]], counts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Adds the weight of the empty sentence, beyond the one that is among the windows."""
        if not self.empty_sentences:
            return counts
        empty = (columns[0] == START_ID) & (columns[1] == END_ID)
        weighed: NDArray[np.int64] = counts + (self.empty_sentences - 1) * empty
        return weighed
