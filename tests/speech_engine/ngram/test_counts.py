"""Counts against dictionaries."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.speech_engine.ngram.count_file import write_counts
from arqon_maestro.speech_engine.ngram.counts import END_ID, NgramCounts, count_ngrams
from arqon_maestro.speech_engine.ngram.joins import words_of
from arqon_maestro.speech_engine.ngram.windows import Packing, count_windows

from . import reference
from .conftest import WriteText

TEXT = reference.random_text(seed=5, sentences=300, words=200)


def as_counters(counts: NgramCounts) -> list[Counter[tuple[str, ...]]]:
    result = []
    for order, level in enumerate(counts.levels, 1):
        words = words_of(counts.levels, order, 0, np.arange(level.size))
        columns = zip(*(column.tolist() for column in words), strict=True)
        names = [tuple(counts.vocabulary[i] for i in ids) for ids in columns]
        assert names == sorted(names, key=lambda n: [counts.vocabulary.index(w) for w in n])
        result.append(Counter(dict(zip(names, level.counts.read().tolist(), strict=True))))
    return result


@pytest.mark.parametrize("order", range(1, 7))
@pytest.mark.parametrize("vocabulary", [None, {f"w{i}" for i in range(25)} | {"unseen"}])
@pytest.mark.parametrize("empty", [0, 1, 1000])
def test_agrees_with_dictionaries(
    order: int, vocabulary: set[str] | None, empty: int, write_text: WriteText
) -> None:
    half = len(TEXT) // 2
    paths = [write_text(TEXT[:half]), write_text(TEXT[half:])]
    counts = count_ngrams(
        paths,
        order,
        vocabulary=None if vocabulary is None else sorted(vocabulary),
        empty_sentences=empty,
    )
    expected = reference.raw_counts(TEXT, order, vocabulary, empty)
    assert [+counter for counter in as_counters(counts)] == expected
    words = [word for sentence in TEXT for word in sentence]
    assert counts.tokens == len(words)
    assert counts.sentences == len(TEXT) + empty
    known = set(words) if vocabulary is None else vocabulary
    assert counts.oov_tokens == sum(word not in known for word in words)


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize("wide_bits", [11, 12, 17, 25, 40])
def test_windows_beyond_64_bits(order: int, wide_bits: int) -> None:
    generator = np.random.default_rng(1)
    sequence = generator.integers(1, 12, 5000).astype(np.uint32)
    found = []
    for packing in (Packing(order, 4), Packing(order, wide_bits)):
        limbs, counts = count_windows(packing.pack(sequence, END_ID), packing)
        found.append([*(c.tolist() for c in packing.unpack(limbs)), counts.tolist()])
    assert found[0] == found[1]
    words = [sequence[place : sequence.size - order + 1 + place] for place in range(order)]
    plain: Counter[tuple[int, ...]] = Counter()
    for window in zip(*(column.tolist() for column in words), strict=True):
        end = window.index(END_ID) if END_ID in window else order
        plain[(*window[:end], *[END_ID] * (order - end))] += 1
    assert list(zip(*found[0][:-1], strict=True)) == sorted(plain)
    assert found[0][-1] == [plain[window] for window in sorted(plain)]


def test_the_order_of_files_and_lines_does_not_matter(write_text: WriteText) -> None:
    forward = count_ngrams([write_text(TEXT)], 3)
    backward = count_ngrams([write_text(TEXT[::-1])], 3)
    assert forward.vocabulary == backward.vocabulary
    for ours, theirs in zip(forward.levels, backward.levels, strict=True):
        assert np.array_equal(ours.parents.read(), theirs.parents.read())
        assert np.array_equal(ours.words.read(), theirs.words.read())
        assert np.array_equal(ours.counts.read(), theirs.counts.read())


def test_bad_requests(write_text: WriteText, tmp_path: Path) -> None:
    path = write_text([["a"]])
    for order in (0, 7):
        with pytest.raises(UsageError, match="orders are 1 to 6"):
            count_ngrams([path], order)
    with pytest.raises(UsageError, match="0 or more"):
        count_ngrams([path], 2, empty_sentences=-1)
    for text in ("", "\n \n"):
        empty = tmp_path / "empty"
        empty.write_text(text)
        with pytest.raises(DataError, match="a text without words"):
            count_ngrams([empty], 2)


def test_count_file(write_text: WriteText, tmp_path: Path) -> None:
    counts = count_ngrams([write_text([["b", "a"], ["z"], []])], 2, vocabulary=["a", "b", "q"])
    write_counts(counts, tmp_path / "counts")
    expected = (
        "<unk>\t1\n<s>\t3\n</s>\t3\na\t1\nb\t1\n"
        "<unk> </s>\t1\n<s> <unk>\t1\n<s> </s>\t1\n<s> b\t1\na </s>\t1\nb a\t1\n"
    )
    assert (tmp_path / "counts").read_text() == expected


@pytest.mark.parametrize("weight", [-1, 1 << 60, 10**30])
def test_weights_of_the_empty_sentence_that_are_none(weight: int, write_text: WriteText) -> None:
    with pytest.raises(UsageError, match="empty sentences"):
        count_ngrams([write_text([["a", "b"]])], 2, empty_sentences=weight)
