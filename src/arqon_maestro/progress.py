"""Progress of long work: a bar on a terminal, a line now and then otherwise, always on stderr.

Domain code takes a `Reporter` and never prints. `SILENT` is the default everywhere.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

LINE_EVERY_S = 10.0
BAR_EVERY_S = 0.1
BAR_WIDTH = 24


class Task(Protocol):
    """One piece of work whose advance is shown."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Adds `amount` units; `note` is shown after the bar ("loss 2.31")."""


class Reporter(Protocol):
    """Where long work says how far it is."""

    def task(
        self, label: str, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        """Opens a task; use it as a context manager."""

    def say(self, message: str) -> None:
        """Prints one line of log."""


class _SilentTask:
    def advance(self, amount: float = 1, note: str = "") -> None:
        pass


class Silent:
    """A reporter that says nothing."""

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        yield _SilentTask()

    def say(self, message: str) -> None:
        pass


SILENT = Silent()


class _StreamTask:
    def __init__(
        self, reporter: StreamReporter, label: str, total: float | None, unit: str
    ) -> None:
        self.reporter, self.label, self.total, self.unit = reporter, label, total, unit
        self.done = 0.0
        self.note = ""
        self.started = time.monotonic()

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount
        if note:
            self.note = note
        self.reporter.refresh(self)

    def text(self, *, final: bool) -> str:
        """Returns how far the task is, on one line."""
        seconds = time.monotonic() - self.started
        parts = [self.label]
        if self.total:
            share = min(1.0, self.done / self.total)
            if self.reporter.bar and not final:
                filled = round(share * BAR_WIDTH)
                parts.append("[" + "#" * filled + "." * (BAR_WIDTH - filled) + "]")
            parts.append(f"{share:4.0%} {self.done:,.0f}/{self.total:,.0f} {self.unit}".rstrip())
            if not final and self.done:
                left = seconds * (self.total - self.done) / self.done
                parts.append(f"{clock(max(0.0, left))} left")
        elif self.done:
            parts.append(f"{self.done:,.0f} {self.unit}".rstrip())
        if final:
            parts.append(f"in {clock(seconds)}")
        if self.note:
            parts.append(self.note)
        return "  ".join(parts)


class StreamReporter:
    """Reports on a stream: a redrawn line if it is a terminal, otherwise a line every 10 s.

    Tasks that run at the same time share the redrawn line.
    """

    def __init__(self, stream: TextIO | None = None, *, bar: bool | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.bar = self.stream.isatty() if bar is None else bar
        self._active: list[_StreamTask] = []
        self._shown: dict[int, float] = {}

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        task = _StreamTask(self, label, total, unit)
        self._active.append(task)
        self._shown[id(task)] = task.started
        try:
            yield task
        finally:
            self._active.remove(task)
            del self._shown[id(task)]
            self.say(task.text(final=True))

    def refresh(self, task: _StreamTask) -> None:
        """Shows a task's advance, if the last time is long enough ago."""
        now = time.monotonic()
        place = 0 if self.bar else id(task)
        if now - self._shown.get(place, 0.0) < (BAR_EVERY_S if self.bar else LINE_EVERY_S):
            return
        self._shown[place] = now
        if not self.bar:
            self.stream.write(task.text(final=False) + "\n")
        else:
            line = "  |  ".join(active.text(final=False) for active in self._active)
            width = shutil.get_terminal_size().columns
            self.stream.write("\r\x1b[2K" + line[: width - 1])
        self.stream.flush()

    def say(self, message: str) -> None:
        self.stream.write(("\r\x1b[2K" if self.bar else "") + message + "\n")
        self.stream.flush()


def clock(seconds: float) -> str:
    """Formats a duration: ``0.4 s``, ``12 s``, ``3 m 20 s``, ``1 h 05 m``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"
