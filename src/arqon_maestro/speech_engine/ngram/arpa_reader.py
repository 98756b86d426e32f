"""ARPA files read: whole columns at once, malformed lines named."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.executors import map_in_threads
from arqon_maestro.executors.local import available_cores
from arqon_maestro.speech_engine.ngram.model import LOG10_ZERO, ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.text import blanks
from arqon_maestro.speech_engine.ngram.trie import (
    IdArray,
    KeyArray,
    bits_for,
    keys_of,
    locate,
    sort_with_order,
)

CHUNK_BYTES = 8 << 20
# Rounding in other tools' files may leave the logarithm of one a little above zero.
LARGEST_LOG10 = 1e-4
# Back-off weights may be above one, but not like this.
LARGEST_LOG10_BACKOFF = 99.0

_NEWLINE = ord("\n")
_SPACE = ord(" ")
_SIZE = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)\s*$")
_SECTION = re.compile(rb"\\(\d+)-grams:\s*$")


@dataclass(frozen=True)
class _Section:
    order: int
    start: int
    stop: int
    line: int


@dataclass(frozen=True)
class _Rows:
    """N-grams as the file has them, `(n-grams,)` each."""

    words: list[pa.Array]
    scores: NDArray[np.float32]
    backoffs: NDArray[np.float32]
    lines: NDArray[np.int64]


def read_arpa(path: Path, *, threads: int | None = None) -> NgramModel:
    """Reads an ARPA file, plain or ``.gz``.

    The n-grams may come in any order. Missing back-off weights are 0; ``-inf`` is read as -99.

    Args:
        path: the file.
        threads: number of threads; default: the cores that this process may use.

    Raises:
        MissingPartError: there is no such file.
        DataError: not an ARPA file; a malformed line, an unknown word, a repeated n-gram, or an
            n-gram without its context, each with path:line.
    """
    return _Reader(path, _contents(path), threads or available_cores()).read()


def _contents(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except IsADirectoryError:
        raise DataError("a folder, where an ARPA file was expected", where=path) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError("a damaged gzip file", where=path, why=str(error)) from None


class _Reader:
    def __init__(self, path: Path, data: bytes, threads: int) -> None:
        self.path = path
        self.data = data
        self.threads = threads

    def read(self) -> NgramModel:
        sizes, sections = self._outline()
        vocabulary: tuple[str, ...] = ()
        spelled = pa.array([], pa.binary())
        levels: list[ModelLevel] = []
        keys: list[KeyArray] = []
        word_bits = 1
        for section in sections:
            rows = self._rows(section)
            if rows.scores.size != sizes[section.order - 1]:
                self._fail(
                    f"{rows.scores.size} {section.order}-grams, where the head of the file "
                    f"promises {sizes[section.order - 1]}",
                    section.line,
                )
            if section.order == 1:
                spelled = rows.words[0]
                vocabulary = self._vocabulary(rows)
                word_bits = bits_for(len(vocabulary))
                ids = [np.arange(len(vocabulary), dtype=np.int32)]
            else:
                ids = [self._ids(column, spelled, rows) for column in rows.words]
            level, level_keys = self._level(ids, rows, keys, word_bits)
            levels.append(level)
            keys.append(level_keys)
        return NgramModel(vocabulary, tuple(levels))

    def _fail(self, what: str, line: int, why: str = "") -> NoReturn:
        raise DataError(what, where=f"{self.path}:{line}", why=why)

    def _outline(self) -> tuple[list[int], list[_Section]]:
        """Reads the head, and finds where each section begins and ends."""
        sizes: list[int] = []
        sections: list[_Section] = []
        in_head = False
        ended = False
        for start, stop, line in self._marks():
            mark = self.data[start:stop].rstrip()
            match = _SECTION.match(mark)
            if mark == b"\\data\\":
                in_head = True
                sizes = self._sizes(stop, line)
            elif not in_head:
                self._fail("an ARPA file begins with \\data\\", line)
            elif mark == b"\\end\\":
                ended = True
                break
            elif match is None or int(match[1]) != len(sections) + 1:
                found = repr(mark.decode("utf-8", "replace"))
                self._fail(f"\\{len(sections) + 1}-grams: expected", line, f"found {found}")
            else:
                end = self.data.find(b"\n\\", stop)
                end = len(self.data) if end < 0 else end + 1
                sections.append(_Section(len(sections) + 1, stop, end, line))
        if not in_head:
            raise DataError("not an ARPA file", where=self.path, why="no line \\data\\")
        if not sizes or not sizes[0]:
            raise DataError(
                "an ARPA file without 1-grams",
                where=self.path,
                why="it has no words, so there is nothing that it could say",
                remedy="maestro lm train, on text that has words",
            )
        if len(sections) != len(sizes):
            raise DataError(
                f"{len(sections)} sections of n-grams, where the head promises {len(sizes)}",
                where=self.path,
                why="" if ended else "the file ends too early",
            )
        if not ended:
            raise DataError("no line \\end\\", where=self.path, why="the file ends too early")
        return sizes, sections

    def _marks(self) -> Iterator[tuple[int, int, int]]:
        """Yields start, end and line number of the lines that begin with a backslash."""
        position = 0 if self.data.startswith(b"\\") else self.data.find(b"\n\\") + 1
        line = 1
        counted = 0
        while position or self.data.startswith(b"\\"):
            stop = self.data.find(b"\n", position)
            stop = len(self.data) if stop < 0 else stop
            line += self.data.count(b"\n", counted, position)
            counted = position
            yield position, stop, line
            position = self.data.find(b"\n\\", stop) + 1
            if not position:
                return

    def _sizes(self, start: int, line: int) -> list[int]:
        sizes: list[int] = []
        stop = self.data.find(b"\n\\", start)
        for number, text in enumerate(self.data[start:stop].split(b"\n"), line):
            if not text.strip():
                continue
            match = _SIZE.match(text.strip())
            if match is None or int(match[1]) != len(sizes) + 1:
                found = repr(text.decode("utf-8", "replace"))
                self._fail(f"ngram {len(sizes) + 1}=… expected", number, f"found {found}")
            sizes.append(int(match[2]))
        return sizes

    def _rows(self, section: _Section) -> _Rows:
        chunk = partial(self._chunk, section.order)
        parts = list(map_in_threads(chunk, self._chunks(section), self.threads))
        if not parts:
            nothing = np.zeros(0, np.float32)
            empty = [pa.array([], pa.binary())] * section.order
            return _Rows(empty, nothing, nothing, np.zeros(0, np.int64))
        return _Rows(
            [
                pa.concat_arrays([part.words[place] for part in parts])
                for place in range(section.order)
            ],
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.backoffs for part in parts]),
            np.concatenate([part.lines for part in parts]),
        )

    def _chunks(self, section: _Section) -> Iterator[tuple[bytes, int]]:
        """Yields successive whole lines, with the number of the line before them."""
        start, line = section.start, section.line
        while start < section.stop:
            stop = section.stop
            if stop - start > CHUNK_BYTES:
                stop = self.data.rfind(b"\n", start, start + CHUNK_BYTES) + 1
                if stop <= start:
                    self._fail("a line longer than any n-gram", line + 1)
            data = self.data[start:stop]
            yield data, line
            line += data.count(b"\n")
            start = stop

    def _chunk(self, order: int, chunk: tuple[bytes, int]) -> _Rows:
        data, line = chunk
        raw = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", np.uint8)
        blank = blanks(raw)
        ends = np.flatnonzero(blank[1:] & ~blank[:-1]) + 1
        newlines = np.flatnonzero(raw == _NEWLINE)
        fields = np.diff(np.searchsorted(ends, newlines, side="right"), prepend=0)
        filled = np.flatnonzero(fields)
        fields = fields[filled]
        bad = np.flatnonzero((fields != order + 1) & (fields != order + 2))
        if bad.size:
            row = int(filled[bad[0]])
            begin = int(newlines[row - 1]) + 1 if row else 0
            text = data[begin : int(newlines[row])].decode("utf-8", "replace")
            self._fail(
                f"a malformed {order}-gram",
                line + row,
                f"{int(fields[bad[0]])} fields in {text!r}, not {order + 1} or {order + 2}",
            )
        adjacent = raw[np.concatenate(([not blank[0]], ~blank[1:] | ~blank[:-1]))]
        stops = np.flatnonzero(blanks(adjacent))
        offsets = np.zeros(stops.size + 1, np.int32)
        np.add(stops, 1, out=offsets[1:], casting="unsafe")
        # Each field ends with its blank, so that the fields are adjacent slices.
        adjacent[stops] = _SPACE
        slices = pa.Array.from_buffers(
            pa.binary(), stops.size, [None, pa.py_buffer(offsets), pa.py_buffer(adjacent)]
        )
        first = np.cumsum(fields) - fields
        lines = line + filled
        scores = self._numbers(slices.take(pa.array(first)), lines)
        if scores.size and float(scores.max()) > LARGEST_LOG10:
            worst = int(scores.argmax())
            self._fail(
                "a probability above one", int(lines[worst]), f"its log10 is {scores[worst]:g}"
            )
        backoffs = np.zeros(scores.size, np.float32)
        with_backoff = fields == order + 2
        backoffs[with_backoff] = self._numbers(
            slices.take(pa.array(first[with_backoff] + order + 1)), lines[with_backoff]
        )
        if backoffs.size and float(backoffs.max()) > LARGEST_LOG10_BACKOFF:
            worst = int(backoffs.argmax())
            self._fail(
                "a back-off weight too large",
                int(lines[worst]),
                f"its log10 is {backoffs[worst]:g}",
            )
        words = [slices.take(pa.array(first + 1 + place)) for place in range(order)]
        return _Rows(words, scores, backoffs, lines)

    def _numbers(self, texts: pa.Array, lines: NDArray[np.int64]) -> NDArray[np.float32]:
        try:
            trimmed = pc.utf8_rtrim(texts.cast(pa.string()), " ")
            values: NDArray[np.float32] = trimmed.cast(pa.float32()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            values = self._numbers_slowly(texts, lines)
        if np.isnan(values).any():
            self._fail("not a number", int(lines[np.flatnonzero(np.isnan(values))[0]]), "'nan'")
        return np.maximum(values, np.float32(LOG10_ZERO))

    def _numbers_slowly(self, texts: pa.Array, lines: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.zeros(len(texts), np.float32)
        for row, text in enumerate(texts.to_pylist()):
            try:
                values[row] = float(text)
            except ValueError:
                found = repr(text.rstrip().decode("utf-8", "replace"))
                self._fail("not a number", int(lines[row]), f"found {found}")
        return values

    def _vocabulary(self, rows: _Rows) -> tuple[str, ...]:
        seen: dict[str, int] = {}
        for row, name in enumerate(rows.words[0].to_pylist()):
            try:
                word = name[:-1].decode("utf-8")
            except UnicodeDecodeError:
                self._fail("not UTF-8", int(rows.lines[row]), repr(name))
            if word in seen:
                self._fail(f"the 1-gram {word!r} again", int(rows.lines[row]))
            seen[word] = row
        return tuple(seen)

    def _ids(self, column: pa.Array, spelled: pa.Array, rows: _Rows) -> IdArray:
        found = pc.index_in(column, spelled)
        if found.null_count:
            row = int(np.flatnonzero(found.is_null().to_numpy(zero_copy_only=False))[0])
            word = column[row].as_py().rstrip().decode("utf-8", "replace")
            self._fail(f"the word {word!r} is not among the 1-grams", int(rows.lines[row]))
        ids: IdArray = found.to_numpy()
        return ids

    def _level(
        self, ids: list[IdArray], rows: _Rows, keys: list[KeyArray], word_bits: int
    ) -> tuple[ModelLevel, KeyArray]:
        order = len(ids)
        parents = np.zeros(ids[0].size, np.int64)
        if order > 1:
            parents = ids[0].astype(np.int64)
        for place, column in enumerate(ids[1:-1], 1):
            parents = locate(keys[place], keys_of(parents, column, word_bits))
            missing = np.flatnonzero(parents < 0)
            if missing.size:
                line = int(rows.lines[missing[0]])
                self._fail(f"a {order}-gram whose context is not among the {order - 1}-grams", line)
        words, scores, backoffs = ids[-1], rows.scores, rows.backoffs
        own = keys_of(parents, words, word_bits)
        if np.any(own[1:] <= own[:-1]):
            place_of, own = sort_with_order(own)
            again = np.flatnonzero(own[1:] == own[:-1])
            if again.size:
                repeated = max(place_of[again[0]], place_of[again[0] + 1])
                self._fail(f"a {order}-gram again", int(rows.lines[repeated]))
            parents, words = parents[place_of], words[place_of]
            scores, backoffs = scores[place_of], backoffs[place_of]
        return ModelLevel(parents.astype(np.int32), words, scores, backoffs), own
