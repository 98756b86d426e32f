"""Token ids of a dataset's split on disk, mapped into memory: training reads what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.blocks import Rows, bounds_of, expand, read_tokens
from arqon_maestro.code_engine.counts import SplitCounts
from arqon_maestro.code_engine.vocabulary import EOS, UNK, Vocabulary
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter

TOO_LONG = "longer than the length limit"
REMEDY = "remove the folder and train again: its files are made anew"


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
            DataError: a file is no array, is cut short, or does not fit the others.
        """
        paths = array_paths(folder, split)
        parts = [_map_array(path) for path in paths]
        pairs = cls(*parts)
        _check_bounds(pairs.sources, pairs.source_bounds, paths[1])
        _check_bounds(pairs.targets, pairs.target_bounds, paths[3])
        if len(pairs.source_bounds) != len(pairs.target_bounds):
            raise DataError(
                f"{len(pairs.target_bounds) - 1} targets for {len(pairs)} sources",
                where=paths[3],
                remedy=REMEDY,
            )
        return pairs


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
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        size = path.stat().st_size
    except FileNotFoundError:
        raise MissingPartError("no token array", where=path) from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError("not a token array", where=path, why=str(error), remedy=REMEDY) from None
    if not isinstance(array, np.memmap) or array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError("not a token array", where=path, remedy=REMEDY)
    if array.offset + array.nbytes != size:
        raise DataError(
            "a token array with something behind it",
            where=path,
            why=f"{size} bytes, {array.offset + array.nbytes} by its header",
            remedy=REMEDY,
        )
    return array


def _check_bounds(tokens: NDArray[Any], bounds: NDArray[Any], path: Path) -> None:
    """Checks that every line lies in the tokens, after the one before it."""
    if (
        bounds.dtype != np.int64
        or not len(bounds)
        or bounds[0] != 0
        or bounds[-1] != len(tokens)
        or not (bounds[1:] > bounds[:-1]).all()
    ):
        raise DataError("not where the lines of the token array start", where=path, remedy=REMEDY)


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

    Raises:
        MissingPartError: a text is missing.
        DataError: the texts are not aligned, or not UTF-8.
    """
    counts = SplitCounts()
    kind = np.dtype(np.uint16 if len(vocabulary) <= 1 << 16 else np.uint32)
    with ExitStack() as stack:
        writers = [
            (
                stack.enter_context(_array_file(tokens, kind)),
                stack.enter_context(_array_file(bounds, np.dtype(np.int64))),
            )
            for tokens, bounds in _by_side(array_paths(folder, split))
        ]
        task = stack.enter_context(reporter.task(f"tokens of {split}", unit="pairs"))
        for _, bounds in writers:
            bounds.extend(np.zeros(1, dtype=np.int64))
        for pairs in read_tokens(texts):
            sides = [
                encode_rows(side, pairs.dictionary, vocabulary)
                for side in (pairs.sources, pairs.targets)
            ]
            fits = np.maximum(sides[0].lengths, sides[1].lengths) <= max_length
            strange = np.zeros(len(fits), dtype=bool)
            for side, (tokens, bounds) in zip(sides, writers, strict=True):
                strange[side.rows_of(np.flatnonzero(side.values == UNK))] = True
                rows = _end_rows(side.select(fits))
                bounds.extend(rows.bounds[1:] + tokens.length)
                tokens.extend(rows.values)
            counts.add(len(fits), {TOO_LONG: int(np.count_nonzero(~fits))})
            counts.strange += int(np.count_nonzero(strange & fits))
            task.advance(len(fits))
    return counts


def encode_rows(rows: Rows, dictionary: Sequence[str], vocabulary: Vocabulary) -> Rows:
    """Returns the ids of lines, without the final `EOS`, as `Vocabulary.encode` gives them.

    Args:
        rows: lines as numbers of their tokens.
        dictionary: the token of every number.
        vocabulary: encodes each token once.
    """
    table = vocabulary.encode_tokens(dictionary)
    apart = np.array([not vocabulary.is_separable(token) for token in dictionary], dtype=bool)
    if apart.any():
        rows, table = _encode_whole(rows, dictionary, vocabulary, table, apart)
    return expand(rows, table)


def _encode_whole(
    rows: Rows,
    dictionary: Sequence[str],
    vocabulary: Vocabulary,
    table: Rows,
    apart: NDArray[np.bool_],
) -> tuple[Rows, Rows]:
    """Makes one value of every line that has a token of `apart`; the table has its ids."""
    whole = np.zeros(len(rows), dtype=bool)
    whole[rows.rows_of(np.flatnonzero(apart[rows.values]))] = True
    lines = rows.select(whole)
    ids = [
        vocabulary.encode(" ".join(dictionary[value] for value in lines.values[start:stop]))
        for start, stop in zip(lines.bounds[:-1], lines.bounds[1:], strict=True)
    ]
    lengths = np.where(whole, 1, rows.lengths)
    values = np.empty(lengths.sum(), dtype=np.int64)
    of_whole = np.repeat(whole, lengths)
    values[of_whole] = len(table) + np.arange(len(ids))
    values[~of_whole] = rows.values[~np.repeat(whole, rows.lengths)]
    longer = Rows(
        np.concatenate([table.values, *(np.array(line, dtype=np.int32) for line in ids)]),
        bounds_of(np.concatenate([table.lengths, np.array([*map(len, ids)], dtype=np.int64)])),
    )
    return Rows(values, bounds_of(lengths)), longer


def _end_rows(rows: Rows) -> Rows:
    """Returns `rows` with `EOS` at the end of each."""
    bounds = rows.bounds + np.arange(len(rows) + 1)
    values = np.full(bounds[-1], EOS, dtype=rows.values.dtype)
    inside = np.ones(len(values), dtype=bool)
    inside[bounds[1:] - 1] = False
    values[inside] = rows.values
    return Rows(values, bounds)


def _by_side(paths: tuple[Path, Path, Path, Path]) -> tuple[tuple[Path, Path], tuple[Path, Path]]:
    return paths[:2], paths[2:]


class _ArrayWriter:
    """Writes a one-dimensional ``.npy`` of a length that is known only at the end."""

    def __init__(self, stream: BinaryIO, kind: np.dtype[Any]) -> None:
        self._stream = stream
        self._kind = kind
        self.length = 0
        self._header_bytes = self._write_header()

    def extend(self, values: NDArray[Any]) -> None:
        self._stream.write(values.astype(self._kind, copy=False).data)
        self.length += len(values)

    def close(self) -> None:
        self._stream.seek(0)
        # numpy pads headers for an array that grows, so the true length fits in the same bytes.
        if self._write_header() != self._header_bytes:
            raise WorkFailedError("the header of a token array changed its size")

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
