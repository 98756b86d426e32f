"""What was typed between two texts, and where the caret is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from arqon_maestro.corpusgen.normalise import normalise

CARET_MARK = "<>"

# What an added node may take the place of.
_PLACEHOLDERS = ("", "pass")
# The same edit can often be read as starting further left ("a, [b, ]c" or "a[, b], c").
_MOST_SHIFTS = 200


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that was put in.

    Attributes:
        text: the normalised source after the edit, without the mark of its caret.
        spans: where it may have been put in: offsets of its first character and after its last.
        caret: offset of the caret after the edit; None if it does not matter.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    caret: int | None = None


def insertions(before: str, after: str) -> list[Edit]:
    """Returns the ways to read the difference of two texts as text that was put in.

    ``<>`` marks a caret in either. Where a text has ``<>`` of its own (a diamond, an empty
    fragment), every one of them may be the mark, or none; that none is comes last.

    Args:
        before: the text before the edit; a caret there is where the new text starts.
        after: the text after it.
    """
    before, after = normalise(before), normalise(after)
    start, behind = _shared(before, after)
    found: dict[Edit, None] = {}
    for new, caret in _readings(after, start, len(after) - behind):
        for old, place in _readings(before, start, len(before) - behind):
            spans = tuple(
                (start, stop)
                for start, stop in _differences(old, new)
                if place is None or start <= place <= stop - (len(new) - len(old))
            )
            if spans:
                found[Edit(new, spans, caret)] = None
    return list(found)


def _readings(text: str, start: int, stop: int) -> Iterator[tuple[str, int | None]]:
    """Yields the text without a mark that touches what was changed, from start to stop."""
    width = len(CARET_MARK)
    at = text.find(CARET_MARK, max(0, start - width))
    while 0 <= at <= stop:
        yield text[:at] + text[at + width :], at
        at = text.find(CARET_MARK, at + 1)
    yield text, None


def _shared(old: str, new: str) -> tuple[int, int]:
    """Returns how many characters are the same at the start, and at the end behind these."""
    most = min(len(old), len(new))
    before = behind = 0
    while before < most and old[before] == new[before]:
        before += 1
    while behind < most - before and old[-1 - behind] == new[-1 - behind]:
        behind += 1
    return before, behind


def _differences(old: str, new: str) -> Iterator[tuple[int, int]]:
    """Yields start and stop, in `new`, of what is not in `old`."""
    before, behind = _shared(old, new)
    if before + behind < len(old):
        # Something was replaced: a whole word, not just the letters that differ.
        while before and old[before - 1].isalnum():
            before -= 1
        while behind and old[-behind].isalnum():
            behind -= 1
    if old[before : len(old) - behind].strip() not in _PLACEHOLDERS:
        return
    start, stop = before, len(new) - behind
    if start == stop:
        return
    yield start, stop
    if before + behind < len(old):
        return
    for _ in range(_MOST_SHIFTS):
        if not start or new[start - 1] != new[stop - 1]:
            return
        start, stop = start - 1, stop - 1
        yield start, stop
