"""Shards in this process, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arqon_maestro.errors import MaestroError
from arqon_maestro.executors.crew import Outcome
from arqon_maestro.executors.protocol import Job, R, Shard, T
from arqon_maestro.progress import SILENT, Reporter


class SerialExecutor:
    """Runs all items itself: nothing is started, and nothing guards against an item that hangs."""

    workers = 1

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
        """See `Executor.map`; `limit_s` is not kept."""
        folder.mkdir(parents=True, exist_ok=True)
        places = [folder / f"shard-{index:05d}" for index in range(len(shards))]
        with reporter.task(label, len(shards), "shards") as task:
            for shard, place in zip(shards, places, strict=True):
                if not place.exists():
                    job.write([_outcome(job, item) for item in shard.items()], place)
                task.advance()
        return places


def _outcome(job: Job[T, R], item: T) -> Outcome[R]:
    try:
        return Outcome(job.process(item))
    except MaestroError:
        raise
    except Exception as error:
        return Outcome(None, f"file: {type(error).__name__}")
