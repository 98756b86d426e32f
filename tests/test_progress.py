"""Progress: lines without a terminal, a bar with one."""

from __future__ import annotations

import io

import pytest

from arqon_maestro import progress


def test_without_a_terminal_there_is_one_line_at_the_end() -> None:
    stream = io.StringIO()
    reporter = progress.StreamReporter(stream, bar=False)
    with reporter.task("reading", 10, "files") as task:
        for _ in range(10):
            task.advance(note="loss 2.5")
    assert stream.getvalue().splitlines() == ["reading  100% 10/10 files  in 0.0 s  loss 2.5"]


def test_a_bar_is_redrawn_in_place() -> None:
    stream = io.StringIO()
    with progress.StreamReporter(stream, bar=True).task("reading", 2) as task:
        task.advance()
    text = stream.getvalue()
    assert text.startswith("\r")
    assert "[############............]" in text
    assert text.endswith("reading   50% 1/2  in 0.0 s\n")


def test_tasks_at_the_same_time_share_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "BAR_EVERY_S", 0.0)
    monkeypatch.setenv("COLUMNS", "110")
    stream = io.StringIO()
    reporter = progress.StreamReporter(stream, bar=True)
    with reporter.task("one", 2) as one, reporter.task("two", 4) as two:
        one.advance()
        two.advance()
    drawn = stream.getvalue().split("\r\x1b[2K")
    assert drawn[2].startswith("one  [####")
    assert "|  two" in drawn[2]
    assert all(len(line.rstrip("\n")) < 110 for line in drawn)


def test_a_failed_task_still_ends_its_line() -> None:
    stream = io.StringIO()
    with (
        pytest.raises(ValueError, match="x"),
        progress.StreamReporter(stream, bar=True).task("reading", 2),
    ):
        raise ValueError("x")
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (12.4, "12 s"), (200, "3 m 20 s"), (3900, "1 h 05 m")],
)
def test_durations(seconds: float, text: str) -> None:
    assert progress.clock(seconds) == text
