"""Text for language models: one sentence a line, words between blanks, read in blocks of words.

Tokenising is vectorised: a block of bytes becomes word positions with numpy, and word identities
with Arrow's dictionary encoding. Only the distinct words of a block ever become Python strings.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.executors import map_in_threads

UNKNOWN = "<unk>"
SENTENCE_START = "<s>"
SENTENCE_END = "</s>"
MARKERS = (UNKNOWN, SENTENCE_START, SENTENCE_END)

BLOCK_BYTES = 8 << 20
# A longer line is no sentence; without a limit a file without line ends would fill the memory.
MAXIMUM_LINE_BYTES = 64 << 20
NEWLINE = ord("\n")
SPACE = ord(" ")
TAB, CARRIAGE_RETURN = ord("\t"), ord("\r")


@dataclass(frozen=True)
class Span:
    """Part of a text file that holds whole lines: bytes from `start` to before `stop`, or all."""

    start: int = 0
    stop: int | None = None


WHOLE_FILE = Span()


@dataclass(frozen=True)
class TextBlock:
    """Some successive lines of a file.

    Attributes:
        words: the distinct words of the block, in the order of their first appearance.
        tokens: `(tokens,)` positions in `words`, of all lines one after the other.
        lengths: `(lines,)` number of tokens of each line; zero for an empty line.
        path: the file.
        start: byte of the (decompressed) file where the block begins.
        size_bytes: of the text.
    """

    words: tuple[str, ...]
    tokens: NDArray[np.int32]
    lengths: NDArray[np.int64]
    path: Path
    start: int
    size_bytes: int

    def line_of(self, token: int) -> int:
        """Returns the line number (from 1) of the token at position `token`; reads the file."""
        ends = np.cumsum(self.lengths)
        return _line_at(self.path, self.start) + int(np.searchsorted(ends, token, side="right"))


def spans_of(path: Path, span_bytes: int) -> list[Span]:
    """Returns successive spans of a text file, of about so many bytes each.

    A compressed file, which can only be read from its start, is one span; so is a missing one.
    """
    if path.suffix == ".gz" or not path.is_file():
        return [WHOLE_FILE]
    cuts = [0]
    size = path.stat().st_size
    with open(path, "rb") as stream:
        for target in range(span_bytes, size, span_bytes):
            if target > cuts[-1]:
                cuts.append(_next_line(stream, target, size))
    cuts = [cut for cut in cuts if cut < size] or [0]
    return [Span(start, stop) for start, stop in zip(cuts, [*cuts[1:], None], strict=True)]


def _next_line(stream: BinaryIO, start: int, size: int) -> int:
    """Returns where the first line begins that begins at `start` or later."""
    stream.seek(start - 1)
    while data := stream.read(1 << 16):
        found = data.find(b"\n")
        if found >= 0:
            return stream.tell() - len(data) + found + 1
    return size


def read_blocks(
    path: Path,
    *,
    span: Span = WHOLE_FILE,
    block_bytes: int = BLOCK_BYTES,
    threads: int = 1,
) -> Iterator[TextBlock]:
    """Yields the lines of a text file, plain or ``.gz``, in blocks.

    Words are separated by blanks (space, tab, carriage return, vertical tab, form feed).
    A line of blanks alone is an empty sentence. A last line without a line end counts.

    Args:
        path: the file.
        span: the part of it to be read (see `spans_of`).
        block_bytes: about so many bytes become a block.
        threads: so many blocks are made at the same time.

    Raises:
        MissingPartError: there is no such file.
        DataError: not UTF-8, a NUL byte, a damaged gzip, or one of the words ``<s>``, ``</s>`` and
            ``<unk>``, which have a meaning of their own in a language model. Names path:line.
    """
    pieces = _whole_lines(path, span, block_bytes)
    yield from map_in_threads(lambda piece: _block(piece[1], path, piece[0]), pieces, threads)


def _whole_lines(path: Path, span: Span, block_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yields successive bytes that end with a line, each with where it begins."""
    rest = b""
    start = place = span.start
    try:
        with _open(path) as stream:
            stream.seek(place)
            while span.stop is None or place < span.stop:
                left = block_bytes if span.stop is None else min(block_bytes, span.stop - place)
                data = stream.read(left)
                if not data:
                    break
                place += len(data)
                cut = data.rfind(b"\n") + 1
                if not cut:
                    rest += data
                    if len(rest) > MAXIMUM_LINE_BYTES:
                        raise DataError(
                            "not a text of one sentence a line",
                            where=path,
                            why=f"a line is longer than {MAXIMUM_LINE_BYTES} bytes",
                        )
                    continue
                yield start, rest + data[:cut]
                rest = data[cut:]
                start = place - len(rest)
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except IsADirectoryError:
        raise DataError("a folder, where a text file was expected", where=path) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError("a damaged gzip file", where=path, why=str(error)) from None
    if rest:
        yield start, rest + b"\n"


def _line_at(path: Path, start: int) -> int:
    """Returns the number of the line that begins at a byte of the (decompressed) file, from 1."""
    line = 1
    with _open(path) as stream:
        while start and (data := stream.read(min(BLOCK_BYTES, start))):
            line += data.count(b"\n")
            start -= len(data)
    return line


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return open(path, "rb")


def _block(data: bytes, path: Path, start: int) -> TextBlock:
    raw = np.frombuffer(data, np.uint8)
    if b"\0" in data:
        line = _line_at(path, start) + data.count(b"\n", 0, data.index(b"\0"))
        raise DataError("a NUL byte in a text", where=f"{path}:{line}", why="not a text file?")
    words_text, stops, lengths = _adjacent_words(raw)
    offsets = np.zeros(stops.size + 1, np.int32)
    np.add(stops, 1, out=offsets[1:], casting="unsafe")
    slices = pa.Array.from_buffers(
        pa.binary(), stops.size, [None, pa.py_buffer(offsets), pa.py_buffer(words_text)]
    )
    encoded = slices.dictionary_encode()
    tokens = encoded.indices.to_numpy()
    names = [name[:-1] for name in encoded.dictionary.to_pylist()]
    words = _decode(names)
    block = TextBlock(words, tokens, lengths, path, start, len(data))
    _refuse_bad_words(block)
    return block


def _adjacent_words(
    raw: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Returns the text with one space after each word and none elsewhere; where these spaces are;
    and the number of words of each line."""
    blank = blanks(raw)
    if not blank[0] and not (blank[1:] & blank[:-1]).any():
        stops = np.flatnonzero(blank)
        ends_line = np.flatnonzero(raw[stops] == NEWLINE) + 1
    else:
        ends = np.flatnonzero(blank[1:] & ~blank[:-1]) + 1
        ends_line = np.searchsorted(ends, np.flatnonzero(raw == NEWLINE), side="right")
        raw = raw[np.concatenate(([not blank[0]], ~blank[1:] | ~blank[:-1]))]
        stops = np.flatnonzero(blanks(raw))
    adjacent = raw.copy()
    adjacent[stops] = SPACE
    lengths = np.empty(ends_line.size, np.int64)
    lengths[:1] = ends_line[:1]
    np.subtract(ends_line[1:], ends_line[:-1], out=lengths[1:])
    return adjacent, stops, lengths


def blanks(raw: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Returns which bytes are space, tab, line feed, vertical tab, form feed, carriage return."""
    # Bytes below the tab wrap around.
    result: NDArray[np.bool_] = (raw - np.uint8(TAB)) <= CARRIAGE_RETURN - TAB
    result |= raw == SPACE
    return result


def _decode(names: list[bytes]) -> tuple[str, ...]:
    try:
        return tuple(b" ".join(names).decode("utf-8").split(" ")) if names else ()
    except UnicodeDecodeError:
        return tuple(name.decode("utf-8", "surrogateescape") for name in names)


def _refuse_bad_words(block: TextBlock) -> None:
    bad = {word for word in MARKERS if word in block.words}
    bad.update(word for word in block.words if not word.isascii() and not _is_utf8(word))
    if not bad:
        return
    positions = [block.words.index(word) for word in bad]
    first = int(np.flatnonzero(np.isin(block.tokens, positions))[0])
    word = block.words[block.tokens[first]]
    where = f"{block.path}:{block.line_of(first)}"
    if word in MARKERS:
        raise DataError(
            f"the word {word} in a text",
            where=where,
            why="it has a meaning of its own in a language model",
            remedy="write the sentences without markers, and unknown words as they are",
        )
    raise DataError("not UTF-8", where=where, why=repr(word.encode("utf-8", "surrogateescape")))


def _is_utf8(word: str) -> bool:
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """Reads a vocabulary: one word a line; empty lines and the markers are passed over.

    Returns:
        The words, sorted, each once.

    Raises:
        MissingPartError: there is no such file.
        DataError: a line with more than one word, not UTF-8, or no word at all.
    """
    words: set[str] = set()
    try:
        with _open(path) as stream:
            for number, line in enumerate(stream, 1):
                fields = line.split()
                if not fields:
                    continue
                if len(fields) > 1:
                    raise DataError(
                        "more than one word on a line of a vocabulary",
                        where=f"{path}:{number}",
                        why=f"{line.decode('utf-8', 'replace').strip()!r}; a word has no blanks",
                    )
                words.add(_vocabulary_word(fields[0], path, number))
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except IsADirectoryError:
        raise DataError("a folder, where a vocabulary was expected", where=path) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError("a damaged gzip file", where=path, why=str(error)) from None
    words.difference_update(MARKERS)
    if not words:
        raise DataError(
            "a vocabulary without words",
            where=path,
            why=f"empty lines and {', '.join(MARKERS)} are passed over",
        )
    return tuple(sorted(words))


def _vocabulary_word(name: bytes, path: Path, number: int) -> str:
    if b"\0" in name:
        raise DataError("a NUL byte in a vocabulary", where=f"{path}:{number}")
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        raise DataError("not UTF-8", where=f"{path}:{number}", why=repr(name)) from None
