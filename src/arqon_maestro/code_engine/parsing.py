"""The transcript parser held to the grammar: every output is a tree that the runtime accepts.

The grammar leaves a transcript few readings, so its trees are listed and the model scores them:
the model's distribution, restricted to what is valid, without a search that could miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from arqon_maestro.code_engine.translator import Hypothesis, Rescorer
from arqon_maestro.corpusgen.grammar.parser import MAX_WORDS, parses
from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS

# Readings of one transcript that are scored, the most likely sampled ones first. Of generated
# commands all have their true tree among the first ten.
MAX_READINGS = 50


class GrammarParser:
    """Parses transcripts with an installed transcript parser; used as a `Translator` is.

    Args:
        folder: an exported or installed model.
        threads: cores for one batch.

    Raises:
        MissingPartError: there is no model.
        DataError: the model cannot be read.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._rescorer = Rescorer(folder, threads)

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        """Returns the valid parses of transcripts, best first.

        Args:
            lines: transcripts, lower-case words.
            n_best: parses a transcript, at most.

        Returns:
            Up to `n_best` parses for every line: markup, and its log probability in nats. None
            where the words are no command, or are too many for the grammar or the model.

        Raises:
            DataError: a line has a token that is no word.
        """
        readings = [self._readings(line) for line in lines]
        pairs = [
            (line, markup)
            for line, markups in zip(lines, readings, strict=True)
            for markup in markups
        ]
        scores = iter(self._rescorer.rescore(pairs))
        results = []
        for markups in readings:
            found = [Hypothesis(markup, next(scores)) for markup in markups]
            # Equal scores keep the grammar's order.
            results.append(sorted(found, key=lambda parse: -parse.score)[:n_best])
        return results

    def _readings(self, line: str) -> list[str]:
        words = line.split()
        if len(words) > MAX_WORDS or self._rescorer.count_unknowns(line) > MAX_UNKNOWNS:
            return []
        return [parse.markup for parse in islice(parses(words), MAX_READINGS)]
