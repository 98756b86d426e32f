"""Two models beside each other, on the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from arqon_maestro.evaluation.comparison import compare_losses, compare_matches, summarise

PAIRS = [(f"source {n}", f"target {n}") for n in range(40)]


@dataclass(frozen=True)
class Output:
    text: str


class Fake:
    """Knows the first `known` lines; `near` more are its second output."""

    def __init__(self, known: int, near: int = 0, loss: float = 1.0) -> None:
        self.known, self.near, self.loss = known, near, loss

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Output]]:
        assert n_best >= 2
        return [self._outputs(int(line.split()[1])) for line in lines]

    def _outputs(self, number: int) -> list[Output]:
        right, wrong = Output(f"target {number}"), Output("other")
        if number < self.known:
            return [right, wrong]
        return [wrong, right] if number < self.known + self.near else []

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [-self.loss * 3 for _ in pairs]


def test_matches() -> None:
    found = compare_matches(Fake(10, near=5), Fake(22), PAIRS).to_json()
    assert found["before"]["1"]["count"] == 10
    assert found["before"]["5"]["count"] == 15
    assert found["after"]["1"]["count"] == found["after"]["5"]["count"] == 22
    paired = found["paired"]
    assert paired["difference"] == pytest.approx(12 / 40)
    # Twelve lines changed, all for the better: 2 / 2**12.
    assert paired["p_value"] == pytest.approx(2 / 4096)
    assert 0 < paired["low"] < paired["difference"] < paired["high"]


def test_a_loss_that_falls_is_below_zero() -> None:
    found = compare_losses(Fake(0, loss=1.0), Fake(0, loss=0.75), PAIRS).to_json()
    assert found["before"] == pytest.approx(1.0)
    assert found["after"] == pytest.approx(0.75)
    assert found["difference"] == pytest.approx(-0.25)
    assert found["low"] == pytest.approx(-0.25)
    assert found["lines"] == 40


def test_rows_to_read() -> None:
    match = compare_matches(Fake(10), Fake(22), PAIRS).to_json()
    loss = compare_losses(Fake(0), Fake(0, loss=0.5), PAIRS).to_json()
    rows = dict(summarise({"own": {"exact_match": match, "cross_entropy": loss}}))
    assert list(rows) == [
        "own held-out lines, exact match @1",
        "own held-out lines, exact match @5",
        "own held-out lines, nats a word",
    ]
    assert rows["own held-out lines, exact match @1"].startswith("25.0% (14.2–40.2) → 55.0% (")
    assert "+30.0 points" in rows["own held-out lines, exact match @1"]
    assert rows["own held-out lines, nats a word"] == (
        "1.000 → 0.500: -0.500 (-0.500 to -0.500); 40 lines"
    )
    assert list(dict(summarise({"old": {"cross_entropy": loss}}))) == [
        "old held-out lines, nats a word"
    ]
