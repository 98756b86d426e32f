"""Different long calls side by side, each in a process of its own, their progress shown here.

Networks as small as ours gain little from two threads on one operation, and lose much when another
program takes a core away; two trainings on one core each do not wait for one another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from arqon_maestro.errors import MaestroError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter, Task

Call = Callable[[Reporter], Any]
"""What is run; it and what it returns are picklable."""

LAST_WORDS_S = 10.0
"""How long processes that failed together are listened to, to learn which failed first."""


class PeerLostError(WorkFailedError):
    """A process cannot go on because another is gone: a consequence, never the cause."""


_DONE, _FAILED, _INTERRUPTED = "done", "failed", "interrupted"


class _PipeTask:
    def __init__(self, connection: Connection, number: int) -> None:
        self._connection, self._number = connection, number

    def advance(self, amount: float = 1, note: str = "") -> None:
        self._connection.send(("advance", self._number, amount, note))


class _PipeReporter:
    """Sends progress through a pipe. If the parent is gone, sending ends this process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tasks = 0

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        self._tasks += 1
        number = self._tasks
        self._connection.send(("open", number, label, total, unit))
        try:
            yield _PipeTask(self._connection, number)
        finally:
            self._connection.send(("close", number))

    def say(self, message: str) -> None:
        self._connection.send(("say", message))


def _serve(call: Call, connection: Connection) -> None:
    try:
        try:
            result = call(_PipeReporter(connection))
            connection.send((_DONE, result))
        except MaestroError as error:
            connection.send((_FAILED, error))
        except KeyboardInterrupt:
            connection.send((_INTERRUPTED,))
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)


class _Child:
    """A running call, and the tasks that it has open."""

    def __init__(self, call: Call) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe(duplex=False)
        self.process: SpawnProcess = context.Process(target=_serve, args=(call, theirs))
        self.process.start()
        theirs.close()
        self.result: Any = None
        self.stack = ExitStack()
        self.tasks: dict[int, tuple[ExitStack, Task]] = {}

    def show(self, message: tuple[Any, ...], reporter: Reporter) -> None:
        """Shows one message of progress."""
        kind, *values = message
        if kind == "open":
            number, label, total, unit = values
            stack = self.stack.enter_context(ExitStack())
            self.tasks[number] = (stack, stack.enter_context(reporter.task(label, total, unit)))
        elif kind == "advance":
            number, amount, note = values
            self.tasks[number][1].advance(amount, note)
        elif kind == "close":
            self.tasks.pop(values[0])[0].close()
        else:
            reporter.say(values[0])

    def end(self) -> None:
        """Waits for the process: what it still sends is read, so that it never waits for us."""
        self.stack.close()
        with suppress(EOFError, OSError):
            while True:
                self.connection.recv()
        self.process.join()
        self.connection.close()


def run_side_by_side(calls: Sequence[Call], workers: int, reporter: Reporter = SILENT) -> None:
    """Runs calls, at most `workers` at a time, the first ones first.

    On Ctrl-C the calls are interrupted too, and are waited for: they save what they have.

    Raises:
        MaestroError: the first that a call raised; the others are stopped by SIGTERM.
        WorkFailedError: a process died.
        KeyboardInterrupt: a call was interrupted.
    """
    if workers <= 1 or len(calls) <= 1:
        for call in calls:
            call(reporter)
        return
    waiting = list(calls)
    running: list[_Child] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_Child(waiting.pop(0)))
            ready = wait([child.connection for child in running])
            for child in [child for child in running if child.connection in ready]:
                if _receive(child, reporter):
                    running.remove(child)
                    child.end()
    except BaseException:
        for child in running:
            if child.process.is_alive():
                os.kill(child.process.pid or 0, signal.SIGTERM)
        raise
    finally:
        for child in running:
            child.end()


def run_together(calls: Sequence[Call], reporter: Reporter = SILENT) -> list[Any]:
    """Runs calls that work on one thing, all at once; returns their results.

    On Ctrl-C or SIGTERM the calls get a SIGTERM, and are waited for: they save what they have.

    Raises:
        MaestroError: what a call raised; the others are killed.
        WorkFailedError: a process died.
        KeyboardInterrupt: a call was interrupted.
    """
    children = [_Child(call) for call in calls]
    running = list(children)
    try:
        with _sigterm_interrupts():
            while running:
                ready = wait([child.connection for child in running])
                for child in [child for child in running if child.connection in ready]:
                    # What it raises is its last word: the cause is looked for among the others.
                    running.remove(child)
                    if not _receive(child, reporter):
                        running.append(child)
    except Exception as error:
        cause = _cause(error, running)
        for child in children:
            child.process.kill()
        raise cause from None
    except BaseException:
        for child in children:
            child.process.terminate()
        raise
    finally:
        for child in children:
            child.end()
    return [child.result for child in children]


def _cause(error: Exception, children: Sequence[_Child]) -> Exception:
    """Returns the error that the others follow from: the first that is no `PeerLostError`."""
    deadline = time.monotonic() + LAST_WORDS_S
    left = list(children)
    while isinstance(error, PeerLostError) and left:
        ready = wait([child.connection for child in left], deadline - time.monotonic())
        if not ready:
            break
        for child in [child for child in left if child.connection in ready]:
            try:
                if _receive(child, SILENT):
                    left.remove(child)
            except Exception as other:
                left.remove(child)
                error = other if isinstance(error, PeerLostError) else error
    return error


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Makes SIGTERM raise `KeyboardInterrupt`, where signals can be caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _receive(child: _Child, reporter: Reporter) -> bool:
    """Takes a message; returns whether it was the last."""
    try:
        message = child.connection.recv()
    except (EOFError, ConnectionResetError):
        raise WorkFailedError(
            "a process died",
            why="out of memory, or killed",
            remedy="run the same command again: it goes on where it was",
        ) from None
    if message[0] == _DONE:
        child.result = message[1]
        return True
    if message[0] == _FAILED:
        raise message[1]
    if message[0] == _INTERRUPTED:
        raise KeyboardInterrupt
    child.show(message, reporter)
    return False
