"""What became of the pairs of a dataset, and how often its tokens occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arqon_maestro.code_engine.blocks import read_tokens
from arqon_maestro.progress import SILENT, Reporter


@dataclass
class SplitCounts:
    """What became of one split's pairs.

    Attributes:
        read: pairs of the input.
        kept: pairs of the output.
        dropped: reason → pairs left out.
        strange: pairs of the output with a token that the vocabulary lacks.
    """

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    strange: int = 0

    def add(self, pairs: int, dropped: Mapping[str, int]) -> None:
        """Counts pairs that were read, of which some were left out."""
        self.read += pairs
        self.kept += pairs - sum(dropped.values())
        for reason, number in dropped.items():
            if number:
                self.dropped[reason] = self.dropped.get(reason, 0) + number

    def reasons(self) -> str:
        """Returns the reasons with their counts, as text."""
        if not self.read:
            return "the file is empty"
        parts = [f"{number} x {reason}" for reason, number in sorted(self.dropped.items())]
        return ", ".join(parts)


def count_tokens(
    paths: tuple[Path, Path], label: str = "", reporter: Reporter = SILENT
) -> Counter[str]:
    """Counts the tokens of a source and a target file, the empty one of empty lines included.

    Args:
        paths: the files.
        label: name of the progress.
        reporter: shows it.

    Raises:
        MissingPartError: a file is missing.
        DataError: the files are not aligned, or not UTF-8.
    """
    totals: Counter[str] = Counter()
    with reporter.task(label, unit="pairs") as task:
        for pairs in read_tokens(paths):
            numbers: list[int] = pairs.counts().tolist()
            for token, number in zip(pairs.dictionary, numbers, strict=True):
                totals[token] += number
            task.advance(len(pairs.sources))
    return totals
