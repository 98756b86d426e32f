"""The whole way: transcripts, parses, edits, and their ranking (corpusgen.md, 7.3 to 7.5)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.edit import Editor
from arqon_maestro.runtime.outcome import Outcome
from arqon_maestro.runtime.parse import Parse, Translates, parse_transcripts
from arqon_maestro.runtime.rank import Standing, near_parses, near_transcripts, ranked
from arqon_maestro.runtime.transcripts import Transcript

NOT_A_COMMAND = "no valid parse"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that the speaker may have meant.

    Attributes:
        parse: the transcript and its parse.
        outcome: what it does to the document.
        standing: its costs, and whether it is valid after ranking.
    """

    parse: Parse
    outcome: Outcome
    standing: Standing


class Interpreter:
    """Turns transcripts into ranked alternatives.

    Args:
        parser: the transcript parser.
        editor: carries commands out.
    """

    def __init__(self, parser: Translates, editor: Editor) -> None:
        self._parser = parser
        self._editor = editor

    def interpret(self, document: Document, transcripts: Sequence[Transcript]) -> list[Alternative]:
        """Returns at most ten alternatives, best first; none if nothing was heard.

        Args:
            document: the source and its caret.
            transcripts: what may have been said, best first.
        """
        readings = near_transcripts(transcripts)
        if not readings:
            return []
        evaluated = [
            (parse, outcome)
            for parse in near_parses(parse_transcripts(readings, self._parser))
            for outcome in self._outcomes(document, parse)
        ]
        return [
            Alternative(parse, outcome, standing)
            for (parse, outcome), standing in ranked(evaluated, _standing, _effect)
        ]

    def _outcomes(self, document: Document, parse: Parse) -> list[Outcome]:
        if parse.tree is None:
            return [Outcome(None, note=NOT_A_COMMAND, possible=False)]
        return self._editor.carry_out(document, parse.tree)


def _standing(evaluated: tuple[Parse, Outcome]) -> Standing:
    parse, outcome = evaluated
    return Standing(
        valid=outcome.possible,
        acoustic_cost=parse.transcript.acoustic_cost,
        language_model_cost=parse.transcript.language_model_cost,
        parser_cost=parse.parser_cost,
        style_cost=outcome.style_cost,
        contextual_cost=outcome.contextual_cost,
        meta=outcome.meta,
    )


def _effect(evaluated: tuple[Parse, Outcome]) -> Hashable:
    """Two alternatives with the same effect are one."""
    parse, outcome = evaluated
    if outcome.document is not None:
        return outcome.document
    return parse.transcript.words, parse.markup, outcome.code
