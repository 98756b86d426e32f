"""ARPA files written: the text form of back-off models, made in whole columns."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.trie import word_columns

# n-grams made into text at once: few enough for the processor's caches.
WRITE_CHUNK = 1 << 16
COMPRESSION_LEVEL = 6


def write_arpa(model: NgramModel, path: Path) -> None:
    """Writes a model as an ARPA file, gzip if the name ends ``.gz``; atomic, the same bytes always.

    Numbers are the shortest that read back as the same 32-bit float.
    """
    with atomic_binary(path) as stream:
        if path.suffix == ".gz":
            # No time stamp and no name in the header: the same model gives the same bytes.
            with gzip.GzipFile(
                filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=COMPRESSION_LEVEL
            ) as zipped:
                _write(model, cast(BinaryIO, zipped))
        else:
            _write(model, stream)


def _write(model: NgramModel, stream: BinaryIO) -> None:
    sizes = "".join(
        f"ngram {order}={level.words.size}\n" for order, level in enumerate(model.levels, 1)
    )
    stream.write(f"\\data\\\n{sizes}".encode())
    spelled = pa.array(model.vocabulary, pa.string())
    first = pc.binary_join_element_wise("", spelled, "\t")
    later = pc.binary_join_element_wise("", spelled, " ")
    for order in range(1, model.order + 1):
        stream.write(f"\n\\{order}-grams:\n".encode())
        for start in range(0, model.levels[order - 1].words.size, WRITE_CHUNK):
            rows = slice(start, start + WRITE_CHUNK)
            stream.write(_lines(model, order, rows, first, later))
    stream.write(b"\n\\end\\\n")


def _lines(
    model: NgramModel, order: int, rows: slice, first: pa.Array, later: pa.Array
) -> memoryview:
    level = model.levels[order - 1]
    columns = word_columns(model.levels, order, rows)
    parts = [_numbers(level.log10_probabilities[rows]), first.take(pa.array(columns[0]))]
    parts.extend(later.take(pa.array(column)) for column in columns[1:])
    if order == model.order:
        parts.append(pa.scalar("\n"))
    else:
        backoffs = level.log10_backoffs[rows]
        texts = pc.binary_join_element_wise("\t", _numbers(backoffs), "\n", "")
        parts.append(pc.if_else(pa.array(backoffs == 0), "\n", texts))
    lines = pc.binary_join_element_wise(*parts, "")
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def _numbers(values: NDArray[np.float32]) -> pa.Array:
    return pa.array(values).cast(pa.string())
