"""Token ids of a dataset's split on disk, mapped into memory: training reads what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.dataset import SplitCounts, follow, read_pairs
from arqon_maestro.code_engine.vocabulary import EOS, Vocabulary
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter

TOO_LONG = "longer than the length limit"
_BUFFER_ITEMS = 1 << 16


@dataclass(frozen=True)
class PairArrays:
    """Token ids of a split, mapped from disk.

    Attributes:
        sources: ids of all sources one after the other, each with its final `EOS`.
        source_bounds: (pairs + 1,) where each source starts.
        targets: ids of all targets.
        target_bounds: (pairs + 1,) where each target starts.
    """

    sources: NDArray[Any]
    source_bounds: NDArray[np.int64]
    targets: NDArray[Any]
    target_bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.source_bounds) - 1

    @classmethod
    def open(cls, folder: Path, split: str) -> PairArrays:
        """Maps the arrays that `build_arrays` wrote.

        Raises:
            MissingPartError: a file is missing.
            DataError: a file is no array.
        """
        parts = [_map_array(path) for path in array_paths(folder, split)]
        return cls(*parts)


def array_paths(folder: Path, split: str) -> tuple[Path, Path, Path, Path]:
    """Returns the files of `PairArrays`, in the order of its fields."""
    return (
        folder / f"{split}.source.npy",
        folder / f"{split}.source.bounds.npy",
        folder / f"{split}.target.npy",
        folder / f"{split}.target.bounds.npy",
    )


def _map_array(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise MissingPartError("no token array", where=path) from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError("not a token array", where=path, why=str(error)) from None
    return array


def build_arrays(
    texts: tuple[Path, Path],
    folder: Path,
    split: str,
    vocabulary: Vocabulary,
    max_length: int,
    reporter: Reporter = SILENT,
) -> SplitCounts:
    """Encodes a split's pairs into the files of `PairArrays`.

    Args:
        texts: source and target file.
        folder: where the arrays go.
        split: their name.
        vocabulary: encodes the lines.
        max_length: pairs with a longer source or target, in tokens, are counted and left out.
        reporter: shows progress.
    """
    counts = SplitCounts()
    kind = np.dtype(np.uint16 if len(vocabulary) <= 1 << 16 else np.uint32)
    with ExitStack() as stack:
        sources, source_bounds, targets, target_bounds = (
            stack.enter_context(_array_file(path, item))
            for path, item in zip(
                array_paths(folder, split),
                (kind, np.dtype(np.int64), kind, np.dtype(np.int64)),
                strict=True,
            )
        )
        task = stack.enter_context(reporter.task(f"tokens of {split}", unit="pairs"))
        source_bounds.extend([0])
        target_bounds.extend([0])
        for source, target in follow(read_pairs(texts), task):
            counts.read += 1
            source_ids, target_ids = vocabulary.encode(source), vocabulary.encode(target)
            if max(len(source_ids), len(target_ids)) > max_length:
                counts.drop(TOO_LONG)
                continue
            counts.kept += 1
            sources.extend([*source_ids, EOS])
            targets.extend([*target_ids, EOS])
            source_bounds.extend([sources.length])
            target_bounds.extend([targets.length])
    return counts


class _ArrayWriter:
    """Writes a one-dimensional ``.npy`` of a length that is known only at the end."""

    def __init__(self, stream: BinaryIO, kind: np.dtype[Any]) -> None:
        self._stream = stream
        self._kind = kind
        self._buffer: list[int] = []
        self.length = 0
        self._header_bytes = self._write_header()

    def extend(self, values: list[int]) -> None:
        self._buffer += values
        self.length += len(values)
        if len(self._buffer) >= _BUFFER_ITEMS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._stream.seek(0)
        # numpy pads headers for an array that grows, so the true length fits in the same bytes.
        if self._write_header() != self._header_bytes:
            raise WorkFailedError("the header of a token array changed its size")

    def _flush(self) -> None:
        self._stream.write(np.array(self._buffer, dtype=self._kind).tobytes())
        self._buffer.clear()

    def _write_header(self) -> int:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._kind),
            "fortran_order": False,
            "shape": (self.length,),
        }
        np.lib.format.write_array_header_1_0(self._stream, header)
        return self._stream.tell()


@contextmanager
def _array_file(path: Path, kind: np.dtype[Any]) -> Iterator[_ArrayWriter]:
    with atomic_binary(path) as stream:
        writer = _ArrayWriter(stream, kind)
        yield writer
        writer.close()
