"""Maps in this process: the same contract as with workers, and order in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.executors import Executor, Outcome, SerialExecutor, map_in_threads


@dataclass(frozen=True)
class Numbers:
    numbers: tuple[int, ...]

    def items(self) -> Sequence[int]:
        return self.numbers


class Invert:
    """One over a number; a negative one is refused."""

    def process(self, item: int, /) -> float:
        if item < 0:
            raise DataError("a negative number")
        return 1 / item

    def write(self, outcomes: Sequence[Outcome[float]], destination: Path, /) -> None:
        destination.write_text(
            " ".join(str(outcome.result or outcome.reason) for outcome in outcomes)
        )


def test_shards_in_this_process(tmp_path: Path) -> None:
    executor: Executor = SerialExecutor()
    (tmp_path / "shard-00001").write_text("kept")
    shards = [Numbers((1, 2)), Numbers((5,)), Numbers((0, 4)), Numbers(())]
    places = executor.map(Invert(), shards, tmp_path, limit_s=1, label="inverting")
    assert [place.read_text() for place in places] == [
        "1.0 0.5",
        "kept",
        "file: ZeroDivisionError 0.25",
        "",
    ]
    with pytest.raises(DataError, match="negative"):
        executor.map(Invert(), [Numbers((-1,))], tmp_path / "other", limit_s=1, label="inverting")


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_keep_the_order(threads: int) -> None:
    def slow(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number

    assert list(map_in_threads(slow, range(20), threads)) == list(range(20))
    assert list(map_in_threads(slow, [], threads)) == []


def test_threads_do_not_run_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_in_threads(lambda number: threading.current_thread().name, items(), 2)
    first = next(results)
    assert first != threading.current_thread().name
    assert len(taken) <= 3
    results.close()  # type: ignore[attr-defined]


def test_what_a_thread_raises_is_raised() -> None:
    def refuse(number: int) -> int:
        raise DataError(f"no {number}")

    with pytest.raises(DataError, match="no 0"):
        list(map_in_threads(refuse, range(9), 2))
