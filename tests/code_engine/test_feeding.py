"""Batches come in the order of the plan, from any place on, in shares that make the whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.feeding import feed, feed_epoch, plan_epoch, read_ahead
from arqon_maestro.executors.processes import Group

from .conftest import TRAINING

RECIPE = TRAINING.model_copy(update={"batch_tokens": 60})


def make_pairs(pairs: int = 40, seed: int = 0) -> PairArrays:
    generator = np.random.default_rng(seed)

    def side() -> tuple[np.ndarray, np.ndarray]:
        lengths = generator.integers(1, 12, pairs)
        rows = [np.append(generator.integers(2, 30, length), 0) for length in lengths]
        bounds = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        return np.concatenate(rows).astype(np.uint16), bounds.astype(np.int64)

    return PairArrays(*side(), *side())


def test_it_goes_on_in_the_next_epoch_and_from_the_middle() -> None:
    pairs = make_pairs()
    batches = len(plan_epoch(pairs, RECIPE, 0))
    assert batches > 5
    places = [(fed.epoch, fed.position) for fed in islice(feed(pairs, RECIPE, 0, 3), batches)]
    assert places == [*((0, place) for place in range(3, batches)), (1, 0), (1, 1), (1, 2)]
    after_the_last = next(feed(pairs, RECIPE, 0, batches))
    first = next(feed(pairs, RECIPE, 1, 0))
    assert (after_the_last.epoch, after_the_last.position) == (1, 0)
    assert after_the_last.batch is not None and first.batch is not None
    assert after_the_last.batch.source.tolist() == first.batch.source.tolist()


@pytest.mark.parametrize("processes", [2, 3, 50])
def test_shares_make_the_whole(processes: int) -> None:
    pairs = make_pairs()
    whole = list(feed_epoch(pairs, RECIPE, 0))
    shares = [
        list(feed_epoch(pairs, RECIPE, 0, group=Group(rank, processes)))
        for rank in range(processes)
    ]
    for position, fed in enumerate(whole):
        assert fed.batch is not None
        parts = [share[position] for share in shares]
        assert {part.words for part in parts} == {fed.words}
        assert fed.words == len(fed.batch.positions)
        assert sum(len(part.batch.positions) for part in parts if part.batch) == fed.words
        lines = [row for part in parts if part.batch for row in part.batch.source.tolist()]
        assert len(lines) == len(fed.batch.source)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_reading_ahead_keeps_the_order(count: int) -> None:
    with read_ahead(iter(range(20)), count) as ready:
        assert list(ready) == list(range(20))


def test_an_error_comes_where_the_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with read_ahead(items(), 3) as ready:
        assert next(ready) == 1
        with pytest.raises(ValueError, match="no more"):
            next(ready)


def test_what_is_read_ahead_can_be_left() -> None:
    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    before = threading.active_count()
    with read_ahead(endless(), 2) as ready:
        assert next(ready) == 0
    assert threading.active_count() == before
