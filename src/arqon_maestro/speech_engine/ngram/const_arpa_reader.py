"""ConstArpa files read back, and asked for probabilities (the layout: see `const_arpa`)."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.ngram.const_arpa import STATE_HEAD

LOG_ZERO = float("-inf")


@dataclass(frozen=True, eq=False)
class ConstArpa:
    """A packed model; words are the ids of the symbol table it was made with.

    Attributes:
        start, end: ids of ``<s>`` and ``</s>``.
        unknown: id that stands for unknown words, or -1.
        order: of the model.
        states: the packed states.
        unigrams: address of each word's state plus one, or 0.
        overflow: addresses of states too far from their parents.
    """

    start: int
    end: int
    unknown: int
    order: int
    states: NDArray[np.int32]
    unigrams: NDArray[np.int64]
    overflow: NDArray[np.int64]

    def log_probability(self, history: Sequence[int], word: int) -> float:
        """Returns the natural log of p(word | history), by back-off.

        A word without a 1-gram counts as the unknown one, or has probability zero (`LOG_ZERO`).
        """
        if self._unigram(word) is None:
            if self.unknown < 0 or self._unigram(self.unknown) is None:
                return LOG_ZERO
            word = self.unknown
        context = tuple(history)[max(0, len(history) - self.order + 1) :]
        backed_off = 0.0
        while context:
            address = self._state(context)
            if address is not None:
                child = self._child(address, word)
                if child is not None:
                    return backed_off + self._child_score(address, child)
                backed_off += self._float(address + 1)
            context = context[1:]
        address = self._unigram(word)
        return backed_off + (LOG_ZERO if address is None else self._float(address))

    def context_length(self, history: Sequence[int]) -> int:
        """Returns how many of the last words of a history matter to what comes next.

        The model has no n-gram that begins with more of them.
        """
        for length in range(min(self.order - 1, len(history)), 0, -1):
            if self._state(history[len(history) - length :]) is not None:
                return length
        return 0

    def _unigram(self, word: int) -> int | None:
        if not 0 <= word < self.unigrams.size or not self.unigrams[word]:
            return None
        return int(self.unigrams[word]) - 1

    def _state(self, words: Sequence[int]) -> int | None:
        address = self._unigram(words[0])
        for word in words[1:]:
            if address is None:
                return None
            child = self._child(address, word)
            info = None if child is None else self._integers[child + 1]
            if info is None or not info & 1:
                return None
            if info > 0:
                address += info >> 1
            else:
                address = int(self.overflow[(-info - 1) // 2])
        return address

    def _child(self, address: int, word: int) -> int | None:
        """Returns where the pair of a child lies, or none."""
        number = self._integers[address + 2]
        first = address + STATE_HEAD
        words = self._integers[first : first + 2 * number : 2]
        place = bisect_left(words, word)
        if place == number or words[place] != word:
            return None
        return first + 2 * place

    def _child_score(self, address: int, child: int) -> float:
        info = self._integers[child + 1]
        if not info & 1:
            return self._float(child + 1)
        if info > 0:
            return self._float(address + (info >> 1))
        return self._float(int(self.overflow[(-info - 1) // 2]))

    def _float(self, place: int) -> float:
        return self._floats[place]

    @cached_property
    def _integers(self) -> memoryview[int]:
        # Python's own numbers come out of it, several times as fast as out of an array.
        return np.ascontiguousarray(self.states).data

    @cached_property
    def _floats(self) -> memoryview[float]:
        return self._integers.cast("B").cast("f")


def read_const_arpa(path: Path) -> ConstArpa:
    """Reads a ConstArpa file.

    Raises:
        MissingPartError: there is no such file.
        DataError: not a ConstArpa file, or cut short.
    """
    try:
        reader = _Reader(path, path.read_bytes())
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    reader.token(b"\0B<ConstArpaLm> <LmInfo> ")
    start, end, unknown, order = (reader.int32() for _ in range(4))
    reader.token(b"</LmInfo> <LmStates> \x08")
    states = reader.array(reader.number("<q"), np.dtype("<i4")).astype(np.int32)
    reader.token(b"</LmStates> <LmUnigram> ")
    unigrams = reader.array(reader.int32(), np.dtype("<i8")).astype(np.int64)
    reader.token(b"</LmUnigram> <LmOverflow> ")
    overflow = reader.array(reader.int32(), np.dtype("<i8")).astype(np.int64)
    reader.token(b"</LmOverflow> </ConstArpaLm> ")
    return ConstArpa(start, end, unknown, order, states, unigrams, overflow)


class _Reader:
    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data
        self.place = 0

    def token(self, expected: bytes) -> None:
        if self._take(len(expected)) != expected:
            raise DataError(
                "not a ConstArpa file",
                where=self.path,
                why=f"{expected!r} expected at byte {self.place - len(expected)}",
            )

    def int32(self) -> int:
        self.token(b"\x04")
        return self.number("<i")

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def array(self, number: int, kind: np.dtype[np.signedinteger]) -> NDArray[np.signedinteger]:
        if number < 0:
            raise DataError("not a ConstArpa file", where=self.path, why=f"{number} items")
        return np.frombuffer(self._take(number * kind.itemsize), kind)

    def _take(self, size: int) -> bytes:
        taken = self.data[self.place : self.place + size]
        if len(taken) < size:
            raise DataError("a ConstArpa file that ends too early", where=self.path)
        self.place += size
        return taken
