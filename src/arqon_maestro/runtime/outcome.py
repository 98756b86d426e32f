"""What a command does to a document, or why it does nothing."""

from __future__ import annotations

from dataclasses import dataclass

from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.style import Styled


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of carrying out a command chain.

    Attributes:
        document: after the commands; None if they were not carried out.
        code: what was written into the source, of several texts the last.
        styled: auto-style's readings that were used.
        note: why nothing was carried out, or what should be known of it.
        possible: False if the commands make no sense here, or the code was rejected; True also
            for commands that only an editor can carry out.
        meta: a command about the alternatives themselves.
    """

    document: Document | None
    code: str = ""
    styled: tuple[Styled, ...] = ()
    note: str = ""
    possible: bool = True
    meta: bool = False

    @property
    def style_cost(self) -> float | None:
        return -sum(styled.score for styled in self.styled) if self.styled else None

    @property
    def contextual_cost(self) -> float | None:
        scores = [styled.contextual_score for styled in self.styled]
        if not scores or None in scores:
            return None
        return -sum(score for score in scores if score is not None)
