"""Batches of pairs of like length: little padding, the same for the same seed and epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.network import IGNORED, Batch
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
    mixed = np.empty(pairs, dtype=np.int32)
    mixed[generator.permutation(np.arange(pairs, dtype=np.int32))] = np.arange(pairs)
    order = mixed[np.argsort(_length_keys(source_lengths, target_lengths)[mixed], kind="stable")]
    cuts = _cut(source_lengths[order], target_lengths[order], batch_tokens)
    shuffled = generator.permutation(len(cuts) - 1)
    starts, sizes = cuts[:-1], np.diff(cuts)
    bounds = np.concatenate([[0], np.cumsum(sizes[shuffled])]).astype(np.int64)
    # Position i of the new order comes from the start of its batch in the sorted order.
    places = np.repeat(starts[shuffled] - bounds[:-1], sizes[shuffled])
    places += np.arange(pairs)
    return BatchPlan(order[places].astype(np.int64), bounds)


def _length_keys(
    sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """Returns numbers in the order of the longer side, then of the shorter, in coarse steps."""
    longer = (np.maximum(sources, targets) // LENGTH_STEP).astype(np.uint32)
    shorter = (np.minimum(sources, targets) // LENGTH_STEP).astype(np.uint32)
    keys: NDArray[Any] = longer * (shorter.max(initial=0) + 1) + shorter
    # numpy sorts numbers of 16 bits by radix, in a tenth of the time.
    small = keys.max(initial=0) <= np.iinfo(np.uint16).max
    return keys.astype(np.uint16 if small else np.uint32)


def _cut(
    sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]], batch_tokens: int
) -> NDArray[np.int64]:
    """Returns the bounds of greedy batches of adjacent pairs."""
    cuts = [0]
    start, pairs = 0, len(sources)
    while start < pairs:
        # No batch has more rows than it would if its first pair were its longest.
        most = max(1, batch_tokens // int(sources[start] + targets[start]))
        window = slice(start, start + most)
        longest = np.maximum.accumulate(sources[window]) + np.maximum.accumulate(targets[window])
        fits = longest * np.arange(1, len(longest) + 1) <= batch_tokens
        # Sizes only grow, and a pair that is too long alone is a batch of its own.
        start += max(1, int(np.count_nonzero(fits)))
        cuts.append(start)
    return np.array(cuts, dtype=np.int64)


@dataclass(frozen=True)
class Padding:
    """What the sizes of batches are rounded up to, so that their shapes repeat.

    Attributes:
        source: source lengths become multiples of this.
        target: target lengths, likewise.
        rows: numbers of rows; rows that are added count for nothing.
        fixed: everything about batches of a shape has the same shape.
    """

    source: int = 1
    target: int = 1
    rows: int = 1
    fixed: bool = False


EXACT = Padding()


def make_batch(pairs: PairArrays, indices: NDArray[np.int64], padding: Padding = EXACT) -> Batch:
    """Pads the pairs at `indices` into one batch."""
    rows = _round_up(len(indices), padding.rows)
    source, source_lengths = _pad(pairs.sources, pairs.source_bounds, indices, rows, padding.source)
    target, target_lengths = _pad(pairs.targets, pairs.target_bounds, indices, rows, padding.target)
    # Attention to nothing has no value: a row that is added is a source of one `EOS`.
    source_lengths[len(indices) :] = 1
    mask = None
    if padding.fixed or (source_lengths < source.shape[1]).any():
        padded = np.arange(source.shape[1]) >= source_lengths[:, None]
        mask = torch.from_numpy(np.where(padded, -np.inf, 0.0).astype(np.float32))[:, None, None]
    real = np.arange(target.shape[1]) < target_lengths[:, None]
    labels = torch.from_numpy(np.where(real, target, IGNORED)) if padding.fixed else None
    return Batch(
        source=torch.from_numpy(source),
        source_mask=mask,
        target=torch.from_numpy(target),
        positions=torch.from_numpy(np.flatnonzero(real)),
        labels=labels,
    )


def _pad(
    tokens: NDArray[Any],
    bounds: NDArray[np.int64],
    indices: NDArray[np.int64],
    rows: int,
    multiple: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gathers rows of `tokens`, padded with `EOS`; returns them (rows, length) with their lengths.

    Rows beyond `indices` are empty.
    """
    lengths = np.zeros(rows, dtype=np.int64)
    lengths[: len(indices)] = bounds[indices + 1] - bounds[indices]
    padded = np.full((rows, _round_up(int(lengths.max()), multiple)), EOS, dtype=np.int64)
    real = np.arange(padded.shape[1]) < lengths[:, None]
    places = np.arange(padded.shape[1]) + bounds[indices][:, None]
    padded[real] = tokens[places[real[: len(indices)]]]
    return padded, lengths


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
