"""OpenFst's binary files, of types ``vector`` and ``const`` with tropical weights.

Layout (OpenFst's ``fst.cc``, ``vector-fst.h``, ``const-fst.h``): magic number, type and arc type
as counted strings, version, flags, properties, start, number of states and of arcs. A vector file
then has for each state its final cost, its number of arcs and the arcs; a const file has all
states, then all arcs. Every part is a multiple of four bytes long, so that it is one array here.
"""

from __future__ import annotations

import mmap
import os
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.fst import ARCS_AT_ONCE, STATES_AT_ONCE, Fst

MAGIC = 2125659606
_SYMBOLS_MAGIC = 2125658996
_HAS_SYMBOLS = 1 | 2
_ALIGNED = 4
#: Properties that say nothing but how the file is used: expanded; expanded and mutable.
_EXPANDED, _MUTABLE = 1, 3
_VERSION = 2
_VERSION_ALIGNED = 1
_ALIGNMENT_BYTES = 16
_ARC_WORDS = 4
_VECTOR_HEAD_WORDS = 3
_CONST_STATE_WORDS = 5
_WORD_BYTES = 4


@dataclass(frozen=True)
class _Head:
    kind: str
    version: int
    flags: int
    start: int
    states: int
    arcs: int
    stop: int


def read_fst(path: Path) -> Fst:
    """Reads a transducer.

    Raises:
        MissingPartError: there is no such file.
        DataError: not an OpenFst file, of another type or arc type, or truncated.
    """
    try:
        with open(path, "rb") as stream:
            fst = _read(stream, path)
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except IsADirectoryError:
        raise DataError("a folder, where a transducer was expected", where=path) from None
    _check(fst, path)
    return fst


def _read(stream: BinaryIO, path: Path) -> Fst:
    size = os.fstat(stream.fileno()).st_size
    if not size:
        raise DataError("an empty file", where=path)
    try:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            head = _read_head(data, path)
    except (struct.error, UnicodeDecodeError):
        _truncated(path)
    return (_read_vector if head.kind == "vector" else _read_const)(stream, size, head, path)


def _truncated(path: Path) -> NoReturn:
    raise DataError("a truncated transducer", where=path, remedy="make the file again")


def _read_head(data: mmap.mmap, path: Path) -> _Head:
    if len(data) < 4 or struct.unpack_from("<i", data)[0] != MAGIC:
        raise DataError("not an OpenFst binary file", where=path)
    position = 4
    names = []
    for _ in range(2):
        (size,) = struct.unpack_from("<i", data, position)
        if not 0 <= size <= len(data):
            _truncated(path)
        names.append(data[position + 4 : position + 4 + size].decode("ascii"))
        position += 4 + size
    version, flags, _ = struct.unpack_from("<iiQ", data, position)
    start, states, arcs = struct.unpack_from("<qqq", data, position + 16)
    kind, arc_type = names
    if kind not in ("vector", "const") or arc_type != "standard":
        raise DataError(
            f"a transducer of type {kind!r} with {arc_type!r} arcs",
            where=path,
            why="'vector' or 'const' with 'standard' arcs can be read",
            remedy="fstconvert --fst_type=vector",
        )
    position += 40
    for _ in range((flags & _HAS_SYMBOLS).bit_count()):
        position = _skip_symbols(data, position, path)
    return _Head(kind, version, flags, start, states, arcs, position)


def _skip_symbols(data: mmap.mmap, position: int, path: Path) -> int:
    """Returns where an embedded symbol table ends."""
    (magic,) = struct.unpack_from("<i", data, position)
    if magic != _SYMBOLS_MAGIC:
        raise DataError("a damaged symbol table in a transducer", where=path)
    position = _skip_string(data, position + 4, path) + 8
    (count,) = struct.unpack_from("<q", data, position)
    position += 8
    for _ in range(count):
        position = _skip_string(data, position, path) + 8
    return position


def _skip_string(data: mmap.mmap, position: int, path: Path) -> int:
    (size,) = struct.unpack_from("<i", data, position)
    if not 0 <= size <= len(data) - position:
        _truncated(path)
    return position + 4 + int(size)


def _read_vector(stream: BinaryIO, size: int, head: _Head, path: Path) -> Fst:
    words = _read_words(stream, head.stop, (size - head.stop) // _WORD_BYTES)
    positions = _state_positions(words, head.states, path)
    heads = positions[:-1]
    finals = words[heads].view(np.float32)
    columns = _Columns(words[heads + 1])
    for first in range(0, heads.size, STATES_AT_ONCE):
        stop = min(first + STATES_AT_ONCE, heads.size)
        block = words[positions[first] : positions[stop]]
        is_arc = np.ones(block.size, np.bool_)
        for offset in range(_VECTOR_HEAD_WORDS):
            is_arc[heads[first:stop] - positions[first] + offset] = False
        columns.add(block[is_arc])
    return columns.fst(head.start if heads.size else -1, finals)


def _read_words(stream: BinaryIO, position: int, count: int) -> NDArray[np.int32]:
    stream.seek(position)
    return np.fromfile(stream, "<i4", count).astype(np.int32, copy=False)


def _state_positions(words: NDArray[np.int32], states: int, path: Path) -> NDArray[np.int64]:
    """Returns where each state of a vector file begins, and where the last ends."""
    # Each state says how many arcs it has, so there is no way around going through them.
    counts = words.data
    size = len(counts)
    positions = array("q", [0])
    position = 0
    # Written to a pipe, a file does not know its number of states, and goes on to its end.
    while position < size if states < 0 else len(positions) <= states:
        if position + _VECTOR_HEAD_WORDS > size:
            _truncated(path)
        position += _VECTOR_HEAD_WORDS + _ARC_WORDS * counts[position + 1]
        if not positions[-1] < position <= size:
            _truncated(path)
        positions.append(position)
    return np.frombuffer(positions, np.int64)


def _read_const(stream: BinaryIO, size: int, head: _Head, path: Path) -> Fst:
    if head.states < 0 or head.arcs < 0:
        raise DataError("a const transducer without its size", where=path)
    aligned = head.version == _VERSION_ALIGNED or bool(head.flags & _ALIGNED)
    states_at = _aligned(head.stop) if aligned else head.stop
    states_end = states_at + _WORD_BYTES * _CONST_STATE_WORDS * head.states
    arcs_at = _aligned(states_end) if aligned else states_end
    if arcs_at + _WORD_BYTES * _ARC_WORDS * head.arcs > size:
        _truncated(path)
    states = _read_words(stream, states_at, _CONST_STATE_WORDS * head.states)
    states = states.reshape(-1, _CONST_STATE_WORDS)
    counts = states[:, 2].astype(np.int64)
    if (states[:, 1] != np.cumsum(counts) - counts).any() or counts.sum() != head.arcs:
        raise DataError("a const transducer whose states don't fit its arcs", where=path)
    finals = np.ascontiguousarray(states[:, 0]).view(np.float32)
    del states
    columns = _Columns(counts)
    for first in range(0, head.arcs, ARCS_AT_ONCE):
        position = arcs_at + _WORD_BYTES * _ARC_WORDS * first
        rows = min(ARCS_AT_ONCE, head.arcs - first)
        columns.add(_read_words(stream, position, _ARC_WORDS * rows))
    return columns.fst(head.start, finals)


def _aligned(position: int) -> int:
    return -(-position // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES


class _Columns:
    """Arcs as columns, filled from the front."""

    def __init__(self, counts: NDArray[np.integer]) -> None:
        self.offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        size = int(self.offsets[-1])
        self.labels = [np.empty(size, np.int32) for _ in range(_ARC_WORDS)]
        self.filled = 0

    def add(self, words: NDArray[np.int32]) -> None:
        """Adds arcs as they are in a file."""
        rows = words.reshape(-1, _ARC_WORDS)
        for place, column in enumerate(self.labels):
            column[self.filled : self.filled + len(rows)] = rows[:, place]
        self.filled += len(rows)

    def fst(self, start: int, finals: NDArray[np.float32]) -> Fst:
        ilabels, olabels, weights, targets = self.labels
        return Fst(start, finals, self.offsets, ilabels, olabels, weights.view(np.float32), targets)


def _check(fst: Fst, path: Path) -> None:
    inside = not fst.num_arcs or (
        fst.targets.min() >= 0 and int(fst.targets.max()) < fst.num_states
    )
    if not inside or not -1 <= fst.start < fst.num_states or np.isnan(fst.weights).any():
        raise DataError("a damaged transducer", where=path, why="arcs that lead nowhere")


def write_fst(path: Path, fst: Fst, *, kind: str = "vector") -> None:
    """Writes a transducer, atomically.

    Args:
        path: the file.
        fst: what to write.
        kind: ``vector``, or ``const``, which loads faster and cannot be changed.
    """
    with atomic_binary(path) as stream:
        stream.write(_head_bytes(fst, kind))
        for words in _vector_words(fst) if kind == "vector" else _const_words(fst):
            stream.write(words.astype("<i4", copy=False).data)


def _head_bytes(fst: Fst, kind: str) -> bytes:
    names = b"".join(struct.pack("<i", len(n)) + n.encode() for n in (kind, "standard"))
    properties = _MUTABLE if kind == "vector" else _EXPANDED
    rest = struct.pack("<iiQ", _VERSION, 0, properties)
    return (
        struct.pack("<i", MAGIC)
        + names
        + rest
        + struct.pack("<qqq", fst.start, fst.num_states, fst.num_arcs)
    )


def _arc_words(fst: Fst, rows: slice) -> NDArray[np.int32]:
    arcs = np.empty((rows.stop - rows.start, _ARC_WORDS), np.int32)
    arcs[:, 0] = fst.ilabels[rows]
    arcs[:, 1] = fst.olabels[rows]
    arcs[:, 2] = fst.weights[rows].view(np.int32)
    arcs[:, 3] = fst.targets[rows]
    return arcs


def _vector_words(fst: Fst) -> Iterator[NDArray[np.int32]]:
    """Yields some states with their arcs, then the next."""
    for states, arcs in fst.blocks():
        offsets = fst.offsets[states.start : states.stop + 1] - arcs.start
        heads = _VECTOR_HEAD_WORDS * np.arange(offsets.size - 1) + _ARC_WORDS * offsets[:-1]
        words = np.zeros(_VECTOR_HEAD_WORDS * heads.size + _ARC_WORDS * offsets[-1], np.int32)
        is_arc = np.ones(words.size, np.bool_)
        for offset in range(_VECTOR_HEAD_WORDS):
            is_arc[heads + offset] = False
        words[is_arc] = _arc_words(fst, arcs).ravel()
        words[heads] = fst.finals[states].view(np.int32)
        words[heads + 1] = np.diff(offsets)
        yield words


def _const_words(fst: Fst) -> Iterator[NDArray[np.int32]]:
    """Yields the states, then the arcs."""
    for states, arcs in fst.blocks():
        offsets = fst.offsets[states.start : states.stop + 1]
        words = np.empty((offsets.size - 1, _CONST_STATE_WORDS), np.int32)
        words[:, 0] = fst.finals[states].view(np.int32)
        words[:, 1] = offsets[:-1]
        words[:, 2] = np.diff(offsets)
        for column, labels in ((3, fst.ilabels), (4, fst.olabels)):
            words[:, column] = fst.summed((labels[arcs] == 0).astype(np.int32), states)
        yield words
    for _, arcs in fst.blocks():
        yield _arc_words(fst, arcs)
