"""What every executor offers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from arqon_maestro.progress import SILENT, Reporter

T_contra = TypeVar("T_contra", contravariant=True)
S = TypeVar("S")


class ShardFunction(Protocol[T_contra]):
    """Makes one shard's result; must be picklable and write `destination` atomically."""

    def __call__(self, shard: T_contra, destination: Path, /) -> None: ...


class Executor(Protocol):
    """Maps a function over shards."""

    workers: int

    def map(
        self,
        function: ShardFunction[S],
        shards: Sequence[S],
        folder: Path,
        *,
        label: str,
        unit: str = "shards",
        reporter: Reporter = SILENT,
    ) -> list[Path]:
        """Returns the result files ``folder/shard-00000…``, in the order of `shards`.

        Raises:
            WorkFailedError: a worker died.
            MaestroError: what a shard function raised.
        """
