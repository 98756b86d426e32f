"""Unknown replacement of whole blocks: what `UnknownReplacer` does, for millions of pairs.

The placeholders of a pair depend on the seed and on the pair's number alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.code_engine.blocks import Rows, TokenisedPairs
from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS, DropReason, is_placeholder

_UNKNOWN = -1

# SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = np.uint64(31)


@dataclass(frozen=True)
class EncodedPairs:
    """The pairs of a block that are left.

    Attributes:
        sources: numbers of their tokens, indices of `BlockReplacer.tokens`.
        targets: the same of the targets.
        dropped: reason → pairs left out.
    """

    sources: Rows
    targets: Rows
    dropped: dict[DropReason, int]


class BlockReplacer:
    """Replaces tokens outside a lexicon by ``UNK0`` … ``UNK19``.

    Args:
        lexicon: known tokens. Placeholders among them are ignored.
        seed: decides which placeholders.

    Attributes:
        tokens: all tokens that are left: the lexicon, the empty token, the placeholders.
    """

    def __init__(self, lexicon: Sequence[str], seed: int) -> None:
        known = dict.fromkeys(token for token in lexicon if not is_placeholder(token))
        known[""] = None
        self._ids = {token: number for number, token in enumerate(known)}
        self._first_placeholder = len(known)
        self._seed = np.uint64(seed % (1 << 64))
        self.tokens = [*known, *(f"UNK{number}" for number in range(MAX_UNKNOWNS))]

    def encode(self, pairs: TokenisedPairs) -> EncodedPairs:
        """Replaces the unknown tokens of pairs, and drops the pairs that cannot be used."""
        ids = np.array([self._ids.get(token, _UNKNOWN) for token in pairs.dictionary], np.int32)
        sources, targets = ids[pairs.sources.values], ids[pairs.targets.values]
        places = np.flatnonzero(sources == _UNKNOWN)
        target_places = np.flatnonzero(targets == _UNKNOWN)
        kept = np.ones(len(pairs.sources), dtype=bool)
        dropped: dict[DropReason, int] = {}
        if len(places) or len(target_places):
            size = len(pairs.dictionary)
            rows = pairs.sources.rows_of(places)
            # One number for each token of each line; a placeholder for each of those numbers.
            distinct, appearance, numbers = np.unique(
                rows * size + pairs.sources.values[places], return_index=True, return_inverse=True
            )
            distinct_rows = distinct // size
            unknowns = np.bincount(distinct_rows, minlength=len(kept))
            chosen = self._draw(pairs.first, distinct_rows, appearance, unknowns)
            sources[places] = self._first_placeholder + chosen[numbers]
            target_rows = pairs.targets.rows_of(target_places)
            wanted = target_rows * size + pairs.targets.values[target_places]
            found = np.searchsorted(distinct, wanted)
            said = np.zeros(len(wanted), dtype=bool)
            inside = found < len(distinct)
            said[inside] = distinct[found[inside]] == wanted[inside]
            targets[target_places[said]] = self._first_placeholder + chosen[found[said]]
            too_many = unknowns > MAX_UNKNOWNS
            unsaid = np.zeros(len(kept), dtype=bool)
            unsaid[target_rows[~said]] = True
            unsaid &= ~too_many
            kept = ~(too_many | unsaid)
            for reason, lost in (
                (DropReason.TOO_MANY_UNKNOWNS, too_many),
                (DropReason.TARGET_UNKNOWN, unsaid),
            ):
                if lost.any():
                    dropped[reason] = int(np.count_nonzero(lost))
        return EncodedPairs(
            Rows(sources, pairs.sources.bounds).select(kept),
            Rows(targets, pairs.targets.bounds).select(kept),
            dropped,
        )

    def _draw(
        self,
        first: int,
        rows: NDArray[np.int64],
        appearance: NDArray[np.int64],
        unknowns: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Returns a placeholder's number for each distinct unknown token of each line.

        Args:
            first: number of the first line.
            rows: (U,) the tokens' lines, counted from `first`.
            appearance: (U,) in which order they appear.
            unknowns: (lines,) how many each line has. What is given to lines that have too many
                has no meaning.
        """
        lines = np.flatnonzero(unknowns)
        counts = unknowns[lines]
        ids = np.tile(np.arange(MAX_UNKNOWNS, dtype=np.int64), (len(lines), 1))
        # The first steps of a Fisher-Yates shuffle of 0 … 19, for all lines at once.
        for step in range(min(MAX_UNKNOWNS, int(counts.max(initial=0)))):
            active = np.flatnonzero(counts > step)
            others = step + self._random(first + lines[active], step, MAX_UNKNOWNS - step)
            mine = ids[active, step]
            ids[active, step] = ids[active, others]
            ids[active, others] = mine
        ranks = np.empty(len(rows), dtype=np.int64)
        order = np.argsort(appearance, kind="stable")
        starts = np.cumsum(unknowns) - unknowns
        ranks[order] = np.arange(len(rows)) - starts[rows[order]]
        return ids[np.searchsorted(lines, rows), np.minimum(ranks, MAX_UNKNOWNS - 1)]

    def _random(self, lines: NDArray[np.int64], step: int, below: int) -> NDArray[np.int64]:
        """Returns a number from 0 to below - 1 for each line."""
        state = lines.astype(np.uint64) * np.uint64(MAX_UNKNOWNS) + np.uint64(step + 1)
        state = self._seed + state * _STEP
        for shift, factor in _MIXING:
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
        state ^= state >> _LAST_SHIFT
        return (state % np.uint64(below)).astype(np.int64)
