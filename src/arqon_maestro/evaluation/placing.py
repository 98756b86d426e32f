"""Puts a model's output into its file and asks the language's parser what became of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arqon_maestro import languages
from arqon_maestro.corpusgen.audit.reparsing import Reparser
from arqon_maestro.corpusgen.indentation import indentation_unit, line_indentation
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.snippets.shapes import shapes_named
from arqon_maestro.corpusgen.snippets.syntax import entry_point
from arqon_maestro.corpusgen.tokens import decode
from arqon_maestro.evaluation.cases import Case
from arqon_maestro.evaluation.metrics import Rate, wilson
from arqon_maestro.languages import Language
from arqon_maestro.progress import SILENT, Reporter


@dataclass(frozen=True)
class ParseRates:
    """How often the first output leaves a file that parses.

    Attributes:
        of_all: of the lines that can be judged.
        of_misses: of those among them whose first output is not the reference; None without any.
        unjudged: lines whose reference itself brings syntax errors into the file (a text that
            stops before its brackets close, a file with errors just there).
    """

    of_all: Rate | None
    of_misses: Rate | None
    unjudged: int

    def to_json(self) -> dict[str, Any]:
        return {
            "parses": self.of_all and self.of_all.to_json(),
            "misses_that_parse": self.of_misses and self.of_misses.to_json(),
            "unjudged": self.unjudged,
        }


class FilePlace:
    """A file into which outputs are put.

    Args:
        source: the normalised source.
        language: one with a grammar.
    """

    def __init__(self, source: str, language: Language) -> None:
        self._source = source
        self._indentation = indentation_unit(source, language)
        shapes = None if language.snippets is None else shapes_named(language.snippets)
        others = () if shapes is None else shapes.other_grammars
        self._reparser = Reparser(source, (entry_point(language), *others))

    def text_of(self, target: str, start: int) -> str:
        """Returns the text of target tokens at a place, as the editor would put it in."""
        margin = line_indentation(self._source, start)
        return normalise(decode(target.split(), self._indentation, margin).text)

    def new_faults(self, target: str, start: int, stop: int) -> int:
        """Returns how many syntax errors a target brings with it, put in from `start` to `stop`."""
        return self._reparser.new_faults(start, stop, self.text_of(target, start))


def parse_rates(
    cases: Sequence[Case],
    outputs: Sequence[str],
    sources: Mapping[str, str],
    *,
    label: str = "parse rate",
    reporter: Reporter = SILENT,
) -> ParseRates | None:
    """Puts each output in the place of what was said, and parses the file again.

    A line is judged if the file has no more syntax errors with the reference put in the same way
    than it had as it was; the output parses if that holds for it too.

    Args:
        cases: auto-style lines of one language.
        outputs: the first output of each.
        sources: file → normalised source.

    Returns:
        None if the language has no grammar.
    """
    language = languages.get(cases[0].language)
    if language.grammar is None:
        return None
    order = sorted(range(len(cases)), key=lambda index: cases[index].file)
    verdicts: list[tuple[bool, bool]] = []  # whether it is the reference, and whether it parses
    file, place = "", None
    with reporter.task(label, len(cases), "lines") as task:
        for index in order:
            case = cases[index]
            if place is None or case.file != file:
                file, place = case.file, FilePlace(sources[case.file], language)
            if place.new_faults(case.target, case.start, case.stop) == 0:
                exact = outputs[index] == case.target
                parses = exact or place.new_faults(outputs[index], case.start, case.stop) == 0
                verdicts.append((exact, parses))
            task.advance()
    misses = [parses for exact, parses in verdicts if not exact]
    return ParseRates(
        _share([parses for _, parses in verdicts]), _share(misses), len(cases) - len(verdicts)
    )


def _share(hits: Sequence[bool]) -> Rate | None:
    return wilson(sum(hits), len(hits)) if hits else None
