"""Edits: what is cut out of a node, and what takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Break:
    """A line break in a target, with the width of the new line's indentation in blanks."""

    width: int


Output = str | Break
by_place = itemgetter(0, 1)  # the order of edits


class Edit(NamedTuple):
    """The units from `start` to `stop` are replaced by `output` in the target."""

    start: int
    stop: int
    output: tuple[Output, ...] = ()
