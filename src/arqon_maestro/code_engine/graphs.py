"""The same work on batches of the same shape, recorded once and replayed: CUDA graphs.

A small network's thousands of kernels take a GPU less time to run than Python to launch. A graph
launches them all at once, but only for the shapes and addresses that it was recorded with, so
batches are padded to few shapes (`batching.Padding`) and copied to where the graph reads.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from arqon_maestro.code_engine.network import Batch

MAX_GRAPHS = 400
"""Shapes that are recorded; batches of others run as they are. A graph of a network of 8 and 8
layers takes some megabytes."""

Compute = Callable[[Batch, Tensor], Tensor]
Record = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]


@dataclass(frozen=True)
class _Recorded:
    batch: Batch
    scale: Tensor
    replay: Callable[[], Tensor]


class Replayer:
    """Runs `compute`, and replays it where a shape comes again.

    Args:
        compute: takes a batch of fixed shape and a scalar, both on the device; returns a scalar.
            Whatever else it reads or writes stays where it is.
        record: makes a replayable function of one that takes nothing; it need not run it.
        limit: most shapes that are recorded.
    """

    def __init__(self, compute: Compute, record: Record, limit: int = MAX_GRAPHS) -> None:
        self._compute = compute
        self._record = record
        self._limit = limit
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._recorded: dict[tuple[int, ...], _Recorded] = {}

    def __len__(self) -> int:
        """Returns the number of shapes that are recorded."""
        return len(self._recorded)

    def __call__(self, batch: Batch, scale: Tensor) -> Tensor:
        """Computes a batch that lies on the host or on the device of `scale`."""
        shape = (*batch.source.shape, *batch.target.shape)
        found = self._recorded.get(shape)
        if found is None:
            self._seen[shape] += 1
            # The first time warms up what must not happen during a recording.
            if self._seen[shape] == 1 or len(self._recorded) >= self._limit:
                return self._compute(batch.to(scale.device), scale)
            found = self._record_shape(batch, scale)
            self._recorded[shape] = found
        else:
            found.batch.copy_(batch)
            found.scale.copy_(scale)
        return found.replay().clone()

    def _record_shape(self, batch: Batch, scale: Tensor) -> _Recorded:
        fixed, factor = batch.clone(scale.device), scale.clone()
        return _Recorded(fixed, factor, self._record(lambda: self._compute(fixed, factor)))


class GraphRecorder:
    """Records work on the current stream as CUDA graphs that share their scratch memory.

    They can: every graph's results are copied before the next is replayed.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """Returns a function that replays `work`, which must not wait for the device."""
        graph = torch.cuda.CUDAGraph()
        # A collection in between might free what is in use on the device, which fails a recording.
        collecting = gc.isenabled()
        gc.disable()
        # Other threads pin memory meanwhile; they may.
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            result = work()
        finally:
            graph.capture_end()
            if collecting:
                gc.enable()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay
