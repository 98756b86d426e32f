"""Columns in the files of a folder, and checkpoints from which a killed run goes on.

Files are read and written with plain calls rather than mapped, so that the memory in use is what
the caller holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import AbstractContextManager, nullcontext
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import TEMPORARY_MARK, read_json, write_compact_json
from arqon_maestro.errors import UsageError, WorkFailedError
from arqon_maestro.speech_engine.ngram.store import (
    CHUNK_ROWS,
    Checkpoint,
    Column,
    MemoryStore,
    Scalar,
    Store,
)

MEBIBYTE = 1 << 20
SMALLEST_MEMORY_BYTES = 64 * MEBIBYTE
LOCK_NAME = "lock"
COLUMN_SUFFIX = ".column"
# After these the folder stays, and the next run goes on there.
RESUMABLE = (KeyboardInterrupt, SystemExit, WorkFailedError)


class FileColumn(Generic[Scalar]):
    """A column in a file."""

    def __init__(self, path: Path, dtype: type[Scalar], size: int = 0) -> None:
        """Opens a column of which `size` rows are valid; what the file has beyond is cut off."""
        self.path = path
        self.dtype = np.dtype(dtype)
        self.size = size
        with open(path, "ab") as stream:
            stream.truncate(size * self.dtype.itemsize)

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Scalar]:
        stop = self.size if stop is None else min(stop, self.size)
        return np.fromfile(
            self.path,
            self.dtype,
            count=max(0, stop - start),
            offset=start * self.dtype.itemsize,
        )

    def append(self, values: NDArray[Any]) -> None:
        with open(self.path, "ab") as stream:
            values.astype(self.dtype, copy=False).tofile(stream)
        self.size += values.size

    def overwrite(self, start: int, values: NDArray[Any]) -> None:
        with open(self.path, "r+b") as stream:
            stream.seek(start * self.dtype.itemsize)
            values.astype(self.dtype, copy=False).tofile(stream)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


class FolderStore:
    """Keeps columns in a folder, which it removes at the end; a context manager.

    If the program is interrupted or killed, the folder stays, and the next run finds its
    checkpoints there.
    """

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        """Makes the folder, or takes over one that a killed run left.

        Raises:
            UsageError: too little memory to work with.
            WorkFailedError: another program works there.
        """
        if memory_bytes < SMALLEST_MEMORY_BYTES:
            raise UsageError(
                f"a memory of {memory_bytes} bytes",
                why=f"at least {SMALLEST_MEMORY_BYTES // MEBIBYTE} MiB are needed",
            )
        self._memory_bytes = memory_bytes
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / LOCK_NAME, os.O_WRONLY | os.O_CREAT)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise WorkFailedError(
                "another program works in this folder",
                where=folder,
                remedy="wait for it, or write to another file",
            ) from None
        self._number = self._last_column()

    def __enter__(self) -> FolderStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or not issubclass(kind, RESUMABLE):
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def column(self, dtype: type[Scalar]) -> Column[Scalar]:
        self._number += 1
        return FileColumn(self.folder / f"{self._number}{COLUMN_SUFFIX}", dtype)

    def rows_in_memory(self, row_bytes: int) -> int | None:
        return max(CHUNK_ROWS, self._memory_bytes // row_bytes)

    def save(self, stage: str, key: str, checkpoint: Checkpoint) -> None:
        columns = {}
        for name, column in checkpoint.columns.items():
            assert isinstance(column, FileColumn)
            columns[name] = [column.path.name, column.dtype.str, column.size]
        document = {"key": key, "facts": dict(checkpoint.facts), "columns": columns}
        write_compact_json(self._path(stage), document)

    def saved(self, stage: str, key: str) -> Checkpoint | None:
        if not self._path(stage).exists():
            return None
        document = read_json(self._path(stage))
        files = document["columns"].values()
        if document["key"] != key or not all(self._is_whole(*file) for file in files):
            self.forget(stage)
            for name, *_ in files:
                (self.folder / name).unlink(missing_ok=True)
            return None
        columns = {
            name: FileColumn(self.folder / file, np.dtype(dtype).type, size)
            for name, (file, dtype, size) in document["columns"].items()
        }
        return Checkpoint(document["facts"], columns)

    def forget(self, stage: str) -> None:
        self._path(stage).unlink(missing_ok=True)

    def _last_column(self) -> int:
        """Returns the highest number of a column, after removing those of no checkpoint."""
        documents = [read_json(path) for path in self.folder.glob("*.json")]
        needed = {name for document in documents for name, *_ in document["columns"].values()}
        for path in self.folder.glob(f"*{COLUMN_SUFFIX}"):
            if path.name not in needed:
                path.unlink()
        return max((int(Path(name).stem) for name in needed), default=0)

    def _path(self, stage: str) -> Path:
        return self.folder / f"{stage}.json"

    def _is_whole(self, file: str, dtype: str, size: int) -> bool:
        path = self.folder / file
        return path.is_file() and path.stat().st_size >= size * np.dtype(dtype).itemsize


def open_store(output: Path, memory_bytes: int | None) -> AbstractContextManager[Store]:
    """Returns a store: in memory, or, if memory is limited, in a hidden folder beside `output`.

    Raises:
        UsageError: too little memory to work with.
        WorkFailedError: another program makes the same output.
    """
    if memory_bytes is None:
        return nullcontext(MemoryStore())
    store = FolderStore(output.parent / f".{output.name}.work", memory_bytes)
    # The folder is locked, so what else is half written is a killed run's.
    for half_written in output.parent.glob(f"{escape(f'.{output.name}{TEMPORARY_MARK}')}*"):
        half_written.unlink()
    return store
