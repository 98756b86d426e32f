"""Ranges of units: what blanks lie at their ends."""

from __future__ import annotations

from arqon_maestro.corpusgen.tokens import LINE_BREAKS, SPACE

Range = tuple[int, int]

BLANKS = SPACE + LINE_BREAKS


def ends_line(shape: str, unit: int) -> bool:
    """Returns whether a line ends before `unit`."""
    return unit >= len(shape) or shape[unit] in LINE_BREAKS


def trimmed(shape: str, start: int, stop: int) -> Range:
    """Returns the range without the blanks and line breaks at its ends."""
    while stop > start and shape[stop - 1] in BLANKS:
        stop -= 1
    while start < stop and shape[start] in BLANKS:
        start += 1
    return start, stop


def blanks_before(shape: str, unit: int, low: int, blanks: str = BLANKS) -> int:
    """Returns where the blanks that end before `unit` start, not before `low`."""
    while unit > low and shape[unit - 1] in blanks:
        unit -= 1
    return unit


def blanks_after(shape: str, unit: int, high: int) -> int:
    """Returns where the blanks that start at `unit` end, not behind `high`."""
    while unit < high and shape[unit] in BLANKS:
        unit += 1
    return unit


def without_semicolon(shape: str, start: int, stop: int) -> int:
    """Returns where a range ends without a semicolon at its end and the blanks before that."""
    if shape[stop - 1] == ";" and stop - start > 1:
        return blanks_before(shape, stop - 1, start)
    return stop
