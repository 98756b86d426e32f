"""ARPA files written: the text form of back-off models, made in whole columns."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.executors import map_in_threads
from arqon_maestro.speech_engine.ngram.model import NgramRows

# n-grams made into text at once: few enough for the processor's caches.
ROWS_AT_ONCE = 1 << 16
COMPRESSION_LEVEL = 6
# Text of one member of a gzip file, which members one after the other make.
MEMBER_BYTES = 4 << 20


class Writable(Protocol):
    """A model that gives its n-grams part by part."""

    @property
    def vocabulary(self) -> tuple[str, ...]: ...

    @property
    def sizes(self) -> tuple[int, ...]: ...

    def rows(self, order: int) -> Iterator[NgramRows]: ...


def write_arpa(model: Writable, path: Path, *, threads: int = 1) -> None:
    """Writes a model as an ARPA file, gzip if the name ends ``.gz``; atomic, the same bytes always.

    Numbers are the shortest that read back as the same 32-bit float. A back-off weight of one is
    left out.

    Args:
        model: the model.
        path: the file.
        threads: number of threads that make text.
    """
    with atomic_binary(path) as stream:
        texts = _texts(model, threads)
        if path.suffix == ".gz":
            texts = map_in_threads(_compressed, _members(texts), threads)
        for text in texts:
            stream.write(text)


def _texts(model: Writable, threads: int) -> Iterator[bytes | memoryview]:
    sizes = "".join(f"ngram {order}={size}\n" for order, size in enumerate(model.sizes, 1))
    yield f"\\data\\\n{sizes}".encode()
    spelled = pa.array(model.vocabulary, pa.string())
    first = pc.binary_join_element_wise("", spelled, "\t")
    later = pc.binary_join_element_wise("", spelled, " ")
    for order in range(1, len(model.sizes) + 1):
        yield f"\n\\{order}-grams:\n".encode()
        lines = partial(_lines, first, later, order == len(model.sizes))
        yield from map_in_threads(lines, _slices(model.rows(order)), threads)
    yield b"\n\\end\\\n"


def _members(texts: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Yields the same text in parts of `MEMBER_BYTES`, however it comes."""
    held = bytearray()
    for text in texts:
        held += text
        while len(held) >= MEMBER_BYTES:
            yield bytes(held[:MEMBER_BYTES])
            del held[:MEMBER_BYTES]
    yield bytes(held)


def _compressed(text: bytes) -> bytes:
    # No time stamp and no name in the header: the same model gives the same bytes.
    return gzip.compress(text, COMPRESSION_LEVEL, mtime=0)


def _slices(parts: Iterable[NgramRows]) -> Iterator[NgramRows]:
    for part in parts:
        for start in range(0, part.log10_probabilities.size, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            yield NgramRows(
                [column[rows] for column in part.words],
                part.log10_probabilities[rows],
                part.log10_backoffs[rows],
            )


def _lines(first: pa.Array, later: pa.Array, is_highest: bool, part: NgramRows) -> memoryview:
    texts = [_numbers(part.log10_probabilities)]
    for place, column in enumerate(part.words):
        texts.append((later if place else first).take(pa.array(column)))
    if is_highest:
        texts.append(pa.scalar("\n"))
    else:
        backoffs = part.log10_backoffs
        ends = pc.binary_join_element_wise("\t", _numbers(backoffs), "\n", "")
        texts.append(pc.if_else(pa.array(backoffs == 0), "\n", ends))
    lines = pc.binary_join_element_wise(*texts, "")
    _, offsets, data = lines.buffers()
    ends_of = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends_of[lines.offset] : ends_of[lines.offset + len(lines)]]


def _numbers(values: NDArray[np.float32]) -> pa.Array:
    return pa.array(values).cast(pa.string())
