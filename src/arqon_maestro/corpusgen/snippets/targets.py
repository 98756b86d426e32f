"""Prints a node with its edits: the target of an add mapping, at column 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from arqon_maestro.corpusgen.generation import CARET
from arqon_maestro.corpusgen.snippets.edits import Break, Edit, Output, by_place
from arqon_maestro.corpusgen.snippets.file import SyntaxFile, UnsayableError
from arqon_maestro.corpusgen.snippets.ranges import Range
from arqon_maestro.corpusgen.tokens import LINE_BREAKS, WORDS

_Unit = TypeVar("_Unit", bound=Output)

_STEPS = {"NL": 0, "I": 1, "D": -1}


class _Levels:
    """Turns the widths of lines into ``NL``, ``I`` and ``D``, relative to a first line."""

    def __init__(self, width: int) -> None:
        self._widths = [width]

    def step_to(self, width: int) -> str:
        """Returns the token of a new line of `width`.

        Raises:
            UnsayableError: if one token cannot express it (spec section 1.3).
        """
        widths = self._widths
        if width == widths[-1]:
            return "NL"
        if width > widths[-1]:
            widths.append(width)
            return "I"
        if len(widths) == 1:
            raise UnsayableError("dedent below the first line")
        widths.pop()
        if widths[-1] != width:
            raise UnsayableError("dedent of several levels")
        return "D"

    def step(self, token: str) -> None:
        """Follows a line break that is already a token, of a snippet inside the node."""
        if token == "I":
            self._widths.append(self._widths[-1] + 1)
        elif token == "D" and len(self._widths) > 1:
            self._widths.pop()


def print_target(
    file: SyntaxFile,
    start: int,
    stop: int,
    edits: Sequence[Edit],
    handled: Sequence[Range],
) -> list[str]:
    """Returns the printed units of the units from `start` to `stop` with `edits` made.

    Args:
        edits: in any order; where two overlap, the earlier one wins.
        handled: ranges whose words may stay although they are not said.

    Raises:
        UnsayableError: if a word stays that nobody would know of, or a line break that no token
            can express.
    """
    outputs: list[Output] = []
    position = start
    for edit in sorted(edits, key=by_place):
        if edit.stop < position or (edit.start < position and edit.stop == position):
            continue
        if edit.start >= position:
            _keep(file, position, edit.start, handled, outputs)
            outputs += edit.output
        position = edit.stop
    _keep(file, position, stop, handled, outputs)
    return _printed(file, start, outputs)


def _keep(
    file: SyntaxFile, start: int, stop: int, handled: Sequence[Range], outputs: list[Output]
) -> None:
    """Appends the units from `start` to `stop`."""
    stream, shape = file.stream, file.stream.shape
    for unit in range(start, stop):
        form = shape[unit]
        if form in LINE_BREAKS:
            blank = unit + 1 < len(shape) and shape[unit + 1] in LINE_BREAKS
            outputs.append("NL" if blank else Break(file.break_width(unit)))
            continue
        if (
            form in WORDS
            and stream.text[unit] not in file.shapes.skeleton_words
            and not any(low <= unit < high for low, high in handled)
        ):
            raise UnsayableError("unspoken word")
        outputs.append(stream.printed[unit])


def _printed(file: SyntaxFile, start: int, outputs: Sequence[Output]) -> list[str]:
    # Few nodes are said over more than one line.
    printed = [output for output in outputs if isinstance(output, str)]
    if len(printed) == len(outputs):
        return printed
    levels = _Levels(file.line_width(start))
    printed.clear()
    for output in outputs:
        if isinstance(output, Break):
            # What was cut from a line's end may leave blanks there, which no line of a file has.
            while printed and printed[-1] == "SP":
                printed.pop()
            printed.append(levels.step_to(output.width))
            continue
        if output in _STEPS:
            levels.step(output)
        printed.append(output)
    return printed


def without_carets(units: Sequence[_Unit]) -> list[_Unit]:
    """Returns `units` without `CARET`."""
    return [unit for unit in units if unit != CARET]


def with_one_caret(units: Sequence[_Unit]) -> list[_Unit]:
    """Returns `units` without any `CARET` but the last."""
    carets = units.count(CARET)
    if carets < 2:
        return list(units)
    last = max(place for place, unit in enumerate(units) if unit == CARET)
    return [*without_carets(units[:last]), *units[last:]]
