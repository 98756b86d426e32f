"""Levenshtein distance between sequences: word and phone error rates."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def edit_distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """Returns the least number of insertions, deletions and substitutions between the two."""
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (expected != found))
            diagonal, row[j] = row[j], cost
    return row[-1]
