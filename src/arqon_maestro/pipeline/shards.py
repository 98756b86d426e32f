"""Slices of the source shards, and the results that CorpusGen makes of one slice."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_text, read_json
from arqon_maestro.corpusgen.modes import FileResult
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.executors import Outcome
from arqon_maestro.repositories.records import SPLITS, SourceFile
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

    def items(self) -> list[SourceFile]:
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


@dataclass(frozen=True)
class Generated:
    """What CorpusGen made of one file."""

    split: str
    characters: int
    lines: list[list[str]]
    rejects: Counter[str]


class CorpusGenJob(ABC):
    """Says the files of a slice; its result file is a `SliceResult`."""

    @abstractmethod
    def say(self, text: str, name: str) -> FileResult[Any]:
        """Returns the lines of a file: tuples of columns."""

    def process(self, file: SourceFile, /) -> Generated:
        """Says one file, in a worker."""
        result = self.say(file.text, f"{file.repository}/{file.path}")
        lines = [list(line) for line in result.lines]
        return Generated(file.split, len(file.text), lines, result.rejects)

    def write(self, outcomes: Sequence[Outcome[Generated]], destination: Path, /) -> None:
        """Writes the lines of a slice by split, with what was read and dropped."""
        lines: dict[str, list[list[str]]] = {split: [] for split in SPLITS}
        counts: Counter[str] = Counter()
        rejects: Counter[str] = Counter()
        for outcome in outcomes:
            counts["files"] += 1
            if outcome.result is None:
                counts["failed files"] += 1
                rejects[outcome.reason] += 1
                continue
            counts["characters"] += outcome.result.characters
            lines[outcome.result.split] += outcome.result.lines
            rejects.update(outcome.result.rejects)
        with atomic_text(destination) as stream:
            value = {"lines": lines, "counts": counts, "rejects": rejects}
            json.dump(value, stream, separators=(",", ":"))


def read_results(places: list[Path]) -> Iterator[SliceResult]:
    """Reads results, in order."""
    for place in places:
        value = read_json(place)
        yield SliceResult(value["lines"], Counter(value["counts"]), Counter(value["rejects"]))


def check_failures(counts: Counter[str], allowed_share: float, where: str) -> None:
    """Checks that few files failed: timed out, crashed their worker, or met a defect.

    Raises:
        WorkFailedError: more than the allowed share.
    """
    if counts["failed files"] > allowed_share * counts["files"]:
        raise WorkFailedError(
            f"{counts['failed files']} of {counts['files']} files failed",
            where=where,
            why=f"the recipe allows {allowed_share:.1%} (corpusgen.failed_share)",
            remedy="see the rejects by reason: maestro corpusgen mapping on the same files",
        )
