"""Where the brackets of a file close (corpusgen.md, section 3.7)."""

from __future__ import annotations

import re
from bisect import bisect_left

from arqon_maestro.corpusgen.tokens import LINE_BREAKS

_BRACKETS = re.compile(rf"[(){{}}\[\]<>{LINE_BREAKS}]")
_LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")
_OPENERS = {")": "(", "]": "[", "}": "{", ">": "<"}


class Brackets:
    """Finds closers over a file's `TokenStream.shape`.

    Brackets are matched by counting their own kind alone. ``<`` is a bracket only if it closes on
    its line: over lines it is nearly always a comparison.
    """

    def __init__(self, shape: str) -> None:
        self._shape = shape
        self._closers: dict[int, int] | None = None
        self._breaks: list[int] | None = None

    def line_end(self, start: int, stop: int) -> int:
        """Returns the first line break from `start` on, at most `stop`."""
        # Looked up rather than searched for: a line may be as long as the file, and every other
        # unit of it a quote.
        if self._breaks is None:
            self._breaks = [found.start() for found in _LINE_BREAK.finditer(self._shape)]
        place = bisect_left(self._breaks, start)
        return min(self._breaks[place], stop) if place < len(self._breaks) else stop

    def closer(self, opener: str, closer: str, start: int, stop: int, lines: bool) -> int | None:
        """Returns where the enclosure that opens at `start` closes, before `stop`.

        Args:
            opener: the opening symbols, which are at `start`.
            closer: the closing symbols.
            start: index of the opener's first unit.
            stop: end of the range.
            lines: whether the closer may be on a later line.

        Returns:
            Index of the closer's first unit, or None.
        """
        if opener != closer:
            index = self._pairs().get(start)
            return index if index is not None and index < stop else None
        after = start + len(opener)
        end = stop if lines else self.line_end(after, stop)
        index = self._shape.find(closer, after, end)
        return index if index >= 0 else None

    def _pairs(self) -> dict[int, int]:
        if self._closers is None:
            self._closers = closers = {}
            open_: dict[str, list[int]] = {opener: [] for opener in _OPENERS.values()}
            for found in _BRACKETS.finditer(self._shape):
                bracket = found[0]
                if bracket in open_:
                    open_[bracket].append(found.start())
                elif bracket in _OPENERS:
                    waiting = open_[_OPENERS[bracket]]
                    if waiting:
                        closers[waiting.pop()] = found.start()
                else:
                    open_["<"].clear()
        return self._closers
