"""Shards over processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from arqon_maestro.errors import WorkFailedError
from arqon_maestro.executors.protocol import S, ShardFunction
from arqon_maestro.progress import SILENT, Reporter


def available_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupt() -> None:
    # Ctrl-C reaches every process of the group; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class LocalExecutor:
    """Runs shards in `workers` processes, or in this one if that is 1.

    Args:
        workers: number of processes; default: the cores that this process may use.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers if workers is not None else available_cores()

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
        """See `Executor.map`."""
        folder.mkdir(parents=True, exist_ok=True)
        places = [folder / f"shard-{index:05d}" for index in range(len(shards))]
        left = [index for index, place in enumerate(places) if not place.exists()]
        with reporter.task(label, len(shards), unit) as task:
            task.advance(len(shards) - len(left))
            if self.workers <= 1 or len(left) <= 1:
                for index in left:
                    function(shards[index], places[index])
                    task.advance()
                return places
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(
                min(self.workers, len(left)), mp_context=context, initializer=_ignore_interrupt
            )
            try:
                futures: dict[Future[None], int] = {
                    pool.submit(function, shards[index], places[index]): index for index in left
                }
                for future in as_completed(futures):
                    future.result()
                    task.advance()
            except BrokenProcessPool:
                missing = [index for index in left if not places[index].exists()]
                raise WorkFailedError(
                    "a worker process died",
                    where=label,
                    why=f"out of memory, or killed; shards not done: {missing[:10]}",
                    remedy="run the same command again: it goes on with the shards that are left",
                ) from None
            except BaseException:
                for process in (pool._processes or {}).values():
                    process.terminate()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return places
