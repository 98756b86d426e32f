"""Says the snippets of small sources, and puts targets back in their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
import tree_sitter

from arqon_maestro.corpusgen.choices import NEVER, Choices, Table
from arqon_maestro.corpusgen.generation import AddDraft, Generated
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.snippets import SyntaxSnippets, snippet_source
from arqon_maestro.corpusgen.snippets.syntax import load_grammar, parse_as
from arqon_maestro.corpusgen.tokens import TokenStream, decode, split_units, token_stream
from arqon_maestro.languages import registry

T = TypeVar("T")


class LikelyChoices:
    """Takes what is likelier than not, and the first of several options that are likely."""

    def flip(self, probability: float) -> bool:
        return probability >= 0.5

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return options[0]

    def draw(self, table: Table[T]) -> T:
        likely = max(table.weights) / 2
        pairs = zip(table.options, table.weights, strict=True)
        return next(option for option, weight in pairs if weight >= likely)

    def wait(self, rate: float) -> int:
        return 1 if self.flip(rate) else NEVER

    def happens(self, rate: float) -> bool:
        return True

    def below(self, limit: int) -> int:
        return 0

    def shuffle(self, items: list[T]) -> None:
        pass


class StoppingChoices(LikelyChoices):
    """Likely choices, but all that may be left out is left out."""

    def flip(self, probability: float) -> bool:
        return probability >= 0.5 or probability == 0.2


class SnippetFile:
    """One parsed source whose mappings can be put back into it."""

    def __init__(self, source: str, language: str) -> None:
        self.language = registry.get(language)
        self.stream: TokenStream = token_stream(source)
        snippets = snippet_source(self.stream, self.language)
        assert snippets is not None
        self.snippets: SyntaxSnippets = snippets

    def drafts(self, choices: Choices) -> list[AddDraft]:
        generator = InsertGenerator(self.stream, self.language, choices, snippets=self.snippets)
        return list(self.snippets.mappings(generator))

    def insert(self, choices: Choices, start: int, stop: int) -> Generated:
        generator = InsertGenerator(self.stream, self.language, choices, snippets=self.snippets)
        return generator.generate(start, stop)

    def node_text(self, draft: AddDraft) -> str:
        return self.stream.source[self.stream.start[draft.start] : self.end(draft)]

    def end(self, draft: AddDraft) -> int:
        starts = self.stream.start
        text = self.stream.source[starts[draft.start] : starts[draft.stop]]
        return starts[draft.start] + len(text.rstrip())

    def put_back(self, draft: AddDraft) -> tuple[int, int, str]:
        """Returns what to replace, from where to where, by which text."""
        source, start = self.stream.source, self.stream.start[draft.start]
        line = source[source.rfind("\n", 0, start) + 1 : start]
        indentation = line[: len(line) - len(line.lstrip())]
        tokens = split_units(draft.output)
        text = decode(tokens, self.language.indentation, indentation).text
        return start, self.end(draft), text


class Reparser:
    """Counts the errors of a source after one replacement, from its parsed tree."""

    def __init__(self, file: SnippetFile) -> None:
        language = file.language
        self.language = language
        self.text = file.stream.source
        if language.wheel is None:
            return
        grammar = load_grammar(f"{language.grammar}:{language.grammar_function}")
        self.parser = tree_sitter.Parser(grammar.language)
        self.source = file.stream.source.encode("ascii")
        self.tree = self.parser.parse(self.source)

    @property
    def clean(self) -> bool:
        if self.language.wheel is None:
            return self._parses(self.text)
        return not self.tree.root_node.has_error

    def _parses(self, source: str) -> bool:
        tree = parse_as(self.language, source)
        return tree is not None and not tree.faulty

    def still_clean(self, start: int, stop: int, text: str) -> bool:
        if self.language.wheel is None:
            return self._parses(self.text[:start] + text + self.text[stop:])
        source = self.source[:start] + text.encode() + self.source[stop:]
        tree = self.tree.copy()
        tree.edit(
            start_byte=start,
            old_end_byte=stop,
            new_end_byte=start + len(text),
            start_point=self._point(self.source, start),
            old_end_point=self._point(self.source, stop),
            new_end_point=self._point(source, start + len(text)),
        )
        return not self.parser.parse(source, tree).root_node.has_error

    @staticmethod
    def _point(source: bytes, offset: int) -> tuple[int, int]:
        line = source.rfind(b"\n", 0, offset) + 1
        return source.count(b"\n", 0, offset), offset - line


@pytest.fixture
def parse_file() -> type[SnippetFile]:
    """Returns the class that parses a source: ``parse_file(source, language)``."""
    return SnippetFile


@pytest.fixture
def reparser() -> type[Reparser]:
    """Returns the class that counts errors after a replacement: ``reparser(file)``."""
    return Reparser


@pytest.fixture
def likely() -> LikelyChoices:
    """Returns choices that always take the likelier way."""
    return LikelyChoices()


@pytest.fixture
def stopping() -> StoppingChoices:
    """Returns likely choices that leave out all that may be left out."""
    return StoppingChoices()
