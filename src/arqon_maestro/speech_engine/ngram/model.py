"""A back-off n-gram model in memory, and the probabilities it gives to sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START, UNKNOWN
from arqon_maestro.speech_engine.ngram.trie import (
    ABSENT,
    IdArray,
    KeyArray,
    PositionArray,
    bits_for,
    keys_of,
    locate,
    word_columns,
)

# What ARPA files write for the logarithm of zero.
LOG10_ZERO = -99.0
OUT_OF_VOCABULARY = -1
ROWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class ModelLevel:
    """The n-grams of one order, sorted (see `trie`); `(n-grams,)` each.

    Attributes:
        parents: position of the context in the level below; 0 at level 1.
        words: id of the predicted word; at level 1 the position itself.
        log10_probabilities: of the word after the context.
        log10_backoffs: weight of the lower order after this n-gram as a context; 0 where there is
            none, and all through the highest order.
    """

    parents: IdArray
    words: IdArray
    log10_probabilities: NDArray[np.float32]
    log10_backoffs: NDArray[np.float32]

    def __post_init__(self) -> None:
        for array in (self.parents, self.words, self.log10_probabilities, self.log10_backoffs):
            array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class NgramRows:
    """Some n-grams of one order.

    Attributes:
        words: ids of the first, second… words, `(n-grams,)` each.
        log10_probabilities: `(n-grams,)`.
        log10_backoffs: `(n-grams,)`.
    """

    words: list[IdArray]
    log10_probabilities: NDArray[np.float32]
    log10_backoffs: NDArray[np.float32]


@dataclass(frozen=True)
class SentenceScores:
    """Scores of a batch of sentences.

    Attributes:
        log10_probabilities: `(sentences,)`; words outside the vocabulary count as ``<unk>``, and
            not at all in a model without it.
        log10_end_probabilities: `(sentences,)` the share of ``</s>`` in it; 0 where not included.
        words: `(sentences,)` number of words, ``</s>`` not counted.
        oovs: `(sentences,)` how many of them are outside the vocabulary.
    """

    log10_probabilities: NDArray[np.float64]
    log10_end_probabilities: NDArray[np.float64]
    words: NDArray[np.int64]
    oovs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SentenceIds:
    """Sentences one after the other, each between its markers; `(positions,)` each.

    Attributes:
        ids: of the words and markers, `OUT_OF_VOCABULARY` where there is none.
        starts: whether this is a ``<s>``.
        is_word: whether this is no marker.
    """

    ids: IdArray
    starts: NDArray[np.bool_]
    is_word: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NgramModel:
    """A back-off n-gram model; immutable.

    Attributes:
        vocabulary: word of each id; the 1-grams in this order.
        levels: orders 1 to N.
    """

    vocabulary: tuple[str, ...]
    levels: tuple[ModelLevel, ...]

    @classmethod
    def read(cls, path: Path) -> NgramModel:
        """Reads an ARPA file, plain or ``.gz`` (see `arpa_reader.read_arpa`)."""
        from arqon_maestro.speech_engine.ngram.arpa_reader import read_arpa

        return read_arpa(path)

    @property
    def order(self) -> int:
        return len(self.levels)

    @property
    def word_bits(self) -> int:
        return bits_for(len(self.vocabulary))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of n-grams of each order."""
        return tuple(level.words.size for level in self.levels)

    def rows(self, order: int) -> Iterator[NgramRows]:
        """Yields the n-grams of an order, sorted, in successive parts."""
        level = self.levels[order - 1]
        for start in range(0, level.words.size, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            yield NgramRows(
                word_columns(self.levels, order, rows),
                level.log10_probabilities[rows],
                level.log10_backoffs[rows],
            )

    @cached_property
    def word_ids(self) -> dict[str, int]:
        """Id of each word."""
        return {word: number for number, word in enumerate(self.vocabulary)}

    @cached_property
    def keys(self) -> tuple[KeyArray, ...]:
        """Sorted search keys of each level (see `trie.keys_of`)."""
        return tuple(keys_of(level.parents, level.words, self.word_bits) for level in self.levels)

    @property
    def unknown_id(self) -> int:
        """Id that stands for words outside the vocabulary: ``<unk>``, or `OUT_OF_VOCABULARY`."""
        return self.word_ids.get(UNKNOWN, OUT_OF_VOCABULARY)

    def log10_probability(self, history: Sequence[str], word: str) -> float:
        """Returns log10 p(word | history), by back-off; the last order-1 words of it matter.

        A word outside the vocabulary has the probability of ``<unk>``, or zero (`LOG10_ZERO`)
        in a model without it.
        """
        context = list(history)[max(0, len(history) - self.order + 1) :]
        ids = np.array([self._id(name) for name in (*context, word)], np.int32)
        if ids[-1] == OUT_OF_VOCABULARY:
            return LOG10_ZERO
        starts = np.zeros(ids.size, np.bool_)
        starts[0] = True
        return float(self.token_log10_probabilities(ids, starts)[-1])

    def _id(self, word: str) -> int:
        return self.word_ids.get(word, self.unknown_id)

    def token_log10_probabilities(
        self, ids: IdArray, starts: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Returns log10 p(word | the words before it) of every position.

        Args:
            ids: `(positions,)` word ids, or `OUT_OF_VOCABULARY`.
            starts: `(positions,)` where a history begins: nothing before is looked at.

        Returns:
            `(positions,)`; 0 for words outside the vocabulary.
        """
        known = ids >= 0
        unigrams = self.levels[0].log10_probabilities
        scores = np.where(known, unigrams[np.where(known, ids, 0)], 0.0).astype(np.float64)
        matched: PositionArray = np.where(known, ids, ABSENT).astype(np.int64)
        for level, keys, below in zip(
            self.levels[1:], self.keys[1:], self.levels[:-1], strict=True
        ):
            contexts = np.full(ids.size, ABSENT, np.int64)
            contexts[1:] = matched[:-1]
            contexts[starts] = ABSENT
            wanted = np.flatnonzero((contexts >= 0) & known)
            contexts = contexts[wanted]
            found = locate(keys, keys_of(contexts, ids[wanted], self.word_bits))
            scores[wanted] += below.log10_backoffs[contexts]
            hits = found >= 0
            scores[wanted[hits]] = level.log10_probabilities[found[hits]]
            matched = np.full(ids.size, ABSENT, np.int64)
            matched[wanted] = found
            if not wanted.size:
                break
        return scores

    def ngram_log10_probabilities(self, columns: Sequence[IdArray]) -> NDArray[np.float64]:
        """Returns log10 p(last word | the words before it) of n-grams, by back-off.

        Args:
            columns: the words of the n-grams, first word first: arrays `(n-grams,)` of ids, or
                `OUT_OF_VOCABULARY`. Of more than the model's order the last ones count.

        Returns:
            `(n-grams,)`; minus infinity for words outside the vocabulary.
        """
        columns = columns[-self.order :]
        last = columns[-1]
        known = last >= 0
        scores = np.where(
            known, self.levels[0].log10_probabilities[np.where(known, last, 0)], -np.inf
        ).astype(np.float64)
        for length in range(2, len(columns) + 1):
            contexts = self._positions(columns[-length:-1])
            wanted = np.flatnonzero((contexts >= 0) & known)
            contexts = contexts[wanted]
            found = locate(self.keys[length - 1], keys_of(contexts, last[wanted], self.word_bits))
            scores[wanted] += self.levels[length - 2].log10_backoffs[contexts]
            hits = found >= 0
            scores[wanted[hits]] = self.levels[length - 1].log10_probabilities[found[hits]]
        return scores

    def context_lengths(self, columns: Sequence[IdArray]) -> NDArray[np.int64]:
        """Returns how many of the last words of histories matter to what comes next.

        Longer histories that end in the same words give the same probabilities: the model has no
        n-gram that begins with more of them.

        Args:
            columns: the words of the histories, first word first: arrays `(histories,)` of ids, or
                `OUT_OF_VOCABULARY`.

        Returns:
            `(histories,)`, less than the model's order.
        """
        lengths = np.zeros(columns[-1].size, np.int64)
        for length in range(1, min(self.order - 1, len(columns)) + 1):
            lengths[self._positions(columns[-length:]) >= 0] = length
        return lengths

    def _positions(self, columns: Sequence[IdArray]) -> PositionArray:
        positions = columns[0].astype(np.int64)
        for length, column in enumerate(columns[1:], 2):
            present = np.flatnonzero((positions >= 0) & (column >= 0))
            found = locate(
                self.keys[length - 1],
                keys_of(positions[present], column[present], self.word_bits),
            )
            positions = np.full(column.size, ABSENT, np.int64)
            positions[present] = found
        return positions

    def score_sentences(
        self,
        sentences: Sequence[Sequence[str]],
        *,
        include_eos: bool = True,
        oov_log10_probability: float = 0.0,
    ) -> NDArray[np.float64]:
        """Returns the log10 probability of each sentence, from ``<s>`` on.

        Args:
            sentences: words of each sentence, without markers.
            include_eos: also count the probability of ``</s>``.
            oov_log10_probability: what a word outside the vocabulary costs if the model has no
                ``<unk>``. The field's tools leave such words out, which is the default; to rank
                hypotheses, name a penalty.

        Returns:
            `(sentences,)`.
        """
        scores = self.score(sentences, include_eos=include_eos)
        skipped = scores.oovs if self.unknown_id == OUT_OF_VOCABULARY else 0
        return scores.log10_probabilities + oov_log10_probability * skipped

    def score(
        self, sentences: Sequence[Sequence[str]], *, include_eos: bool = True
    ) -> SentenceScores:
        """As `score_sentences`, with the counts that perplexity needs."""
        get, unknown = self.word_ids.get, self.unknown_id
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        tokens = np.fromiter(
            (get(word, unknown) for sentence in sentences for word in sentence),
            np.int32,
            int(lengths.sum()),
        )
        return self.score_tokens(tokens, lengths, include_eos=include_eos)

    def score_tokens(
        self, tokens: IdArray, lengths: NDArray[np.int64], *, include_eos: bool = True
    ) -> SentenceScores:
        """Scores sentences of word ids.

        Args:
            tokens: `(tokens,)` ids of all sentences one after the other, without markers.
            lengths: `(sentences,)` number of words of each.
            include_eos: also count the probability of ``</s>``.
        """
        sequence = self.sentence_ids(tokens, lengths)
        scores = self.token_log10_probabilities(sequence.ids, sequence.starts)
        stops = np.cumsum(lengths + 2) - 1
        scores[sequence.starts] = 0.0
        ends = scores[stops] if include_eos else np.zeros(stops.size)
        scores[stops] = ends
        oov = sequence.is_word & (sequence.ids == self.unknown_id)
        owner = np.repeat(np.arange(lengths.size), lengths + 2)
        return SentenceScores(
            np.bincount(owner, scores, minlength=lengths.size).astype(np.float64),
            ends,
            lengths,
            np.bincount(owner[oov], minlength=lengths.size),
        )

    def sentence_ids(self, tokens: IdArray, lengths: NDArray[np.int64]) -> SentenceIds:
        """Puts the markers around sentences of word ids (see `score_tokens`)."""
        stops = np.cumsum(lengths + 2) - 1
        begins = stops - lengths - 1
        ids = np.empty(tokens.size + 2 * lengths.size, np.int32)
        is_word = np.ones(ids.size, np.bool_)
        is_word[begins] = False
        is_word[stops] = False
        ids[begins] = self.word_ids.get(SENTENCE_START, OUT_OF_VOCABULARY)
        ids[stops] = self.word_ids.get(SENTENCE_END, OUT_OF_VOCABULARY)
        ids[is_word] = tokens
        starts = np.zeros(ids.size, np.bool_)
        starts[begins] = True
        return SentenceIds(ids, starts, is_word)
