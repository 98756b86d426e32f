"""Puts arcs together, counted first, so that none is held more often than it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.graph.fst import ARCS_AT_ONCE, Costs, Flags, Fst, Labels


@dataclass(frozen=True, eq=False)
class Arcs:
    """Some arcs, by the states that they leave, ascending; `(arcs,)` each."""

    sources: Labels
    ilabels: Labels
    olabels: Labels
    weights: Costs
    targets: Labels
    keep: Flags | None = None


def joined(start: int, finals: Costs, parts: Sequence[Arcs]) -> Fst:
    """Builds a transducer of several lots of arcs; of each state, those of the first come first.

    Args:
        start: the start state.
        finals: `(S,)` costs of ending.
        parts: the arcs; where `keep` is given, those that are true there.
    """
    counts = [
        np.bincount(
            part.sources if part.keep is None else part.sources[part.keep], minlength=finals.size
        ).astype(np.int32)
        for part in parts
    ]
    offsets = np.zeros(finals.size + 1, np.int64)
    for count in counts:
        offsets[1:] += count
    np.cumsum(offsets, out=offsets)
    ilabels, olabels, targets = (np.empty(offsets[-1], np.int32) for _ in range(3))
    weights = np.empty(offsets[-1], np.float32)
    free = offsets[:-1].copy()
    for part, count in zip(parts, counts, strict=True):
        # From the number of an arc in its part to its place among all.
        shifts = free - (np.cumsum(count) - count)
        done = 0
        for first in range(0, part.sources.size, ARCS_AT_ONCE):
            rows = slice(first, first + ARCS_AT_ONCE)
            kept = slice(None) if part.keep is None else part.keep[rows]
            sources = part.sources[rows][kept]
            places = shifts[sources]
            places += np.arange(done, done + sources.size)
            done += sources.size
            ilabels[places] = part.ilabels[rows][kept]
            olabels[places] = part.olabels[rows][kept]
            weights[places] = part.weights[rows][kept]
            targets[places] = part.targets[rows][kept]
        free += count
    return Fst(start, finals, offsets, ilabels, olabels, weights, targets)


def put_together(parts: list[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
    """Returns the columns of several parts, each as one array; empties the list on the way."""
    columns = [list(column) for column in zip(*parts, strict=True)]
    parts.clear()
    whole = []
    for column in columns:
        whole.append(np.concatenate(column))
        column.clear()
    return whole
