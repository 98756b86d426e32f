"""Samples of lines that are drawn as the lines come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.code_engine.blocks import read_blocks, select_lines

_CHUNK_LINES = 1 << 16


class LineSample:
    """Chooses `wanted` of `available` lines, every such choice as likely as any other.

    Lines are drawn chunk by chunk, so that memory does not grow with their number; in which
    portions they are asked for makes no difference.

    Args:
        available: how many lines there are.
        wanted: how many to choose; all, if there are fewer.
        seed: decides which.
    """

    def __init__(self, available: int, wanted: int, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._available = available
        self._wanted = min(wanted, available)
        self._waiting = np.zeros(0, dtype=bool)

    def take(self, lines: int) -> NDArray[np.bool_]:
        """Returns which of the next `lines` lines are chosen.

        Raises:
            ValueError: there are not so many left.
        """
        chunks = [self._waiting]
        missing = lines - len(self._waiting)
        while missing > 0:
            chunks.append(self._draw())
            missing -= len(chunks[-1])
        mask = np.concatenate(chunks)
        self._waiting = mask[lines:]
        return mask[:lines]

    def _draw(self) -> NDArray[np.bool_]:
        """Returns the next chunk's choice."""
        size = min(_CHUNK_LINES, self._available)
        if not size:
            raise ValueError("more lines are asked for than there are")
        chosen = int(
            self._generator.hypergeometric(self._wanted, self._available - self._wanted, size)
        )
        self._available -= size
        self._wanted -= chosen
        mask = np.zeros(size, dtype=bool)
        mask[self._generator.permutation(size)[:chosen]] = True
        return mask


def sample_lines(paths: tuple[Path, Path], lines: int, size_bytes: int, seed: int) -> Iterator[str]:
    """Yields the sources and targets of a sample of pairs, in their order.

    Args:
        paths: source and target file.
        lines: sources and targets together, at most.
        size_bytes: text to yield, about, at most.
        seed: decides which pairs.

    Raises:
        MissingPartError: a file is missing.
        DataError: the files are not aligned, or not UTF-8.
    """
    pairs = _count(paths)
    share = min(1.0, size_bytes / max(1, sum(path.stat().st_size for path in paths)))
    for pair in _choose(paths, LineSample(pairs, min(lines // 2, int(pairs * share)), seed)):
        yield from pair


def sample_pairs(paths: tuple[Path, Path], wanted: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yields a sample of pairs, in their order; all of them, if there are no more than `wanted`.

    Raises:
        MissingPartError: a file is missing.
        DataError: the files are not aligned, or not UTF-8.
    """
    return _choose(paths, LineSample(_count(paths), wanted, seed))


def _count(paths: tuple[Path, Path]) -> int:
    return sum(len(block) for block in read_blocks(paths))


def _choose(paths: tuple[Path, Path], sample: LineSample) -> Iterator[tuple[str, str]]:
    for block in read_blocks(paths):
        mask = sample.take(len(block))
        sides = [select_lines(text, mask).decode().split("\n")[:-1] for text in block.texts]
        yield from zip(*sides, strict=True)
