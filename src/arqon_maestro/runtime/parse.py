"""Transcripts to command trees, through the transcript parser (corpusgen.md, section 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from arqon_maestro.corpusgen.grammar import Node, accept_parse
from arqon_maestro.corpusgen.grammar.parser import MAX_WORDS, parses
from arqon_maestro.runtime.transcripts import Transcript

# Hypotheses a transcript: the width of the parser's beam at runtime.
HYPOTHESES = 3
ENOUGH_VALID = 10
GRAMMAR_PARSES = 3

MODEL = "model"
GRAMMAR = "grammar"


class Hypothesis(Protocol):
    """One output of a model."""

    @property
    def text(self) -> str: ...

    @property
    def score(self) -> float: ...


class Translates(Protocol):
    """A translation model: the transcript parser, auto-style."""

    def translate(
        self, lines: Sequence[str], n_best: int = ...
    ) -> Sequence[Sequence[Hypothesis]]: ...


@dataclass(frozen=True, slots=True)
class Parse:
    """A transcript and what a model, or the grammar, made of it.

    Attributes:
        markup: as the model wrote it; empty if it wrote nothing.
        tree: None where the markup is no acceptable parse of the transcript.
        score: the model's log probability; None for a parse by the grammar.
        origin: `MODEL`, or `GRAMMAR` where no model output was acceptable.
    """

    transcript: Transcript
    markup: str
    tree: Node | None
    score: float | None
    origin: str = MODEL

    @property
    def parser_cost(self) -> float:
        return 0.0 if self.score is None else -self.score


def parse_transcripts(
    transcripts: Sequence[Transcript], parser: Translates, *, grammar_too: bool = True
) -> list[Parse]:
    """Returns the parses of transcripts, in the transcripts' order.

    Of each transcript all valid parses are kept that no earlier one had; one invalid where none
    is valid. Transcripts after the one that makes ten valid parses are not looked at.

    Args:
        transcripts: best first.
        parser: the transcript parser.
        grammar_too: where the model gave no valid parse at all, ask the grammar itself. Such
            parses follow the model's failed ones and say so in `origin`.
    """
    found: list[Parse] = []
    seen: set[str] = set()
    outputs = parser.translate([reading.text for reading in transcripts], n_best=HYPOTHESES)
    for transcript, hypotheses in zip(transcripts, outputs, strict=True):
        candidates = [
            Parse(
                transcript,
                hypothesis.text,
                accept_parse(transcript.words, hypothesis.text),
                hypothesis.score,
            )
            for hypothesis in hypotheses
        ]
        valid = [parse for parse in candidates if parse.tree is not None]
        for parse in valid:
            if parse.markup not in seen:
                seen.add(parse.markup)
                found.append(parse)
        if not valid:
            found.append(candidates[0] if candidates else Parse(transcript, "", None, None))
        if len(seen) >= ENOUGH_VALID:
            break
    if grammar_too and not seen:
        found += _by_grammar(transcripts)
    return found


def _by_grammar(transcripts: Sequence[Transcript]) -> list[Parse]:
    return [
        Parse(transcript, parse.markup, parse.tree, None, GRAMMAR)
        for transcript in transcripts
        if len(transcript.words) <= MAX_WORDS
        for parse in islice(parses(transcript.words), GRAMMAR_PARSES)
    ]
