"""Slices of the source shards, and the results that CorpusGen makes of one slice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_text, read_json
from arqon_maestro.repositories.records import SourceFile
from arqon_maestro.repositories.shards import list_shards, read_rows, row_groups

ROWS = 48
"""Files a slice: small enough that a killed run loses little and two workers end together."""


@dataclass(frozen=True)
class Slice:
    """Some rows of one row group of one part; the same for any number of workers."""

    part: Path
    group: int
    start: int
    stop: int

    def files(self) -> list[SourceFile]:
        """Reads the files."""
        return read_rows(self.part, self.group, self.start, self.stop)


def slices(folder: Path) -> list[Slice]:
    """Cuts a language's source shards into slices, in order."""
    return [
        Slice(part, group, start, min(start + ROWS, rows))
        for part in list_shards(folder)
        for group, rows in enumerate(row_groups(part))
        for start in range(0, rows, ROWS)
    ]


@dataclass(frozen=True)
class SliceResult:
    """Lines by split, and what was dropped.

    Attributes:
        lines: split → lines; each a list of columns (source and target, or one transcript).
        counts: files and characters read.
        rejects: reason → number.
    """

    lines: dict[str, list[list[str]]]
    counts: Counter[str]
    rejects: Counter[str]

    def write(self, path: Path) -> None:
        """Writes the result, atomically."""
        value: dict[str, Any] = {
            "lines": self.lines,
            "counts": self.counts,
            "rejects": self.rejects,
        }
        with atomic_text(path) as stream:
            json.dump(value, stream, separators=(",", ":"))


def read_results(places: list[Path]) -> Iterator[SliceResult]:
    """Reads results, in order."""
    for place in places:
        value = read_json(place)
        yield SliceResult(value["lines"], Counter(value["counts"]), Counter(value["rejects"]))
