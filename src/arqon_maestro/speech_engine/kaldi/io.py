"""Kaldi's binary files: tokens, numbers, vectors and matrices, read and written.

Source: Kaldi's ``base/io-funcs`` and ``matrix/kaldi-{vector,matrix}``. A binary file begins with
``\\0B``. A token is text and one blank. A number is one byte of size in bytes (negative if
unsigned) and the little-endian value. Text-form files are refused, with what converts them.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError

BINARY_MARK = b"\0B"
_LONGEST_TOKEN = 200
#: Unsigned integers have their size negated: 0xfc is -4.
_UNSIGNED_4 = 0xFC

Reals = NDArray[np.float32] | NDArray[np.float64]

_COLUMN_HEADER = 4
_VECTORS = {"FV": "<f4", "DV": "<f8"}
_MATRICES = {"FM": "<f4", "DM": "<f8"}
_PACKED = {"FP": "<f4", "DP": "<f8"}


class KaldiReader:
    """Reads one binary file from front to back.

    Args:
        data: the whole file, or what follows its ``\\0B``.
        path: named in errors.

    Every method raises `DataError` with path and byte where the file ends early or holds something
    else.
    """

    def __init__(self, data: bytes, path: Path | str = "data", position: int = 0) -> None:
        self.data = data
        self.path = path
        self.position = position

    @classmethod
    def open(cls, path: Path) -> KaldiReader:
        """Opens a binary file and steps over its mark.

        Raises:
            MissingPartError: there is no such file.
            DataError: a text-form file, or an empty one.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise MissingPartError("no such file", where=path) from None
        except IsADirectoryError:
            raise DataError("a folder, where a file was expected", where=path) from None
        if not data.startswith(BINARY_MARK):
            raise DataError(
                "not a binary Kaldi file" if data else "an empty file",
                where=path,
                why="it does not begin with \\0B",
                remedy="write it with Kaldi's copy programs and --binary=true",
            )
        return cls(data, path, len(BINARY_MARK))

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.data)

    def fail(self, what: str, *, why: str = "") -> NoReturn:
        """Raises a `DataError` at this place."""
        raise DataError(what, where=f"{self.path}: byte {self.position}", why=why)

    def take(self, size: int) -> bytes:
        """Returns the next bytes."""
        stop = self.position + size
        if size < 0 or stop > len(self.data):
            self.fail("a truncated file", why=f"{size} more bytes expected")
        taken = self.data[self.position : stop]
        self.position = stop
        return taken

    def token(self) -> str:
        """Returns the next token, up to the next white space."""
        limit = min(len(self.data), self.position + _LONGEST_TOKEN)
        stop = self.position
        while stop < limit and self.data[stop] > ord(" "):
            stop += 1
        if stop >= limit or stop == self.position:
            self.fail("a truncated file" if stop >= len(self.data) else "no token here")
        token = self.data[self.position : stop].decode("ascii", "replace")
        self.position = stop + 1
        return token

    def peek(self) -> str:
        """Returns the next token and stays where it is."""
        position = self.position
        token = self.token()
        self.position = position
        return token

    def expect(self, *tokens: str) -> None:
        """Steps over these tokens."""
        for wanted in tokens:
            position = self.position
            found = self.token()
            if found != wanted:
                self.position = position
                self.fail(f"{found!r} where {wanted!r} was expected")

    def line(self) -> str:
        """Returns text up to the next line end, which is stepped over."""
        stop = self.data.find(b"\n", self.position)
        if stop < 0:
            self.fail("a truncated file", why="a line end expected")
        text = self.data[self.position : stop].decode("utf-8", "replace")
        self.position = stop + 1
        return text

    def int32(self) -> int:
        """Returns a signed number of 4 bytes."""
        return int(self._number(4, "<i"))

    def uint32(self) -> int:
        """Returns an unsigned number of 4 bytes."""
        return int(self._number(_UNSIGNED_4, "<I"))

    def int64(self) -> int:
        """Returns a signed number of 8 bytes."""
        return int(self._number(8, "<q"))

    def real(self) -> float:
        """Returns a number of single or double precision."""
        size = self.data[self.position] if not self.at_end else 0
        return float(self._number(size, "<d" if size == 8 else "<f"))

    def boolean(self) -> bool:
        """Returns a ``T`` or ``F``."""
        letter = self.take(1)
        if letter not in (b"T", b"F"):
            self.fail("neither T nor F")
        return letter == b"T"

    def _number(self, size: int, form: str) -> int | float:
        found = self.take(1)[0]
        width = struct.calcsize(form)
        if found != size or size not in (width, 256 - width):
            self.position -= 1
            self.fail(f"no number of {width} bytes here", why=f"size byte {found}")
        value: int | float = struct.unpack(form, self.take(width))[0]
        return value

    def int_vector(self) -> NDArray[np.int32]:
        """Returns a list of whole numbers, `(n,)`."""
        if self.take(1)[0] != 4:
            self.position -= 1
            self.fail("no list of numbers of 4 bytes here")
        size = struct.unpack("<i", self.take(4))[0]
        return np.frombuffer(self.take(self._bytes(4, size)), "<i4").astype(np.int32)

    def vector(self) -> Reals:
        """Returns a vector, `(n,)`, in the precision of the file."""
        kind = self._kind(_VECTORS, "a vector")
        return self._reals(kind, self.int32())

    def matrix(self) -> Reals:
        """Returns a matrix, `(rows, columns)`, compressed or in the precision of the file."""
        if self.peek() in ("CM", "CM2", "CM3"):
            return self._compressed()
        kind = self._kind(_MATRICES, "a matrix")
        rows, columns = self.int32(), self.int32()
        return self._reals(kind, rows, columns)

    def packed(self) -> Reals:
        """Returns a symmetric matrix, `(n, n)`, stored as its lower triangle."""
        kind = self._kind(_PACKED, "a packed matrix")
        size = self.int32()
        if size < 0:
            self.fail("a negative size")
        entries = self._reals(kind, size * (size + 1) // 2)
        full = np.zeros((size, size), entries.dtype)
        full[np.tril_indices(size)] = entries
        symmetric: Reals = full + np.tril(full, -1).T
        return symmetric

    def _kind(self, kinds: dict[str, str], what: str) -> str:
        name = self.peek()
        if name not in kinds:
            self.fail(f"{name!r} where {what} was expected")
        return kinds[self.token()]

    def _reals(self, kind: str, *sizes: int) -> Reals:
        data = self.take(self._bytes(np.dtype(kind).itemsize, *sizes))
        array: Reals = np.frombuffer(data, kind).reshape(sizes).copy()
        return array

    def _compressed(self) -> NDArray[np.float32]:
        """Reads a compressed matrix: 8 bits by column quartiles, 16 bits or 8 bits by range."""
        name = self.token()
        low, span = struct.unpack("<ff", self.take(8))
        rows, columns = struct.unpack("<ii", self.take(8))
        cells = self._bytes(1, rows, columns)
        if name == "CM2":
            whole = np.frombuffer(self.take(2 * cells), "<u2").reshape(rows, columns)
            wide: NDArray[np.float64] = low + span / 65535.0 * whole.astype(np.float64)
            return wide.astype(np.float32)
        if name == "CM3":
            whole = np.frombuffer(self.take(cells), "u1").reshape(rows, columns)
            narrow: NDArray[np.float64] = low + span / 255.0 * whole.astype(np.float64)
            return narrow.astype(np.float32)
        edges = np.frombuffer(self.take(2 * _COLUMN_HEADER * columns), "<u2").reshape(columns, 4)
        points = low + span / 65535.0 * edges.astype(np.float64)
        codes = np.frombuffer(self.take(cells), "u1").reshape(columns, rows)
        # Codes 0, 64, 192 and 255 are the column's minimum, quartiles and maximum.
        knots = np.array([0.0, 64.0, 192.0, 255.0])
        values = [np.interp(codes[c], knots, points[c]) for c in range(columns)]
        return np.array(values, np.float32).reshape(columns, rows).T.copy()

    def _bytes(self, width: int, *sizes: int) -> int:
        if min(sizes) < 0:
            self.fail("a negative size")
        total = width
        for size in sizes:
            total *= size
        return total


class KaldiWriter:
    """Gathers the bytes of a binary file; `bytes(writer)` gives them."""

    def __init__(self, *, mark: bool = True) -> None:
        self._data = bytearray(BINARY_MARK if mark else b"")

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def raw(self, data: bytes) -> None:
        """Adds bytes as they are."""
        self._data += data

    def token(self, *tokens: str) -> None:
        """Adds tokens, each with a blank after it."""
        for token in tokens:
            self._data += token.encode("ascii") + b" "

    def int32(self, value: int) -> None:
        self._data += b"\x04" + struct.pack("<i", value)

    def uint32(self, value: int) -> None:
        self._data += bytes([_UNSIGNED_4]) + struct.pack("<I", value)

    def int64(self, value: int) -> None:
        self._data += b"\x08" + struct.pack("<q", value)

    def real(self, value: float) -> None:
        """Adds a number of single precision."""
        self._data += b"\x04" + struct.pack("<f", value)

    def double(self, value: float) -> None:
        self._data += b"\x08" + struct.pack("<d", value)

    def boolean(self, value: bool) -> None:
        self._data += b"T" if value else b"F"

    def int_vector(self, values: NDArray[np.int32] | list[int]) -> None:
        array = np.asarray(values, "<i4")
        self._data += b"\x04" + struct.pack("<i", array.size) + array.tobytes()

    def vector(self, values: Reals) -> None:
        """Adds a vector, `(n,)`; float64 stays double, all else is written single."""
        double = values.dtype == np.float64
        self.token("DV" if double else "FV")
        self.int32(values.size)
        self._data += np.ascontiguousarray(values, "<f8" if double else "<f4").tobytes()

    def matrix(self, values: Reals) -> None:
        """Adds a matrix, `(rows, columns)`; float64 stays double, all else is written single."""
        double = values.dtype == np.float64
        self.token("DM" if double else "FM")
        self.int32(values.shape[0])
        self.int32(values.shape[1])
        self._data += np.ascontiguousarray(values, "<f8" if double else "<f4").tobytes()

    def packed(self, values: Reals) -> None:
        """Adds a symmetric matrix, `(n, n)`, as its lower triangle."""
        double = values.dtype == np.float64
        self.token("DP" if double else "FP")
        self.int32(values.shape[0])
        lower = values[np.tril_indices(values.shape[0])]
        self._data += np.ascontiguousarray(lower, "<f8" if double else "<f4").tobytes()
