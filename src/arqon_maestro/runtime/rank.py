"""The order of alternatives (corpusgen.md, section 7.5).

Costs are negated natural logarithms, lower is better; a model's cost is its score negated. All
weights are 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from arqon_maestro.runtime.transcripts import Transcript

TRANSCRIPT_WINDOW = 8.0
PARSE_WINDOW = 4.5
INVALID_WINDOW = 3.0
MAX_SHOWN = 10

T = TypeVar("T")


class Parsed(Protocol):
    """A transcript with one reading as a command."""

    @property
    def transcript(self) -> Transcript: ...

    @property
    def parser_cost(self) -> float: ...


P = TypeVar("P", bound=Parsed)


@dataclass(frozen=True, slots=True)
class Standing:
    """What ranking knows of an evaluated alternative.

    Attributes:
        valid: it is a command, and one that can be carried out.
        acoustic_cost: of its transcript.
        language_model_cost: of its transcript, by the speech engine.
        parser_cost: of its parse.
        style_cost: of the code by the auto-style model; None if that was not asked.
        contextual_cost: of the words by the contextual model; None if that was not asked.
        meta: a command about the alternatives themselves ("use two").
    """

    valid: bool
    acoustic_cost: float
    language_model_cost: float
    parser_cost: float
    style_cost: float | None = None
    contextual_cost: float | None = None
    meta: bool = False

    @property
    def parse_total(self) -> float:
        """Cost after parsing."""
        return self.acoustic_cost + self.language_model_cost + self.parser_cost

    @property
    def style_total(self) -> float:
        """Cost of an alternative with code; the contextual model replaces the speech engine's."""
        language_model_cost = (
            self.language_model_cost if self.contextual_cost is None else self.contextual_cost
        )
        return self.acoustic_cost + (self.style_cost or 0.0) + language_model_cost


def near_transcripts(transcripts: Sequence[Transcript]) -> list[Transcript]:
    """Keeps the readings near the first; none at all if the first is empty."""
    if not transcripts or not transcripts[0].words:
        return []
    limit = transcripts[0].cost + TRANSCRIPT_WINDOW
    return [reading for reading in transcripts if reading.words and reading.cost <= limit]


def near_parses(parses: Sequence[P]) -> list[P]:
    """Sorts parses by cost, and keeps those near the first of the *input*."""
    if not parses:
        return []
    limit = _parse_total(parses[0]) + PARSE_WINDOW
    return [parse for parse in sorted(parses, key=_parse_total) if _parse_total(parse) <= limit]


def _parse_total(parse: Parsed) -> float:
    return parse.transcript.cost + parse.parser_cost


def ranked(
    alternatives: Sequence[T],
    standing: Callable[[T], Standing],
    outcome: Callable[[T], Hashable],
) -> list[tuple[T, Standing]]:
    """Returns what is shown, best first, with final standings.

    1. Of alternatives with the same outcome only the first stays.
    2. Invalid ones stay only near the first.
    3. Those with code are permuted among their own positions, by `Standing.style_total`.
    4. Valid ones come first. A meta command counts only in first place; elsewhere it becomes
       invalid.

    Args:
        alternatives: evaluated, in the order of `near_parses`.
        standing: an alternative's costs.
        outcome: what it does; equal where two alternatives do the same.
    """
    merged: dict[Hashable, tuple[T, Standing]] = {}
    for alternative in alternatives:
        merged.setdefault(outcome(alternative), (alternative, standing(alternative)))
    rows = list(merged.values())
    if rows:
        limit = rows[0][1].parse_total + INVALID_WINDOW
        rows = [row for row in rows if row[1].valid or row[1].parse_total <= limit]
    rows = _valid_first(_permuted(rows))
    rows = _valid_first(
        [
            (alternative, replace(state, valid=state.valid and not (state.meta and place)))
            for place, (alternative, state) in enumerate(rows)
        ]
    )
    return rows[:MAX_SHOWN]


def _permuted(rows: list[tuple[T, Standing]]) -> list[tuple[T, Standing]]:
    places = [place for place, (_, state) in enumerate(rows) if state.style_cost is not None]
    styled = sorted((rows[place] for place in places), key=lambda row: row[1].style_total)
    permuted = list(rows)
    for place, row in zip(places, styled, strict=True):
        permuted[place] = row
    return permuted


def _valid_first(rows: list[tuple[T, Standing]]) -> list[tuple[T, Standing]]:
    return sorted(rows, key=lambda row: not row[1].valid)
