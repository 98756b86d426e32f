"""A transducer as flat arrays, and what is done with one as a whole.

S: states. A: arcs. The arcs of state s are `offsets[s]` to `offsets[s + 1]`. Label 0 is epsilon.
Weights are costs, natural logarithms with the sign changed; infinity is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPSILON = 0
#: What is worked out about states or arcs is worked out for so many at a time: it takes little
#: memory then, and stays in the processor's cache.
STATES_AT_ONCE, ARCS_AT_ONCE = 1 << 15, 1 << 17
NOT_FINAL = np.float32(np.inf)

Labels = NDArray[np.int32]
Costs = NDArray[np.float32]
Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fst:
    """A weighted transducer.

    Attributes:
        start: the start state; -1 in one without states.
        finals: `(S,)` cost of ending in each state, `NOT_FINAL` where it cannot.
        offsets: `(S + 1,)` first arc of each state.
        ilabels: `(A,)` input labels.
        olabels: `(A,)` output labels.
        weights: `(A,)` costs.
        targets: `(A,)` state that each arc leads to.
    """

    start: int
    finals: Costs
    offsets: Positions
    ilabels: Labels
    olabels: Labels
    weights: Costs
    targets: Labels

    @classmethod
    def of(
        cls,
        start: int,
        finals: Costs,
        sources: NDArray[np.integer],
        ilabels: NDArray[np.integer],
        olabels: NDArray[np.integer],
        weights: NDArray[np.floating],
        targets: NDArray[np.integer],
    ) -> Fst:
        """Builds one of arcs in any order, `(A,)` each; arcs of a state keep their order."""
        counts = np.bincount(sources, minlength=finals.size)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        if (sources[1:] < sources[:-1]).any():
            order = np.argsort(sources, kind="stable")
            ilabels, olabels, targets = ilabels[order], olabels[order], targets[order]
            weights = weights[order]
        return cls(
            start,
            np.asarray(finals, np.float32),
            offsets,
            np.asarray(ilabels, np.int32),
            np.asarray(olabels, np.int32),
            np.asarray(weights, np.float32),
            np.asarray(targets, np.int32),
        )

    @classmethod
    def empty(cls) -> Fst:
        """Returns a transducer without states, which accepts nothing."""
        none = np.zeros(0, np.int32)
        costs = np.zeros(0, np.float32)
        return cls(-1, costs, np.zeros(1, np.int64), none, none, costs, none)

    @property
    def num_states(self) -> int:
        return self.finals.size

    @property
    def num_arcs(self) -> int:
        return self.targets.size

    @cached_property
    def sources(self) -> Labels:
        """State that each arc leaves, `(A,)`."""
        return np.repeat(np.arange(self.num_states, dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def is_final(self) -> Flags:
        """Whether one may end in each state, `(S,)`."""
        return np.isfinite(self.finals)

    def with_arcs(self, order: NDArray[np.integer]) -> Fst:
        """Returns the arcs in another order, that keeps each with its state."""
        return replace(
            self,
            ilabels=self.ilabels[order],
            olabels=self.olabels[order],
            weights=self.weights[order],
            targets=self.targets[order],
        )

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yields some states and the arcs that leave them, then the next."""
        for first in range(0, self.num_states, STATES_AT_ONCE):
            stop = min(first + STATES_AT_ONCE, self.num_states)
            yield slice(first, stop), slice(int(self.offsets[first]), int(self.offsets[stop]))

    def summed(self, values: NDArray[Any], states: slice) -> NDArray[Any]:
        """Returns the sum of the values of each state's arcs; 0 without arcs.

        Args:
            values: one for each arc that leaves the states.
            states: some states of a block.
        """
        offsets = self.offsets[states.start : states.stop + 1] - self.offsets[states.start]
        has_arcs = np.flatnonzero(np.diff(offsets))
        sums = np.zeros(states.stop - states.start, values.dtype)
        if has_arcs.size:
            sums[has_arcs] = np.add.reduceat(values, offsets[has_arcs])
        return sums

    def sorted_by_input(self) -> Fst:
        """Returns it with each state's arcs sorted by input label, then output label."""
        return self._sorted(self.olabels, self.ilabels)

    def sorted_by_output(self) -> Fst:
        """Returns it with each state's arcs sorted by output label, then input label."""
        return self._sorted(self.ilabels, self.olabels)

    def _sorted(self, *keys: Labels) -> Fst:
        order = np.empty(self.num_arcs, np.int32)
        for states, arcs in self.blocks():
            owners = np.repeat(
                np.arange(states.stop - states.start),
                np.diff(self.offsets[states.start : states.stop + 1]),
            )
            order[arcs] = np.lexsort((*(key[arcs] for key in keys), owners))
            order[arcs] += arcs.start
        return self.with_arcs(order)

    def renumbered(self, numbers: Labels) -> Fst:
        """Returns the states in another order.

        Args:
            numbers: `(S,)` new number of each.
        """
        order = np.empty_like(numbers)
        order[numbers] = np.arange(numbers.size, dtype=np.int32)
        counts = np.diff(self.offsets)[order]
        arcs = spans(self.offsets[order], counts)
        return Fst(
            int(numbers[self.start]),
            self.finals[order],
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            self.ilabels[arcs],
            self.olabels[arcs],
            self.weights[arcs],
            numbers[self.targets[arcs]],
        )

    def kept_arcs(self, keep: Flags) -> Fst:
        """Returns it with only some arcs, `(A,)`."""
        counts = np.add.reduceat(np.append(keep, False).astype(np.int64), self.offsets[:-1])
        counts[np.diff(self.offsets) == 0] = 0
        return Fst(
            self.start,
            self.finals,
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            self.ilabels[keep],
            self.olabels[keep],
            self.weights[keep],
            self.targets[keep],
        )

    def connected(self) -> Fst:
        """Returns it without states that no path from the start to an end goes through."""
        return self.with_states(self.useful()) if self.start >= 0 else self

    def accessible(self) -> Fst:
        """Returns it without states that no path from the start leads to."""
        if self.start < 0:
            return Fst.empty()
        return self.with_states(reached(self.offsets, self.targets, np.array([self.start])))

    def useful(self) -> Flags:
        """Which states are on a path from the start to an end, `(S,)`."""
        flags = reached(self.offsets, self.targets, np.array([self.start]))
        flags &= self._ending()
        return flags

    def with_states(self, useful: Flags) -> Fst:
        """Returns it with only some states, `(S,)`; empty without its start."""
        if not useful[self.start]:
            return Fst.empty()
        if useful.all():
            return self
        numbers = np.cumsum(useful, dtype=np.int32) - 1
        whole = self.kept_arcs(useful[self.sources] & useful[self.targets])
        return Fst(
            int(numbers[self.start]),
            whole.finals[useful],
            np.append(whole.offsets[:-1][useful], whole.offsets[-1]),
            whole.ilabels,
            whole.olabels,
            whole.weights,
            numbers[whole.targets],
        )

    def _ending(self) -> Flags:
        """Which states an end can be reached from, `(S,)`."""
        order = np.argsort(self.targets, kind="stable")
        counts = np.bincount(self.targets, minlength=self.num_states)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return reached(offsets, self.sources[order], np.flatnonzero(self.is_final))


def spans(starts: Positions, counts: Positions) -> Positions:
    """Returns the numbers of several ranges one after the other.

    Args:
        starts: `(n,)` first number of each.
        counts: `(n,)` how many numbers each has.
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    numbers: Positions = np.repeat(starts - (ends - counts), counts)
    numbers += np.arange(total, dtype=np.int64)
    return numbers


def reached(offsets: Positions, targets: Labels, roots: NDArray[np.integer]) -> Flags:
    """Returns which states can be reached from `roots`, `(S,)`, in waves over flat arcs."""
    seen = np.zeros(offsets.size - 1, np.bool_)
    seen[roots] = True
    finder = np.empty(offsets.size - 1, np.int32)
    wave = np.asarray(roots, np.int64)
    while wave.size:
        arcs = spans(offsets[wave], offsets[wave + 1] - offsets[wave])
        found = targets[arcs]
        found = found[~seen[found]]
        # Of arcs to the same state, the last one to write its number counts.
        order = np.arange(found.size, dtype=np.int32)
        finder[found] = order
        wave = found[finder[found] == order].astype(np.int64)
        seen[wave] = True
    return seen
