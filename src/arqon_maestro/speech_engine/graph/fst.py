"""A transducer as flat arrays, and what is done with one as a whole.

S: states. A: arcs. The arcs of state s are `offsets[s]` to `offsets[s + 1]`. Label 0 is epsilon.
Weights are costs, natural logarithms with the sign changed; infinity is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

EPSILON = 0
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

    def sorted_by_input(self) -> Fst:
        """Returns it with each state's arcs sorted by input label, then output label."""
        return self.with_arcs(np.lexsort((self.olabels, self.ilabels, self.sources)))

    def sorted_by_output(self) -> Fst:
        """Returns it with each state's arcs sorted by output label, then input label."""
        return self.with_arcs(np.lexsort((self.ilabels, self.olabels, self.sources)))

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
        if self.start < 0:
            return Fst.empty()
        useful = reached(self.offsets, self.targets, np.array([self.start]))
        useful &= self._ending()
        return self._with_states(useful) if useful[self.start] else Fst.empty()

    def accessible(self) -> Fst:
        """Returns it without states that no path from the start leads to."""
        if self.start < 0:
            return Fst.empty()
        return self._with_states(reached(self.offsets, self.targets, np.array([self.start])))

    def _with_states(self, useful: Flags) -> Fst:
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
