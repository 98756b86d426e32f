"""Columns of numbers: the same code counts texts that fit into the memory and larger ones.

A column is written from its start to its end and read in slices. `folder_store` keeps columns in
files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

# Rows worked on at once: enough for numpy's overhead not to matter, few enough for the caches.
CHUNK_ROWS = 1 << 18


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


@dataclass(frozen=True)
class Checkpoint:
    """A finished stage of the work: numbers and words (as JSON has them), and columns."""

    facts: Mapping[str, Any]
    columns: Mapping[str, Column[Any]]


class Store(Protocol):
    """Makes columns."""

    @property
    def folder(self) -> Path | None:
        """Where columns and other files are kept; none in memory."""

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        """Returns a new, empty column."""

    def rows_in_memory(self, row_bytes: int) -> int | None:
        """Returns how many rows of so many bytes may be held at once; none for any number."""

    def save(self, stage: str, key: str, checkpoint: Checkpoint) -> None:
        """Notes that a stage is done, for a later run whose `key` is the same."""

    def saved(self, stage: str, key: str) -> Checkpoint | None:
        """Returns a stage that an earlier run with the same `key` finished."""

    def forget(self, stage: str) -> None:
        """Makes a stage's columns no part of a checkpoint any more."""


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

    folder = None

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        return MemoryColumn(dtype)

    def rows_in_memory(self, row_bytes: int) -> int | None:
        return None

    def save(self, stage: str, key: str, checkpoint: Checkpoint) -> None:
        pass

    def saved(self, stage: str, key: str) -> Checkpoint | None:
        return None

    def forget(self, stage: str) -> None:
        pass


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
