"""An insert generator that keeps what it was asked for and what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.corpusgen.generation import Coins, Generated, Snippet, SnippetSource
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.tokens import TokenStream
from arqon_maestro.languages import Language


@dataclass(frozen=True, slots=True)
class Call:
    """One range that was said.

    Attributes:
        start, stop: the range of units that was to be said.
        said: index after the last unit that was said in one piece.
        words, output: what was said, and printed.
        remaining: ranges that are left for later.
        snippets: how many syntax nodes were said in it.
    """

    start: int
    stop: int
    said: int
    words: tuple[str, ...]
    output: tuple[str, ...]
    remaining: tuple[tuple[int, int], ...]
    snippets: int

    def covered(self) -> list[int]:
        """Returns the units of the range that are not left for later, in order."""
        units: list[int] = []
        position = self.start
        for start, stop in sorted(self.remaining):
            units += range(position, start)
            position = max(position, stop)
        units += range(position, self.stop)
        return units


class RecordingGenerator(InsertGenerator):
    """Records the ranges that it is asked for, but for those inside others.

    Attributes:
        calls: what was recorded.
    """

    def __init__(
        self,
        stream: TokenStream,
        language: Language,
        choices: Choices,
        snippets: SnippetSource | None,
    ) -> None:
        self._counted = None if snippets is None else _CountingSource(snippets)
        counted = cast("SnippetSource | None", self._counted)
        super().__init__(stream, language, choices, snippets=counted)
        self.calls: list[Call] = []
        self._inside = False

    def say(
        self, start: int, stop: int, partials: bool, sampler: Coins, implicit: bool, depth: int
    ) -> Generated:
        if self._inside:
            return super().say(start, stop, partials, sampler, implicit, depth)
        before = self._counted.count if self._counted is not None else 0
        self._inside = True
        try:
            said = super().say(start, stop, partials, sampler, implicit, depth)
        finally:
            self._inside = False
        snippets = self._counted.count - before if self._counted is not None else 0
        # The lists are copied: whoever asked goes on with them.
        self.calls.append(
            Call(
                start,
                stop,
                said.stop,
                tuple(said.words),
                tuple(said.output),
                tuple(said.remaining),
                snippets,
            )
        )
        return said


class _CountingSource:
    """A file's snippets, counting those that are said in text."""

    def __init__(self, source: SnippetSource) -> None:
        self._source = source
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def starting_at(self, index: int, stop: int) -> Sequence[Snippet]:
        return [_Counted(snippet, self) for snippet in self._source.starting_at(index, stop)]


class _Counted:
    def __init__(self, snippet: Snippet, source: _CountingSource) -> None:
        self._snippet = snippet
        self._source = source

    @property
    def stop(self) -> int:
        return self._snippet.stop

    def generate(self, generator: InsertGenerator, sampler: Coins) -> Generated | None:
        said = self._snippet.generate(generator, sampler)
        if said is not None:
            self._source.count += 1
        return said
