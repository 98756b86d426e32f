"""Held-out examples: a model's lines with the place in the source that they were said at."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from arqon_maestro.corpusgen.generation import AddDraft
from arqon_maestro.corpusgen.modes import TRANSCRIPT_PARSER, mapping_lines, placed_lines

INSERT, ADD, COMMAND = "insert", "add", "command"
#: What an added node without a trigger of its own is said as.
BARE = "bare element"

# A command's rule is the tag inside of these.
_RULE = re.compile(r"<(?:command|metaCommand)> <([A-Za-z]+)>")


@dataclass(frozen=True, slots=True)
class Case:
    """One held-out line pair.

    Attributes:
        source: the model's source line, before unknowns are replaced.
        target: its target line.
        language: of the source code that was said.
        file: repository and path of that code.
        kind: `INSERT`, `ADD` or, of the transcript parser, `COMMAND`.
        words: what is said.
        container: list or slot that an added node lies in; empty for other kinds.
        snippet: what an added node is said as (``Function``, ``Argument``); empty for other kinds.
        rules: of a command line: the rules of its commands, in order, each once.
        start, stop: the span of the normalised source that is said, in characters; 0 for commands.
    """

    source: str
    target: str
    language: str
    file: str
    kind: str
    words: tuple[str, ...]
    container: str = ""
    snippet: str = ""
    rules: tuple[str, ...] = ()
    start: int = 0
    stop: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Case:
        """Reads what `to_json` gave."""
        lists = {name: tuple(values[name]) for name in ("words", "rules")}
        return cls(**{**values, **lists})


@dataclass(frozen=True, slots=True)
class FileCases:
    """The cases of one file, and its normalised source, which their spans count in."""

    source: str
    cases: list[Case]


def cases_of(text: str, file: str, language: str, model: str, seed: int) -> FileCases:
    """Returns the lines that a file gives for a model, those of `mapping_lines`, with their places.

    Args:
        text: the file's text, not yet normalised.
        file: repository and path, which with `seed` decide every choice.
        language: its language.
        model: ``auto-style``, ``contextual-language-model`` or ``transcript-parser``.
        seed: of the dataset.
    """
    if model == TRANSCRIPT_PARSER:
        lines = mapping_lines(text, file, language, model, seed).lines
        return FileCases("", [_command(source, markup, language, file) for source, markup in lines])
    stream, placed = placed_lines(text, file, language, model, seed)
    if stream is None:
        return FileCases("", [])
    cases = []
    for source, target, draft in placed.lines:
        start, stop = stream.start[draft.start], stream.start[draft.stop]
        words = tuple(draft.words)
        if isinstance(draft, AddDraft):
            container, snippet = draft.container, draft.kind or BARE
            case = Case(
                source, target, language, file, ADD, words, container, snippet, (), start, stop
            )
        else:
            start -= len(draft.suffix)
            case = Case(source, target, language, file, INSERT, words, start=start, stop=stop)
        cases.append(case)
    return FileCases(stream.source, cases)


def _command(source: str, markup: str, language: str, file: str) -> Case:
    rules = tuple(dict.fromkeys(_RULE.findall(markup)))
    return Case(source, markup, language, file, COMMAND, tuple(source.split()), rules=rules)
