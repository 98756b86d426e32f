"""Spoken words to code, through auto-style and the contextual model (corpusgen.md, section 7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from arqon_maestro.corpusgen.context import auto_style_source, leading_tokens
from arqon_maestro.runtime.formatter import join_escapes
from arqon_maestro.runtime.parse import Translates

# What the reference rejects: improbable output, and the loops that a model falls into.
LOWEST_SCORE = -4.5
TOO_MANY_NEWLINES = ("NL",) * 4
TOO_MANY_BLANKS = ("SP",) * 8
# Hypotheses for one text: the width of auto-style's beam at runtime.
HYPOTHESES = 2


class Rescores(Protocol):
    """A model that scores given targets: the contextual language model."""

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class Styled:
    """Code that auto-style gave for spoken words.

    Attributes:
        tokens: target tokens, unknowns resolved.
        score: the model's log probability.
        contextual_score: that of the words in their place, by the contextual model; None where
            there is none.
        rejected: why the runtime would not use it; empty if it would.
    """

    tokens: tuple[str, ...]
    score: float
    contextual_score: float | None
    rejected: str = ""


class Styler:
    """Turns words into code in one language.

    Args:
        auto_style: the auto-style model.
        contextual: the contextual language model, if there is one.
    """

    def __init__(self, auto_style: Translates, contextual: Rescores | None = None) -> None:
        self._auto_style = auto_style
        self._contextual = contextual

    def style(
        self,
        source: str,
        offset: int,
        words: Sequence[str],
        container: str | None = None,
        hypotheses: int = HYPOTHESES,
    ) -> list[Styled]:
        """Returns the model's readings of `words` at a place, best first, rejected ones included.

        Args:
            source: the file.
            offset: where the code will stand; what follows is not looked at.
            words: what was said, without the command's own words.
            container: where an added node lies; None for plain text.
            hypotheses: how many.
        """
        line = auto_style_source(source, offset, join_escapes(words), container)
        contextual_score = None
        if self._contextual is not None:
            pair = " ".join(leading_tokens(source, offset)), " ".join(words)
            contextual_score = self._contextual.rescore([pair])[0]
        (found,) = self._auto_style.translate([line], n_best=hypotheses)
        return [
            Styled(tokens, hypothesis.score, contextual_score, rejection(tokens, hypothesis.score))
            for hypothesis in found
            for tokens in [tuple(hypothesis.text.split())]
        ]


def rejection(tokens: Sequence[str], score: float) -> str:
    """Returns why the runtime would not use an output; empty if it would."""
    if score <= LOWEST_SCORE:
        return f"score {score:.2f} is not above {LOWEST_SCORE}"
    for run in (TOO_MANY_NEWLINES, TOO_MANY_BLANKS):
        if any(tuple(tokens[at : at + len(run)]) == run for at in range(len(tokens))):
            return f"{len(run)} {run[0]} in a row"
    return ""
