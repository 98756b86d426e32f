"""Pairs of text files as numbers, block by block: every distinct token of a block is held once.

Everything that is done with training text (counting, unknowns, ids) is done with numbers of whole
blocks, so that no Python code runs for single lines or tokens, and memory does not grow with the
files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError

BLOCK_BYTES = 4 << 20
"""Text of each side that is in memory at once; a longer line is still read whole."""

BLANK, LINE_FEED = ord(" "), ord("\n")


@dataclass(frozen=True)
class Rows:
    """Rows of numbers, of any lengths.

    Attributes:
        values: (V,) the numbers of all rows, one row after the other.
        bounds: (R + 1,) where each row starts in `values`.
    """

    values: NDArray[Any]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(R,) how long each row is."""
        return np.diff(self.bounds)

    def select(self, mask: NDArray[np.bool_]) -> Rows:
        """Returns the rows whose place in `mask` (R,) is set."""
        if mask.all():
            return self
        lengths = self.lengths
        return Rows(self.values[np.repeat(mask, lengths)], bounds_of(lengths[mask]))

    def rows_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the row of each of `places`, indices of `values`."""
        return np.searchsorted(self.bounds, places, side="right") - 1


@dataclass(frozen=True)
class PairBlock:
    """Adjacent pairs of a source and a target file.

    Attributes:
        first: index of the first pair in the files, from 0.
        texts: the lines of both sides, each with its line feed.
    """

    first: int
    texts: tuple[bytes, bytes]

    def __len__(self) -> int:
        return self.texts[0].count(b"\n")

    def tokenise(self) -> TokenisedPairs:
        """Splits both sides on single blanks; their text must be UTF-8."""
        raw = b"".join(self.texts)
        # A token's text goes up to and including the blank after it; line feeds become blanks.
        text = raw.replace(b"\n", b" ")
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == BLANK)
        offsets = np.zeros(len(ends) + 1, dtype=np.int32)
        np.add(ends, 1, out=offsets[1:], casting="unsafe")
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
        tokens = pa.BinaryArray.from_buffers(pa.binary(), len(ends), buffers)
        encoded = tokens.dictionary_encode()
        numbers = encoded.indices.to_numpy()
        lasts = np.flatnonzero(np.frombuffer(raw, np.uint8)[ends] == LINE_FEED)
        lines = len(self)
        middle = int(lasts[lines - 1]) + 1 if lines else 0
        return TokenisedPairs(
            first=self.first,
            dictionary=[token[:-1].decode() for token in encoded.dictionary.to_pylist()],
            sources=Rows(numbers[:middle], _starts(lasts[:lines] + 1)),
            targets=Rows(numbers[middle:], _starts(lasts[lines:] + 1 - middle)),
        )


@dataclass(frozen=True)
class TokenisedPairs:
    """A `PairBlock` as numbers of its distinct tokens.

    A line has one token more than it has blanks, so an empty line has one, the empty token.

    Attributes:
        first: index of the first pair in the files, from 0.
        dictionary: the distinct tokens of both sides.
        sources: numbers of the tokens of each source, indices of `dictionary`.
        targets: the same of the targets.
    """

    first: int
    dictionary: list[str]
    sources: Rows
    targets: Rows

    def counts(self) -> NDArray[np.int64]:
        """Returns how often each token of `dictionary` occurs."""
        size = len(self.dictionary)
        sides = (self.sources.values, self.targets.values)
        return sum((np.bincount(side, minlength=size) for side in sides), np.zeros(size, int))


def bounds_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns where rows of these lengths start, and where the last one ends."""
    bounds = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


def expand(rows: Rows, table: Rows) -> Rows:
    """Returns `rows` with every value v replaced by the values of row v of `table`."""
    if len(table.values) == len(table) and (table.lengths == 1).all():
        return Rows(table.values[rows.values], rows.bounds)
    lengths = table.lengths[rows.values]
    inner = bounds_of(lengths)
    places = np.arange(inner[-1]) + np.repeat(table.bounds[rows.values] - inner[:-1], lengths)
    return Rows(table.values[places], inner[rows.bounds])


def select_lines(text: bytes, mask: NDArray[np.bool_]) -> bytes:
    """Returns the lines of `text` whose place in `mask` is set, each with its line feed."""
    if mask.all():
        return text
    letters = np.frombuffer(text, np.uint8)
    lengths = np.diff(_starts(np.flatnonzero(letters == LINE_FEED) + 1))
    return letters[np.repeat(mask, lengths)].tobytes()


class LineWriter:
    """Prints rows of numbers as lines of tokens.

    Args:
        tokens: the token of every number.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = pa.array([f"{token} ".encode() for token in tokens], pa.large_binary())

    def lines(self, rows: Rows) -> bytes:
        """Returns the lines, each with its line feed."""
        printed = self._tokens.take(pa.array(rows.values))
        _, offsets, text = printed.buffers()
        starts = np.frombuffer(offsets, np.int64, len(printed) + 1)
        letters = np.frombuffer(text, np.uint8, starts[-1]).copy() if len(printed) else _NOTHING
        letters[starts[rows.bounds[1:]] - 1] = LINE_FEED
        return letters.tobytes()


def read_blocks(paths: tuple[Path, Path], block_bytes: int | None = None) -> Iterator[PairBlock]:
    """Yields the pairs of a source and a target file, whole lines of a few megabytes a side.

    Args:
        paths: the files; a last line without a line feed is a line.
        block_bytes: about how much of each side to read at once; None: `BLOCK_BYTES`.

    Raises:
        MissingPartError: a file is missing.
        DataError: one file is longer than the other, or not UTF-8.
    """
    pairs = 0
    with ExitStack() as stack:
        sides = [
            _Side(stack.enter_context(_open(path)), block_bytes or BLOCK_BYTES) for path in paths
        ]
        while True:
            waiting = [side.fill() for side in sides]
            lines = min(waiting)
            if not lines:
                break
            texts = (sides[0].take(lines), sides[1].take(lines))
            for text, path in zip(texts, paths, strict=True):
                _check_encoding(text, path, pairs)
            yield PairBlock(pairs, texts)
            pairs += lines
    if any(waiting):
        short = int(not waiting[1])
        name = ("source", "target")[short]
        raise DataError(f"the {name} file ends here", where=f"{paths[short]}:{pairs + 1}")


def read_tokens(paths: tuple[Path, Path]) -> Iterator[TokenisedPairs]:
    """Yields the pairs of a source and a target file as numbers; raises what `read_blocks` does."""
    for block in read_blocks(paths):
        yield block.tokenise()


class _Side:
    """One file: what was read of it and not yet taken."""

    def __init__(self, stream: BinaryIO, block_bytes: int) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._text = b""
        self._stops = np.zeros(0, dtype=np.int64)
        self._ended = False

    def fill(self) -> int:
        """Reads until there is a block, or the file ends; returns how many lines there are."""
        while not self._ended and (len(self._text) < self._block_bytes or not len(self._stops)):
            read = self._stream.read(self._block_bytes)
            self._text += read
            self._ended = not read
            if self._ended and self._text and not self._text.endswith(b"\n"):
                self._text += b"\n"
            self._stops = np.flatnonzero(np.frombuffer(self._text, np.uint8) == LINE_FEED) + 1
        return len(self._stops)

    def take(self, lines: int) -> bytes:
        """Returns the next lines."""
        stop = int(self._stops[lines - 1])
        taken, self._text = self._text[:stop], self._text[stop:]
        self._stops = self._stops[lines:] - stop
        return taken


_NOTHING = np.zeros(0, dtype=np.uint8)


def _starts(stops: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), stops])


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise MissingPartError(
            "no such file", where=path, remedy="maestro code-engine generate-dataset"
        ) from None


def _check_encoding(text: bytes, path: Path, first: int) -> None:
    """Checks that `text` is UTF-8; its first line has the number `first` + 1."""
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = first + text.count(b"\n", 0, error.start) + 1
        raise DataError("not UTF-8 text", where=f"{path}:{line}", why=error.reason) from None
