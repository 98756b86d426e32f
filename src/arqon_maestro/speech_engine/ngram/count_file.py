"""Counts of n-grams as text: ``words<TAB>count`` lines, as SRILM's ``ngram-count -write``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.speech_engine.ngram.counts import NgramCounts
from arqon_maestro.speech_engine.ngram.joins import words_of
from arqon_maestro.speech_engine.ngram.store import chunks


def write_counts(counts: NgramCounts, path: Path) -> None:
    """Writes the counts of all orders, the shortest n-grams first, each order sorted; atomic.

    Words outside the vocabulary are written ``<unk>``. ``.gz`` compresses.
    """
    spelled = pa.array(counts.vocabulary, pa.string())
    with atomic_text(path) as stream:
        for order, level in enumerate(counts.levels, 1):
            for start, stop in chunks(level.size):
                counted = level.counts.read(start, stop)
                rows = np.flatnonzero(counted)
                columns = words_of(counts.levels, order, start, rows)
                words = [spelled.take(pa.array(column)) for column in columns]
                texts = pc.binary_join_element_wise(*words, " ")
                numbers = pa.array(counted[rows]).cast(pa.string())
                lines = pc.binary_join_element_wise(texts, numbers, "\t")
                stream.writelines(f"{line}\n" for line in lines.to_pylist())
