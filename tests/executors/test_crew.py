"""The crew: workers that one item each costs, and that are replaced in time."""

from __future__ import annotations

import os

import pytest

from arqon_maestro.executors import crew


def _process(item: int) -> int:
    return os.getpid()


def test_a_worker_is_replaced_after_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_ITEMS_OF_A_WORKER", 5)
    processes = [outcome.result for outcome in crew.map_items(_process, range(12), 1, 30.0)]
    assert len(set(processes)) == 3
    assert len(set(processes[:5])) == 1


def test_no_more_workers_than_items(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Counted(crew._Worker):
        def __init__(self, *arguments: object) -> None:
            started.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(crew, "_Worker", Counted)
    outcomes = list(crew.map_items(_process, iter(range(3)), 50, 60.0))
    assert len(outcomes) == 3
    assert len(started) <= 3
    assert list(crew.map_items(_process, [], 50, 60.0)) == []


def _kept(item: int) -> int:
    if item == 1:
        raise MemoryError
    return os.getpid()


def test_a_worker_without_memory_is_replaced() -> None:
    outcomes = list(crew.map_items(_kept, range(4), 1, 30.0))
    assert outcomes[1].reason in crew.OUT_OF_MEMORY
    first, _, *others = [outcome.result for outcome in outcomes]
    assert first not in others
    assert len(set(others)) == 1
