"""What every executor offers, and what it asks of shards and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from arqon_maestro.executors.crew import Outcome
from arqon_maestro.progress import SILENT, Reporter

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
R = TypeVar("R")


class Shard(Protocol[T_co]):
    """A part of the input; the same for any number of workers."""

    def items(self) -> Sequence[T_co]:
        """Reads the shard's items."""


class Job(Protocol[T_contra, R]):
    """What is done with a shard; picklable."""

    def process(self, item: T_contra, /) -> R:
        """Makes one item's result, in a worker."""

    def write(self, outcomes: Sequence[Outcome[R]], destination: Path, /) -> None:
        """Writes a shard's result file, atomically, of the outcomes of its items, in order."""


class Executor(Protocol):
    """Maps a job over shards."""

    workers: int

    def map(
        self,
        job: Job[T, R],
        shards: Sequence[Shard[T]],
        folder: Path,
        *,
        limit_s: float,
        label: str,
        reporter: Reporter = SILENT,
    ) -> list[Path]:
        """Returns the result files ``folder/shard-00000…``, in the order of `shards`.

        Args:
            limit_s: seconds that one item may take. One that takes longer, or kills its worker,
                costs only itself: its outcome has a reason and no result.

        Raises:
            MaestroError: the first that the job raised.
        """
