"""Runs one function over many files in worker processes, each file with a time limit.

A file that takes too long, or that kills its worker, costs only itself: the worker is replaced.
Results come in the order of the files, whatever the number of workers.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from arqon_maestro.errors import MaestroError

TIMED_OUT = "file: timed out"
CRASHED = "file: its worker crashed"

# A file's records die with their references; looking for cycles among them costs a quarter of the
# time of text mode, so workers look less often than Python's default of every 700 new objects.
_GARBAGE_THRESHOLD = 100_000

# Results that may wait for an earlier file, for each worker.
_WINDOW = 32

I = TypeVar("I")  # noqa: E741 - items
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """A file's result, or why there is none (`TIMED_OUT`, `CRASHED`, ``file: KeyError``)."""

    result: R | None
    reason: str = ""


class _Worker:
    """A process that waits for files, and the file it has."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(function, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.index: int | None = None
        self.deadline = 0.0
        # Starting an interpreter takes its time, which is not the first file's.
        self.ready = False

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(function: Callable[[Any], Any], connection: Connection) -> None:
    """Answers files until the other end closes."""
    # Ctrl-C reaches every process of the group; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_GARBAGE_THRESHOLD)
    try:
        connection.send(None)
        while True:
            item = connection.recv()
            try:
                answer: object = Outcome(function(item))
            except MaestroError as error:
                answer = error
            except Exception as error:
                answer = Outcome(None, f"file: {type(error).__name__}")
            connection.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def map_files(
    function: Callable[[I], R], items: Sequence[I], workers: int, limit_s: float
) -> Iterator[Outcome[R]]:
    """Yields the outcome of every item, in order.

    Args:
        function: called in the workers; picklable, as items and results are.
        items: what it is called with.
        workers: number of processes, at least 1.
        limit_s: seconds that one item may take.

    Raises:
        MaestroError: the first that `function` raised.
    """
    crew: list[_Worker] = []
    waiting = deque(range(len(items)))
    done: dict[int, Outcome[R]] = {}
    due = 0
    try:
        crew += [_Worker(function) for _ in range(min(max(1, workers), len(items)))]
        while due < len(items):
            while due in done:
                yield done.pop(due)
                due += 1
            for worker in crew:
                in_reach = waiting and waiting[0] < due + _WINDOW * len(crew)
                if worker.ready and worker.index is None and in_reach:
                    worker.index = waiting.popleft()
                    worker.deadline = time.monotonic() + limit_s
                    worker.connection.send(items[worker.index])
            if due < len(items) and due not in done:
                _collect(crew, function, done)
    finally:
        for worker in crew:
            worker.kill()


def _collect(
    crew: list[_Worker], function: Callable[[Any], Any], done: dict[int, Outcome[Any]]
) -> None:
    """Waits for an answer or a deadline, and takes what there is."""
    busy = [worker for worker in crew if worker.index is not None]
    patience = min((worker.deadline for worker in busy), default=None)
    timeout = None if patience is None else max(0.0, patience - time.monotonic())
    answered = wait([worker.connection for worker in crew], timeout)
    for place, worker in enumerate(crew):
        if worker.connection in answered:
            try:
                answer = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                if worker.index is None:
                    raise
                done[worker.index] = Outcome(None, CRASHED)
                worker.kill()
                crew[place] = _Worker(function)
                continue
            if isinstance(answer, MaestroError):
                raise answer
            worker.ready = True
            if worker.index is not None:
                done[worker.index] = answer
                worker.index = None
        elif worker.index is not None and time.monotonic() >= worker.deadline:
            done[worker.index] = Outcome(None, TIMED_OUT)
            worker.kill()
            crew[place] = _Worker(function)
