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
