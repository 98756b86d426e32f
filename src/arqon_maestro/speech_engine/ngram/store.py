"""Columns of numbers, in memory or in files: the same code counts small and large texts.

A column is written from its start to its end and read in slices. A folder's columns are read and
written with plain file calls rather than mapped, so that the memory in use stays what the caller
holds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import UsageError

Scalar = TypeVar("Scalar", bound=np.generic)

# Rows worked on at once: enough for numpy's overhead not to matter, few enough for the caches.
CHUNK_ROWS = 1 << 18
MEBIBYTE = 1 << 20
SMALLEST_MEMORY_BYTES = 64 * MEBIBYTE


class Column(Protocol[Scalar]):  # type: ignore[misc]  # both read and written
    """Numbers of one type, `(rows,)`."""

    @property
    def size(self) -> int:
        """Number of rows written so far."""

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Scalar]:
        """Returns the rows from `start` to before `stop`; not to be changed."""

    def append(self, values: NDArray[Any]) -> None:
        """Adds rows at the end."""

    def overwrite(self, start: int, values: NDArray[Any]) -> None:
        """Replaces rows that were written before."""

    def discard(self) -> None:
        """Gives the space back; the column is not used any more."""


class Store(Protocol):
    """Makes columns.

    Attributes:
        memory_bytes: what the work should need at most, beside the vocabulary and the program;
            none for no limit.
    """

    memory_bytes: int | None

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        """Returns a new, empty column."""

    def rows_in_memory(self, row_bytes: int) -> int | None:
        """Returns how many rows of so many bytes may be held at once; none for any number."""


class MemoryColumn(Generic[Scalar]):
    """A column in memory."""

    def __init__(self, dtype: type[Scalar]) -> None:
        self._parts: list[NDArray[Scalar]] = []
        self._dtype = dtype
        self.size = 0

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Scalar]:
        return self._whole()[start:stop]

    def append(self, values: NDArray[Any]) -> None:
        self._parts.append(values.astype(self._dtype, copy=False))
        self.size += values.size

    def overwrite(self, start: int, values: NDArray[Any]) -> None:
        self._whole()[start : start + values.size] = values

    def discard(self) -> None:
        self._parts.clear()

    def _whole(self) -> NDArray[Scalar]:
        if not self._parts:
            self._parts.append(np.zeros(0, self._dtype))
        if len(self._parts) > 1:
            self._parts[:] = [np.concatenate(self._parts)]
        return self._parts[0]


class MemoryStore:
    """Keeps columns in memory."""

    memory_bytes: int | None = None

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        return MemoryColumn(dtype)

    def rows_in_memory(self, row_bytes: int) -> int | None:
        return None


class FileColumn(Generic[Scalar]):
    """A column in a file."""

    def __init__(self, path: Path, dtype: type[Scalar]) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self.size = 0
        path.touch()

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Scalar]:
        stop = self.size if stop is None else min(stop, self.size)
        return np.fromfile(
            self._path,
            self._dtype,
            count=max(0, stop - start),
            offset=start * self._dtype.itemsize,
        )

    def append(self, values: NDArray[Any]) -> None:
        with open(self._path, "ab") as stream:
            values.astype(self._dtype, copy=False).tofile(stream)
        self.size += values.size

    def overwrite(self, start: int, values: NDArray[Any]) -> None:
        with open(self._path, "r+b") as stream:
            stream.seek(start * self._dtype.itemsize)
            values.astype(self._dtype, copy=False).tofile(stream)

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)


class FolderStore:
    """Keeps columns in files of a temporary folder; a context manager that removes it."""

    def __init__(self, parent: Path, memory_bytes: int) -> None:
        """Makes the folder inside `parent`.

        Raises:
            UsageError: too little memory to work with.
        """
        if memory_bytes < SMALLEST_MEMORY_BYTES:
            raise UsageError(
                f"a memory of {memory_bytes} bytes",
                why=f"at least {SMALLEST_MEMORY_BYTES // MEBIBYTE} MiB are needed",
            )
        self.memory_bytes: int | None = memory_bytes
        parent.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=".ngram-", dir=parent)
        self._number = 0

    def __enter__(self) -> FolderStore:
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        self._number += 1
        return FileColumn(Path(self._folder.name) / str(self._number), dtype)

    def rows_in_memory(self, row_bytes: int) -> int | None:
        assert self.memory_bytes is not None
        return max(CHUNK_ROWS, self.memory_bytes // row_bytes)


def open_store(folder: Path, memory_bytes: int | None) -> AbstractContextManager[Store]:
    """Returns a store: in memory, or in a temporary folder inside `folder` if memory is limited.

    Raises:
        UsageError: too little memory to work with.
    """
    if memory_bytes is None:
        return nullcontext(MemoryStore())
    return FolderStore(folder, memory_bytes)


def chunks(size: int, rows: int = CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """Yields start and stop of successive slices of `size` rows."""
    for start in range(0, size, rows):
        yield start, min(start + rows, size)


def group_chunks(groups: Column[np.int32], rows: int = CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """As `chunks`, with no group of equal values, one after the other, in two slices."""
    start = 0
    while start < groups.size:
        stop = min(start + rows, groups.size)
        if stop < groups.size:
            last = groups.read(stop - 1, stop)[0]
            stop += _leading(groups, stop, int(last))
        yield start, stop
        start = stop


def _leading(groups: Column[np.int32], start: int, value: int) -> int:
    """Returns how many rows from `start` on equal `value`."""
    number, rows = 0, 1 << 10
    while start + number < groups.size:
        block = groups.read(start + number, start + number + rows)
        other = np.flatnonzero(block != value)
        if other.size:
            return number + int(other[0])
        number += block.size
        rows *= 4
    return number
