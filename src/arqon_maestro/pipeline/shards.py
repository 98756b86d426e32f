"""Slices of the source shards, and the results that CorpusGen makes of one slice."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.corpusgen.modes import FileResult
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors import Outcome
from arqon_maestro.repositories.records import SPLITS, SourceFile
from arqon_maestro.repositories.shards import list_shards, read_rows, row_groups

ROWS = 48
"""Files a slice: small enough that a killed run loses little and two workers end together."""

SLICES = "slices"
"""Folder of the results in a step's scratch folder."""


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
    """What CorpusGen made of one slice. Its text stays on disk until it is asked for.

    Attributes:
        path: the result file.
        lines: split → number of lines.
        counts: files and characters read.
        rejects: reason → number.
        sizes: split → bytes of each column.
        start: where in the file the text begins.
    """

    path: Path
    lines: dict[str, int]
    counts: Counter[str]
    rejects: Counter[str]
    sizes: dict[str, list[int]]
    start: int

    def text(self, split: str) -> list[bytes]:
        """Reads the lines of a split, column by column (source and target, or transcripts).

        Raises:
            DataError: the file is shorter than it says.
        """
        at = self.start
        for other in SPLITS[: SPLITS.index(split)]:
            at += sum(self.sizes[other])
        with open(self.path, "rb") as stream:
            stream.seek(at)
            columns = [stream.read(size) for size in self.sizes[split]]
        if [len(column) for column in columns] != self.sizes[split]:
            raise _damaged(self.path, "it is cut short")
        return columns


@dataclass(frozen=True)
class Generated:
    """What CorpusGen made of one file.

    Attributes:
        split: which split the file is of.
        characters: its size.
        lines: how many lines it gave.
        columns: their text, column by column, each line with its line feed.
        rejects: reason → number.
    """

    split: str
    characters: int
    lines: int
    columns: list[bytes]
    rejects: Counter[str]


class CorpusGenJob(ABC):
    """Says the files of a slice; its result file is a `SliceResult`.

    The file is a line of JSON, then the columns of the splits one after the other.
    """

    columns: ClassVar[int]
    """Of how many columns the lines are."""

    @abstractmethod
    def say(self, text: str, name: str) -> FileResult[Any]:
        """Returns the lines of a file: tuples of columns."""

    def process(self, file: SourceFile, /) -> Generated:
        """Says one file, in a worker."""
        result = self.say(file.text, f"{file.repository}/{file.path}")
        columns = [
            "".join([f"{line[column]}\n" for line in result.lines]).encode()
            for column in range(self.columns)
        ]
        return Generated(file.split, len(file.text), len(result.lines), columns, result.rejects)

    def write(self, outcomes: Sequence[Outcome[Generated]], destination: Path, /) -> None:
        """Writes the lines of a slice by split, with what was read and dropped."""
        lines = dict.fromkeys(SPLITS, 0)
        text: dict[str, list[list[bytes]]] = {
            split: [[] for _ in range(self.columns)] for split in SPLITS
        }
        counts: Counter[str] = Counter()
        rejects: Counter[str] = Counter()
        for outcome in outcomes:
            counts["files"] += 1
            made = outcome.result
            if made is None:
                counts["failed files"] += 1
                rejects[outcome.reason] += 1
                continue
            counts["characters"] += made.characters
            lines[made.split] += made.lines
            for parts, part in zip(text[made.split], made.columns, strict=True):
                parts.append(part)
            rejects.update(made.rejects)
        columns = {split: [b"".join(parts) for parts in text[split]] for split in SPLITS}
        head = {
            "lines": lines,
            "counts": counts,
            "rejects": rejects,
            "sizes": {split: [len(column) for column in columns[split]] for split in SPLITS},
        }
        with atomic_binary(destination) as stream:
            stream.write(json.dumps(head).encode() + b"\n")
            for split in SPLITS:
                stream.writelines(columns[split])


def read_results(places: Sequence[Path]) -> list[SliceResult]:
    """Reads what results say of themselves, in order.

    Raises:
        DataError: a file is no result.
    """
    return [_read_result(place) for place in places]


def _read_result(place: Path) -> SliceResult:
    with open(place, "rb") as stream:
        head = stream.readline()
    try:
        value = json.loads(head)
        counts, rejects = Counter(value["counts"]), Counter(value["rejects"])
        return SliceResult(place, value["lines"], counts, rejects, value["sizes"], len(head))
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(place, str(error)) from None


def _damaged(place: Path, why: str) -> DataError:
    return DataError(
        "the result of a slice of source code is damaged",
        where=place,
        why=why,
        remedy="remove the file and run the same command again: only that slice is made anew",
    )


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
