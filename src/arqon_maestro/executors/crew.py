"""A crew of worker processes that runs one function over many items, each with a time limit.

An item (a file, most often) that takes too long or too much memory, or that kills its worker,
costs only itself: the worker is replaced. Results come in the order of the items, whatever the
number of workers.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import signal
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from arqon_maestro.errors import MaestroError

TIMED_OUT = "file: timed out"
CRASHED = "file: its worker crashed"
# Native code that gets no memory may raise either.
OUT_OF_MEMORY = ("file: MemoryError", "file: SystemError")

# A file's records die with their references; looking for cycles among them costs a quarter of the
# time of text mode, so workers look less often than Python's default of every 700 new objects.
GARBAGE_THRESHOLD = 100_000

# A parser's error recovery can take gigabytes in seconds; the machine must not be without memory
# before the time is up. A worker that gets none of its own dies, or raises a `MemoryError`.
MEMORY_LIMIT_BYTES = 4 << 30

# Results that may wait for an earlier item, for each worker.
_WINDOW = 32

# Then a fresh worker takes its place: the parser keeps some memory of each source that it reads.
_ITEMS_OF_A_WORKER = 1000

I = TypeVar("I")  # noqa: E741 - items
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """An item's result, or why there is none (`TIMED_OUT`, `CRASHED`, ``file: KeyError``)."""

    result: R | None
    reason: str = ""


class _Worker:
    """A process that waits for items, and the item it has."""

    def __init__(self, function: Callable[[Any], Any], memory_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(function, theirs, memory_bytes), daemon=True
        )
        self.process.start()
        theirs.close()
        self.index: int | None = None
        self.items = 0
        self.deadline = 0.0
        # Starting an interpreter takes its time, which is not the first item's.
        self.ready = False

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(function: Callable[[Any], Any], connection: Connection, memory_bytes: int) -> None:
    """Answers items until the other end closes."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY or most > memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, most))
    # Ctrl-C reaches every process of the group; only the parent acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(GARBAGE_THRESHOLD)
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


def map_items(
    function: Callable[[I], R],
    items: Iterable[I],
    workers: int,
    limit_s: float,
    memory_bytes: int = MEMORY_LIMIT_BYTES,
) -> Generator[Outcome[R]]:
    """Yields the outcome of every item, in order.

    Args:
        function: called in the workers; picklable, as items and results are.
        items: what it is called with; taken as the workers need them.
        workers: number of processes at most, at least 1.
        limit_s: seconds that one item may take.
        memory_bytes: memory that a worker may have.

    Raises:
        MaestroError: the first that `function` raised.
    """
    rest = iter(items)
    first = list(islice(rest, max(1, workers)))
    most = max(1, len(first))  # more than there are items would have nothing to do
    left = enumerate(chain(first, rest))
    upcoming = next(left, None)
    start = partial(_Worker, function, memory_bytes)
    crew: list[_Worker] = []
    done: dict[int, Outcome[R]] = {}
    due = 0
    try:
        while True:
            while due in done:
                yield done.pop(due)
                due += 1
            if upcoming is None and not done and all(worker.index is None for worker in crew):
                return
            if upcoming is not None and len(crew) < most:
                crew += [start() for _ in range(most - len(crew))]
            for place, worker in enumerate(crew):
                if worker.items >= _ITEMS_OF_A_WORKER and worker.index is None:
                    worker.kill()
                    worker = crew[place] = start()
                if upcoming is None or upcoming[0] >= due + _WINDOW * len(crew):
                    break
                if worker.ready and worker.index is None:
                    worker.index, item = upcoming
                    worker.items += 1
                    worker.deadline = time.monotonic() + limit_s
                    worker.connection.send(item)
                    upcoming = next(left, None)
            if due not in done:
                _collect(crew, start, done)
    finally:
        for worker in crew:
            worker.kill()


def _collect(
    crew: list[_Worker], start: Callable[[], _Worker], done: dict[int, Outcome[Any]]
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
                crew[place] = start()
                continue
            if isinstance(answer, MaestroError):
                raise answer
            worker.ready = True
            if worker.index is not None:
                done[worker.index] = answer
                worker.index = None
                if answer.reason in OUT_OF_MEMORY:
                    # What a library kept of that item is not the next one's.
                    worker.kill()
                    crew[place] = start()
        elif worker.index is not None and time.monotonic() >= worker.deadline:
            done[worker.index] = Outcome(None, TIMED_OUT)
            worker.kill()
            crew[place] = start()
