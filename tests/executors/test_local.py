"""The local executor: order, resume, errors, a worker that dies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors import LocalExecutor


def square(shard: int, destination: Path) -> None:
    with atomic_text(destination) as stream:
        stream.write(str(shard * shard))


def refuse_three(shard: int, destination: Path) -> None:
    if shard == 3:
        raise DataError("three is not allowed", where="shard:3", remedy="leave it out")
    square(shard, destination)


def die_at_two(shard: int, destination: Path) -> None:
    if shard == 2:
        os._exit(9)
    square(shard, destination)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_are_in_order_and_kept(tmp_path: Path, workers: int) -> None:
    (tmp_path / "shard-00001").write_text("kept")
    places = LocalExecutor(workers).map(square, [3, 4, 5], tmp_path, label="squares")
    assert [place.read_text() for place in places] == ["9", "kept", "25"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_expected_error_keeps_its_parts(tmp_path: Path, workers: int) -> None:
    with pytest.raises(DataError) as caught:
        LocalExecutor(workers).map(refuse_three, [3, 4], tmp_path, label="squares")
    assert caught.value.where == "shard:3"
    assert caught.value.remedy == "leave it out"


def test_a_dead_worker_is_an_error_and_the_rest_is_kept(tmp_path: Path) -> None:
    with pytest.raises(WorkFailedError, match="a worker process died"):
        LocalExecutor(2).map(die_at_two, [1, 2, 1, 1], tmp_path, label="squares")
    places = LocalExecutor(2).map(square, [1, 2, 1, 1], tmp_path, label="squares")
    assert [place.read_text() for place in places] == ["1", "4", "1", "1"]
