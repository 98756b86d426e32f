"""Calls side by side: progress, errors, deaths, one worker."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.code_engine.interruption import stop_signals
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors.side_by_side import PeerLostError, run_side_by_side, run_together
from arqon_maestro.progress import Reporter, StreamReporter


@dataclass(frozen=True)
class Touch:
    path: Path
    how: str = ""

    def __call__(self, reporter: Reporter) -> None:
        with reporter.task(self.path.name, 2, "parts") as task:
            task.advance(note="half")
            if self.how == "fail":
                raise DataError("broken", where=self.path)
            if self.how == "die":
                os._exit(9)
            if self.how == "slow":
                time.sleep(30)
            task.advance()
        reporter.say(f"made {self.path.name}")
        self.path.write_text(str(os.getpid()))


@pytest.mark.parametrize("workers", [1, 2])
def test_all_calls_run_and_show_their_progress(tmp_path: Path, workers: int) -> None:
    stream = io.StringIO()
    calls = [Touch(tmp_path / name) for name in ("a", "b", "c")]
    run_side_by_side(calls, workers, StreamReporter(stream, bar=False))
    processes = {(tmp_path / name).read_text() for name in ("a", "b", "c")}
    assert (str(os.getpid()) in processes) == (workers == 1)
    text = stream.getvalue()
    for name in ("a", "b", "c"):
        assert f"{name}  100% 2/2 parts" in text
        assert f"made {name}" in text


def test_an_error_of_one_stops_the_others(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataError, match="broken") as caught:
        run_side_by_side([Touch(tmp_path / "a", "slow"), Touch(tmp_path / "b", "fail")], 2)
    assert caught.value.where == str(tmp_path / "b")
    assert time.monotonic() - started < 20
    assert not (tmp_path / "a").exists()


def test_a_death_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkFailedError, match="a process died"):
        run_side_by_side([Touch(tmp_path / "a", "die"), Touch(tmp_path / "b")], 2)


@dataclass(frozen=True)
class Member:
    """One of two that need each other."""

    folder: Path
    name: str
    how: str

    def __call__(self, reporter: Reporter) -> str:
        if self.how == "fail":
            self.meet()
            # Long enough for the other to complain first.
            time.sleep(0.5)
            raise DataError("the cause")
        if self.how == "lost":
            self.meet()
            raise PeerLostError("the consequence")
        if self.how == "save":
            with stop_signals() as stop:
                self.meet()
                stop.wait(60)
            (self.folder / f"{self.name}.saved").touch()
            raise KeyboardInterrupt
        return self.name

    def meet(self) -> None:
        (self.folder / self.name).touch()
        wait_for(self.folder / "a", self.folder / "b")


def wait_for(*paths: Path) -> None:
    while not all(path.exists() for path in paths):
        time.sleep(0.01)


def test_together_they_return_their_results(tmp_path: Path) -> None:
    assert run_together([Member(tmp_path, "a", ""), Member(tmp_path, "b", "")]) == ["a", "b"]


def test_of_errors_together_the_cause_is_raised(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the cause"):
        run_together([Member(tmp_path, "a", "lost"), Member(tmp_path, "b", "fail")])


def test_sigterm_lets_all_save(tmp_path: Path) -> None:
    def kill() -> None:
        wait_for(tmp_path / "a", tmp_path / "b")
        os.kill(os.getpid(), signal.SIGTERM)

    killer = threading.Thread(target=kill)
    killer.start()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run_together([Member(tmp_path, "a", "save"), Member(tmp_path, "b", "save")])
    killer.join()
    assert (tmp_path / "a.saved").exists() and (tmp_path / "b.saved").exists()
    assert signal.getsignal(signal.SIGTERM) == before
