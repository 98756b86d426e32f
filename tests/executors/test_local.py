"""The local executor: order, resume, errors, items that hang or kill their worker."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import DataError
from arqon_maestro.executors import LocalExecutor, Outcome


@dataclass(frozen=True)
class Numbers:
    numbers: tuple[int, ...]

    def items(self) -> Sequence[int]:
        return self.numbers


@dataclass(frozen=True)
class Square:
    """Squares; -1 is refused, -2 kills the worker, -3 hangs, -4 is a defect."""

    def process(self, item: int, /) -> int:
        if item == -1:
            raise DataError("one is not allowed", where="item:1", remedy="leave it out")
        if item == -2:
            os._exit(9)
        if item == -3:
            time.sleep(60)
        if item == -4:
            raise KeyError(item)
        return item * item

    def write(self, outcomes: Sequence[Outcome[int]], destination: Path, /) -> None:
        with atomic_text(destination) as stream:
            stream.write(" ".join(o.reason or str(o.result) for o in outcomes))


def squares(folder: Path, shards: list[tuple[int, ...]], workers: int = 2) -> list[str]:
    executor = LocalExecutor(workers)
    places = executor.map(
        Square(), [Numbers(shard) for shard in shards], folder, limit_s=3.0, label="squares"
    )
    return [place.read_text() for place in places]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_are_in_order(tmp_path: Path, workers: int) -> None:
    shards = [(3, 4), (), (5, 6, 7), (8,), ()]
    assert squares(tmp_path, shards, workers) == ["9 16", "", "25 36 49", "64", ""]


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "shard-00001").write_text("kept")
    assert squares(tmp_path, [(1,), (2,), (3,)]) == ["1", "kept", "9"]


def test_an_expected_error_stops_the_map_and_keeps_what_is_done(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        squares(tmp_path, [(2,), (-1,), (3,)], workers=1)
    assert caught.value.where == "item:1"
    assert caught.value.remedy == "leave it out"
    assert (tmp_path / "shard-00000").read_text() == "4"
    assert not (tmp_path / "shard-00001").exists()


def test_a_bad_item_costs_only_itself(tmp_path: Path) -> None:
    crashed, hung, broken = squares(tmp_path, [(2, -2, 3), (4, -3, 5), (6, -4, 7)])
    assert crashed == "4 file: its worker crashed 9"
    assert hung == "16 file: timed out 25"
    assert broken == "36 file: KeyError 49"
