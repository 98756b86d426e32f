"""Counts of n-grams as text: ``words<TAB>count`` lines, as SRILM's ``ngram-count -write``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.speech_engine.ngram.counts import NgramCounts
from arqon_maestro.speech_engine.ngram.trie import word_columns

WRITE_CHUNK = 1 << 18


def write_counts(counts: NgramCounts, path: Path) -> None:
    """Writes the counts of all orders, the shortest n-grams first, each order sorted; atomic.

    Words outside the vocabulary are written ``<unk>``. ``.gz`` compresses.
    """
    spelled = pa.array(counts.vocabulary, pa.string())
    with atomic_text(path) as stream:
        for order, level in enumerate(counts.levels, 1):
            for start in range(0, level.words.size, WRITE_CHUNK):
                rows = np.arange(start, min(start + WRITE_CHUNK, level.words.size))
                rows = rows[level.counts[rows] > 0]
                columns = word_columns(counts.levels, order, rows)
                words = [spelled.take(pa.array(column)) for column in columns]
                texts = pc.binary_join_element_wise(*words, " ")
                numbers = pa.array(level.counts[rows]).cast(pa.string())
                lines = pc.binary_join_element_wise(texts, numbers, "\t")
                stream.writelines(f"{line}\n" for line in lines.to_pylist())
