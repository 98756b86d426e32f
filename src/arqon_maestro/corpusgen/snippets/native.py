"""The native parser, within bounds of time and memory.

On some sources that are no code the parser takes time, and even memory, that grows with the square
of their length:

- Scanners that look far ahead read the rest of a source again for every token (Dart, Bash), or
  without end (Kotlin). That is bounded where the parser reads.
- Recovering from an error takes all that is on the parser's stack once for every level of it. What
  is nested, or continued, over thousands of tokens (``a=>a=>…`` in Java, ``a|a|…`` in Bash) takes
  gigabytes in one step, in which nothing is asked. So a source with a stretch of text that long, or
  with brackets that deep, is tried in a process of its own first.

That process runs this file alone, so nothing of this package is imported here.
"""

from __future__ import annotations

import importlib
import re
import resource
import subprocess
import sys
import time
import warnings
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tree_sitter

# Code takes a hundredth of this.
LIMIT_S = 2.0
LIMIT_S_PER_CHARACTER = 5e-6

# Bytes that the parser reads at once.
_PIECE = 1024

# Characters without the end of a line or a statement: code has a thousand at most. A longer stretch
# may take the parser more than 200 MB.
_LONGEST_STRETCH = 2000
# A line ends in one of these, or goes on; it does, too, if the next starts with an operator.
_LINE_ENDS = tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_)]}\"'`,;{")
_OPERATORS = tuple("=<>|.+%^?:&,")
_STATEMENT_ENDS = re.compile(r"[;{}]")
# Brackets inside each other, other than braces.
_DEEPEST_BRACKETS = 1000
_BRACKETS = re.compile(r"[()\[\]]")

# What the process that tries a source may have, itself included. Trees of code take a fifth of it.
_MEMORY_BYTES, _MEMORY_BYTES_PER_CHARACTER = 256 << 20, 600
_START_S = 5
_LATE, _OUT_OF_MEMORY = 3, 4


class TrialError(Exception):
    """The process that tries a source can't do it; the message is what it said."""


class _Reader:
    """Hands a source to the parser in pieces, as long as there is time.

    The wheel never frees a piece, and scanners that look far ahead read the same text for every
    token. So pieces end at multiples of their length, and one that was read before is read again:
    however often that is, what is kept is `_PIECE` bytes for each byte at the very most.
    """

    def __init__(self, data: bytes) -> None:
        self.late = False
        self._data = data
        self._pieces: dict[int, bytes] = {}
        self._deadline = time.thread_time() + limit_s(len(data))

    def read(self, offset: int, point: object) -> bytes:
        """Returns the piece at an offset; nothing, as at the end, when it is too late."""
        if self.is_late():
            return b""
        piece = self._pieces.get(offset)
        if piece is None:
            stop = offset - offset % _PIECE + _PIECE
            piece = self._pieces[offset] = self._data[offset:stop]
        return piece

    def is_late(self, *state: object) -> bool:
        """Returns whether the parser has to stop."""
        self.late = self.late or time.thread_time() > self._deadline
        return self.late


def limit_s(characters: int) -> float:
    """Returns the processor time that a source of so many characters may take."""
    return LIMIT_S + LIMIT_S_PER_CHARACTER * characters


def load_language(module: str, function: str) -> tree_sitter.Language:
    """Returns the grammar that a function of a module hands out.

    Raises:
        ImportError: the module, or tree-sitter itself, is not installed.
    """
    import tree_sitter

    with warnings.catch_warnings():
        # Some wheels still hand out the address of their language as a plain number.
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Language(getattr(importlib.import_module(module), function)())


def parse_in_time(data: bytes, language: tree_sitter.Language) -> tree_sitter.Tree | None:
    """Parses an ASCII source; None if it takes too long."""
    import tree_sitter

    reader = _Reader(data)
    # The parser asks whether to stop only if it reads from a function; that costs nothing.
    try:
        tree = tree_sitter.Parser(language).parse(reader.read, progress_callback=reader.is_late)
    except ValueError:
        return None
    return None if reader.late else tree


def is_suspicious(source: str) -> bool:
    """Returns whether a source has a longer stretch of text, or deeper brackets, than code has."""
    return len(source) > _LONGEST_STRETCH and (_has_long_stretch(source) or _is_deep(source))


def _has_long_stretch(source: str) -> bool:
    """Returns whether a part of a source is longer than statements and lines of code are.

    A line counts as ended by a word, a number, a bracket, a quote or a comma, unless the next one
    starts with an operator; and so does one of tags.
    """
    start = stop = 0
    ended = False
    for line in source.split("\n"):
        text = line.lstrip()
        tags = text.startswith("<") and line.endswith(">")
        if ended and (tags or not text.startswith(_OPERATORS)):
            if stop - start > _LONGEST_STRETCH and _has_long_statement(source[start:stop]):
                return True
            start = stop
        stop += len(line) + 1
        ended = not text or tags or line.endswith(_LINE_ENDS)
    return stop - start > _LONGEST_STRETCH and _has_long_statement(source[start:])


def _has_long_statement(text: str) -> bool:
    return any(len(part) > _LONGEST_STRETCH for part in _STATEMENT_ENDS.split(text))


def _is_deep(source: str) -> bool:
    if source.count("(") + source.count("[") <= _DEEPEST_BRACKETS:
        return False
    depths = accumulate(1 if bracket in "([" else -1 for bracket in _BRACKETS.findall(source))
    return max(depths) > _DEEPEST_BRACKETS


def survives(data: bytes, module: str, function: str) -> bool:
    """Returns whether a process of its own parses an ASCII source with the memory that code takes.

    Raises:
        TrialError: there is no such process, or no such grammar in it.
    """
    memory = _MEMORY_BYTES + _MEMORY_BYTES_PER_CHARACTER * len(data)
    # Without the folder of this file, whose modules would stand for others of the same name.
    command = [sys.executable, "-P", __file__, module, function, str(memory)]
    try:
        tried = subprocess.run(command, input=data, capture_output=True, check=False)
    except OSError as error:
        raise TrialError(str(error)) from error
    if tried.returncode not in (0, _LATE, _OUT_OF_MEMORY) and tried.returncode > 0:
        raise TrialError(tried.stderr.decode(errors="replace").strip())
    return tried.returncode == 0


def _try() -> int:
    """Parses what is on standard input; dies if it takes too much."""
    module, function, memory = sys.argv[1:]
    language = load_language(module, function)
    data = sys.stdin.buffer.read()
    seconds = int(limit_s(len(data))) + _START_S
    for what, least in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, int(memory)),
    ):
        most = resource.getrlimit(what)[1]
        if most == resource.RLIM_INFINITY or most > least:
            resource.setrlimit(what, (least, most))
    try:
        return 0 if parse_in_time(data, language) is not None else _LATE
    except MemoryError:
        return _OUT_OF_MEMORY


if __name__ == "__main__":
    sys.exit(_try())
