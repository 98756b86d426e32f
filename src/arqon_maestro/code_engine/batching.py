"""Batches of pairs of like length: little padding, the same for the same seed and epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.network import Batch
from arqon_maestro.code_engine.vocabulary import EOS
from arqon_maestro.corpusgen.choices import seed_of

# Pairs whose lengths differ by less than this are mixed, so that batches differ between epochs.
LENGTH_STEP = 4


@dataclass(frozen=True)
class BatchPlan:
    """Which pairs form which batch, in the order of training.

    Attributes:
        order: indices of pairs, batch after batch.
        bounds: (batches + 1,) where each batch starts in `order`.
    """

    order: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, position: int) -> NDArray[np.int64]:
        """Returns the pairs of the batch at `position`."""
        return self.order[self.bounds[position] : self.bounds[position + 1]]


def plan_batches(
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    batch_tokens: int,
    seed: int,
    epoch: int,
) -> BatchPlan:
    """Groups pairs of like length and shuffles the groups.

    Args:
        source_lengths: tokens of every source, `EOS` included.
        target_lengths: the same of the targets.
        batch_tokens: limit of rows x (longest source + longest target) of a batch; a pair that
            alone exceeds it is a batch of its own.
        seed: seed of the training.
        epoch: number of the pass over the data; every pass has other batches.
    """
    pairs = len(source_lengths)
    generator = np.random.Generator(np.random.PCG64(seed_of(seed, "batches", epoch)))
    tie_breaker = generator.permutation(pairs)
    longer = np.maximum(source_lengths, target_lengths) // LENGTH_STEP
    shorter = np.minimum(source_lengths, target_lengths) // LENGTH_STEP
    order = np.lexsort((tie_breaker, shorter, longer)).astype(np.int64)
    cuts = _cut(source_lengths[order].tolist(), target_lengths[order].tolist(), batch_tokens)
    shuffled = generator.permutation(len(cuts) - 1)
    starts, sizes = cuts[:-1], np.diff(cuts)
    bounds = np.concatenate([[0], np.cumsum(sizes[shuffled])]).astype(np.int64)
    # Position i of the new order comes from the start of its batch in the sorted order.
    offsets = np.repeat(starts[shuffled] - bounds[:-1], sizes[shuffled])
    return BatchPlan(order[np.arange(pairs, dtype=np.int64) + offsets], bounds)


def _cut(sources: list[int], targets: list[int], batch_tokens: int) -> NDArray[np.int64]:
    """Returns the bounds of greedy batches of adjacent pairs."""
    cuts = [0]
    longest_source = longest_target = 0
    for index, (source, target) in enumerate(zip(sources, targets, strict=True)):
        longest_source = max(longest_source, source)
        longest_target = max(longest_target, target)
        rows = index + 1 - cuts[-1]
        if rows > 1 and rows * (longest_source + longest_target) > batch_tokens:
            cuts.append(index)
            longest_source, longest_target = source, target
    if sources:
        cuts.append(len(sources))
    return np.array(cuts, dtype=np.int64)


def make_batch(pairs: PairArrays, indices: NDArray[np.int64]) -> Batch:
    """Pads the pairs at `indices` into one batch."""
    source, source_lengths = _pad(pairs.sources, pairs.source_bounds, indices)
    target, target_lengths = _pad(pairs.targets, pairs.target_bounds, indices)
    mask = None
    if (source_lengths < source.shape[1]).any():
        padding = np.arange(source.shape[1]) >= source_lengths[:, None]
        mask = torch.from_numpy(np.where(padding, -np.inf, 0.0).astype(np.float32))[:, None, None]
    real = np.arange(target.shape[1]) < target_lengths[:, None]
    return Batch(
        source=torch.from_numpy(source),
        source_mask=mask,
        target=torch.from_numpy(target),
        positions=torch.from_numpy(np.flatnonzero(real)),
    )


def _pad(
    tokens: NDArray[Any], bounds: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gathers rows of `tokens`, padded with `EOS`; returns them with their lengths."""
    lengths = bounds[indices + 1] - bounds[indices]
    padded = np.full((len(indices), int(lengths.max())), EOS, dtype=np.int64)
    for row, (index, length) in enumerate(zip(indices.tolist(), lengths.tolist(), strict=True)):
        padded[row, :length] = tokens[bounds[index] : bounds[index] + length]
    return padded, lengths
