"""Exact and near duplicates: none twice, none on two sides of the split.

Exact ones are found by digest. Near ones by MinHash over pairs of consecutive lines with
locality-sensitive hashing, then checked by their true Jaccard similarity (Broder 1997; Indyk and
Motwani 1998).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.repositories.records import SPLITS, SourceFile

Hashes = npt.NDArray[np.uint64]

BANDS = 16
ROWS_PER_BAND = 6
"""Two files at similarity 0.8 share a band with probability 1 - (1 - 0.8^6)^16 = 0.99."""
FEWEST_SHINGLES = 8
"""Shorter files are alike by chance."""
LARGEST_BUCKET = 64
"""Within a larger bucket each file is compared with the first ones only."""


@dataclass(frozen=True)
class NearDuplicates:
    """Groups of near duplicates.

    Attributes:
        group: for each file, the index of its group's first file; its own for a file alone.
        groups: number of groups of two or more.
    """

    group: tuple[int, ...]
    groups: int


def drop_exact(
    files: Iterable[SourceFile], reject: Callable[[SourceFile], None]
) -> list[SourceFile]:
    """Returns the files without repeated contents; of equal ones the first in order stays."""
    seen: set[str] = set()
    kept = []
    for file in files:
        if file.digest in seen:
            reject(file)
        else:
            seen.add(file.digest)
            kept.append(file)
    return kept


def find_near(
    texts: Sequence[str], *, threshold: float = 0.8, reporter: Reporter = SILENT
) -> NearDuplicates:
    """Groups texts whose sets of line pairs have a Jaccard similarity of `threshold` or more.

    Args:
        texts: the files' contents.
        threshold: from 0 to 1.
        reporter: told about the progress.
    """
    multipliers = _multipliers(BANDS * ROWS_PER_BAND)
    shingles: list[Hashes] = []
    buckets: dict[bytes, list[int]] = {}
    parent = list(range(len(texts)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    with reporter.task("near duplicates", total=len(texts), unit="files") as task:
        for index, text in enumerate(texts):
            own = _shingles(text)
            shingles.append(own)
            task.advance()
            if len(own) < FEWEST_SHINGLES:
                continue
            compared: set[int] = set()
            for key in _band_keys(own, multipliers):
                bucket = buckets.setdefault(key, [])
                for other in bucket[:LARGEST_BUCKET]:
                    if other in compared or root(other) == root(index):
                        continue
                    compared.add(other)
                    if _jaccard(own, shingles[other]) >= threshold:
                        low, high = sorted((root(other), root(index)))
                        parent[high] = low
                bucket.append(index)
    group = tuple(root(index) for index in range(len(texts)))
    sizes: dict[int, int] = {}
    for first in group:
        sizes[first] = sizes.get(first, 0) + 1
    return NearDuplicates(group, sum(size > 1 for size in sizes.values()))


def drop_across_splits(
    files: Sequence[SourceFile], near: NearDuplicates, reject: Callable[[SourceFile], None]
) -> list[SourceFile]:
    """Keeps each group of near duplicates on one side of the split.

    The side is the first of train, valid, test that the group has members on: a held-out file
    that resembles training data is no longer held out, so it is the one to go.
    """
    side: dict[int, int] = {}
    order = {split: rank for rank, split in enumerate(SPLITS)}
    for file, first in zip(files, near.group, strict=True):
        rank = order[file.split]
        side[first] = min(rank, side.get(first, rank))
    kept = []
    for file, first in zip(files, near.group, strict=True):
        if order[file.split] == side[first]:
            kept.append(file)
        else:
            reject(file)
    return kept


def _shingles(text: str) -> Hashes:
    """Returns the sorted distinct hashes of pairs of consecutive lines, blanks left out."""
    lines = [line for raw in text.split("\n") if (line := raw.strip())]
    if len(lines) < 2:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.fromiter(
        (xxhash.xxh3_64_intdigest(line.encode()) for line in lines), np.uint64, len(lines)
    )
    return np.unique(hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:])


def _multipliers(count: int) -> Hashes:
    return np.fromiter(
        (xxhash.xxh3_64_intdigest(f"minhash {i}".encode()) | 1 for i in range(count)),
        np.uint64,
        count,
    )


def _band_keys(shingles: Hashes, multipliers: Hashes) -> list[bytes]:
    # Multiply-shift hashing: odd multipliers permute the 64-bit integers; the low bits of a
    # product are weak, so the values are mixed downwards first.
    mixed = shingles ^ (shingles >> np.uint64(32))
    signature = np.array([(mixed * m).min() for m in multipliers], dtype=np.uint64)
    return [
        band.to_bytes(2, "little")
        + signature[band * ROWS_PER_BAND : (band + 1) * ROWS_PER_BAND].tobytes()
        for band in range(BANDS)
    ]


def _jaccard(a: Hashes, b: Hashes) -> float:
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)
