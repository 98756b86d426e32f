"""The batches of a training in their order, from any position on, made ahead where that helps."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.batching import EXACT, BatchPlan, Padding, make_batch, plan_batches
from arqon_maestro.code_engine.network import Batch
from arqon_maestro.code_engine.recipe import TrainingRecipe
from arqon_maestro.executors.processes import ALONE, Group

T = TypeVar("T")
_POLL_S = 0.1


@dataclass(frozen=True)
class Fed:
    """A batch and where it stands.

    Attributes:
        batch: this process' share of the batch; None if it has no row of it.
        words: target tokens of the whole batch, all processes together.
        epoch: the pass over the data, from 0.
        position: the batch's place in the pass, from 0.
    """

    batch: Batch | None
    words: int
    epoch: int
    position: int


def plan_epoch(pairs: PairArrays, recipe: TrainingRecipe, epoch: int) -> BatchPlan:
    """Returns the batches of one pass over the data."""
    source_lengths = pairs.source_bounds[1:] - pairs.source_bounds[:-1]
    target_lengths = pairs.target_bounds[1:] - pairs.target_bounds[:-1]
    return plan_batches(source_lengths, target_lengths, recipe.batch_tokens, recipe.seed, epoch)


def feed_epoch(
    pairs: PairArrays,
    recipe: TrainingRecipe,
    epoch: int,
    position: int = 0,
    group: Group = ALONE,
    padding: Padding = EXACT,
) -> Iterator[Fed]:
    """Yields the batches of one pass, from `position` on."""
    plan = plan_epoch(pairs, recipe, epoch)
    for place in range(position, len(plan)):
        indices = plan[place]
        words = int((pairs.target_bounds[indices + 1] - pairs.target_bounds[indices]).sum())
        mine = indices[group.rank :: group.processes]
        batch = make_batch(pairs, mine, padding) if len(mine) else None
        yield Fed(batch, words, epoch, place)


def feed(
    pairs: PairArrays,
    recipe: TrainingRecipe,
    epoch: int,
    position: int,
    group: Group = ALONE,
    padding: Padding = EXACT,
    *,
    pinned: bool = False,
) -> Iterator[Fed]:
    """Yields batches without end, pass after pass.

    Args:
        pairs: the data.
        recipe: size of the batches and seed.
        epoch: pass to begin with.
        position: batches of that pass to leave out.
        group: the processes that share the rows of every batch.
        padding: what batches are rounded up to.
        pinned: keep them where a GPU can fetch them by itself.
    """
    while True:
        for fed in feed_epoch(pairs, recipe, epoch, position, group, padding):
            if pinned and fed.batch is not None:
                fed = Fed(fed.batch.pin(), fed.words, fed.epoch, fed.position)
            yield fed
        epoch, position = epoch + 1, 0


@contextmanager
def read_ahead(items: Iterator[T], count: int) -> Iterator[Iterator[T]]:
    """Makes up to `count` items ahead in a thread of their own; 0 makes each when it is asked for.

    An error of `items` is raised where the item would have come.
    """
    if not count:
        yield items
        return
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(count)
    done = threading.Event()

    def put(item: T | None, error: BaseException | None) -> None:
        while not done.is_set():
            try:
                ready.put((item, error), timeout=_POLL_S)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put(item, None)
                if done.is_set():
                    return
            put(None, StopIteration())
        except BaseException as error:
            put(None, error)

    def taken() -> Iterator[T]:
        while True:
            item, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        done.set()
        thread.join()
