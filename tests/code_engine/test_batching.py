"""Batches: every pair once an epoch, within the limit, the same for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.batching import Padding, make_batch, plan_batches

lengths = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=80)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@given(lengths, st.integers(1, 400), st.integers(0, 5))
def test_each_pair_once_and_within_the_limit(
    pairs: list[tuple[int, int]], limit: int, epoch: int
) -> None:
    sources, targets = columns(pairs)
    plan = plan_batches(sources, targets, limit, seed=1, epoch=epoch)
    batches = [plan[position] for position in range(len(plan))]
    assert sorted(index for batch in batches for index in batch.tolist()) == list(range(len(pairs)))
    for batch in batches:
        size = len(batch) * (sources[batch].max() + targets[batch].max())
        assert size <= limit or len(batch) == 1


def test_seed_and_epoch_decide() -> None:
    generator = np.random.default_rng(0)
    sources, targets = generator.integers(1, 50, 500), generator.integers(1, 50, 500)

    def order(seed: int, epoch: int) -> list[int]:
        return plan_batches(sources, targets, 300, seed, epoch).order.tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_little_padding() -> None:
    generator = np.random.default_rng(0)
    sources = generator.integers(10, 80, 20_000)
    targets = np.maximum(1, sources // 4 + generator.integers(-5, 6, 20_000))
    plan = plan_batches(sources, targets, 2500, seed=1, epoch=0)
    padded = sum(
        len(batch) * (sources[batch].max() + targets[batch].max())
        for batch in (plan[position] for position in range(len(plan)))
    )
    assert (sources.sum() + targets.sum()) / padded > 0.94


PAIRS = PairArrays(
    sources=np.array([5, 6, 0, 7, 0], dtype=np.uint16),
    source_bounds=np.array([0, 3, 5]),
    targets=np.array([8, 0, 9, 9, 9, 0], dtype=np.uint16),
    target_bounds=np.array([0, 2, 6]),
)


def test_padding_and_masks() -> None:
    batch = make_batch(PAIRS, np.array([1, 0]))
    assert batch.source.tolist() == [[7, 0, 0], [5, 6, 0]]
    assert batch.target.tolist() == [[9, 9, 9, 0], [8, 0, 0, 0]]
    assert batch.positions.tolist() == [0, 1, 2, 3, 4, 5]
    assert batch.source_mask is not None
    infinity = float("inf")
    assert batch.source_mask[:, 0, 0].tolist() == [[0, 0, -infinity], [0, 0, 0]]
    assert make_batch(PAIRS, np.array([0])).source_mask is None
    assert batch.labels is None


def test_shapes_that_repeat() -> None:
    batch = make_batch(PAIRS, np.array([1, 0]), Padding(source=4, target=5, rows=3, fixed=True))
    assert batch.source.tolist() == [[7, 0, 0, 0], [5, 6, 0, 0], [0, 0, 0, 0]]
    assert batch.target.tolist() == [[9, 9, 9, 0, 0], [8, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert batch.labels is not None and batch.source_mask is not None
    assert batch.labels.tolist() == [
        [9, 9, 9, 0, -100],
        [8, 0, -100, -100, -100],
        [-100] * 5,
    ]
    seen = (batch.source_mask[:, 0, 0] == 0).tolist()
    # The row that was added sees something, or its attention would be no number.
    assert seen == [[True, True, False, False], [True] * 3 + [False], [True] + [False] * 3]
    assert make_batch(PAIRS, np.array([0]), Padding(fixed=True)).source_mask is not None
