"""Shards over processes of this machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from arqon_maestro.executors.crew import Outcome, map_items
from arqon_maestro.executors.protocol import Job, R, Shard, T
from arqon_maestro.progress import SILENT, Reporter


def available_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalExecutor:
    """Runs the items of all shards in `workers` processes.

    Args:
        workers: number of processes; default: the cores that this process may use.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers if workers is not None else available_cores()

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
        """See `Executor.map`."""
        folder.mkdir(parents=True, exist_ok=True)
        places = [folder / f"shard-{index:05d}" for index in range(len(shards))]
        left = [index for index, place in enumerate(places) if not place.exists()]
        sizes: dict[int, int] = {}
        owners: deque[int] = deque()

        def items() -> Iterator[T]:
            for index in left:
                loaded = shards[index].items()
                sizes[index] = len(loaded)
                for item in loaded:
                    owners.append(index)
                    yield item

        with reporter.task(label, len(shards), "shards") as task:
            task.advance(len(shards) - len(left))
            pending: dict[int, list[Outcome[R]]] = {index: [] for index in left}
            with closing(map_items(job.process, items(), self.workers, limit_s)) as outcomes:
                for outcome in outcomes:
                    # Outcomes come in the order in which the items were taken.
                    index = owners.popleft()
                    pending[index].append(outcome)
                    if len(pending[index]) == sizes[index]:
                        job.write(pending.pop(index), places[index])
                        task.advance()
            for index in sorted(pending):  # shards without items
                job.write([], places[index])
                task.advance()
        return places
