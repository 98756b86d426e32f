"""What a file gives in each mode: training pairs of a model, or text to speak (6, 6.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from arqon_maestro import languages
from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
from arqon_maestro.corpusgen.context import Contexts, auto_style_line
from arqon_maestro.corpusgen.drafts import InsertDraft, insert_drafts
from arqon_maestro.corpusgen.filters import SLOW_PARSE, layout_reason, tree_reason
from arqon_maestro.corpusgen.generation import SPEECH, AddDraft, Options, SnippetSource
from arqon_maestro.corpusgen.grammar import Chain, generate_chains
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.rates import FILLERS, RATES
from arqon_maestro.corpusgen.snippets import ParseLimitError, snippet_source
from arqon_maestro.corpusgen.tokens import TokenStream, token_stream
from arqon_maestro.errors import UsageError, did_you_mean
from arqon_maestro.languages import Language
from arqon_maestro.library import CODE_MODELS

AUTO_STYLE, CONTEXTUAL, TRANSCRIPT_PARSER = CODE_MODELS
TEXT = "text"

L = TypeVar("L")
Placed = tuple[str, str, InsertDraft | AddDraft]
"""A source line, its target line, and the draft that they are made of."""


@dataclass(slots=True)
class FileResult(Generic[L]):
    """What one file gave.

    Attributes:
        lines: the examples, in order.
        rejects: what was dropped, by reason. A reason that starts with ``file:`` means that the
            whole file was; ``mapping:``, ``node:`` and ``chain:`` count parts of it.
    """

    lines: list[L] = field(default_factory=list)
    rejects: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _File:
    stream: TokenStream
    language: Language
    snippets: SnippetSource | None
    choices: RandomChoices
    generator: InsertGenerator

    def drafts(self, rejects: Counter[str]) -> list[InsertDraft]:
        return list(insert_drafts(self.generator, rejects))

    def count_rejects(self, rejects: Counter[str]) -> None:
        if self.snippets is not None:
            for reason, number in self.snippets.rejects.items():
                rejects[f"node: {reason}"] += number


def _open(
    source: str,
    path: str,
    language: str | Language,
    mode: str,
    seed: int,
    options: Options,
    rejects: Counter[str],
) -> _File | None:
    """Returns the file ready to be said, or None, with the reason counted."""
    if isinstance(language, str):
        language = languages.get(language)
    stream = token_stream(source)
    reason = layout_reason(stream.source, path, language)
    snippets = None
    if reason is None:
        try:
            snippets = snippet_source(stream, language)
        except ParseLimitError:
            reason = SLOW_PARSE
    if snippets is not None:
        reason = tree_reason(snippets, language)
    if reason is not None:
        rejects[reason] += 1
        return None
    choices = RandomChoices(seed_of(seed, mode, path))
    generator = InsertGenerator(stream, language, choices, options=options, snippets=snippets)
    return _File(stream, language, snippets, choices, generator)


def mapping_lines(
    source: str,
    path: str,
    language: str | Language,
    model: str,
    seed: int = 0,
    add: bool = True,
) -> FileResult[tuple[str, str]]:
    """Returns the source and target lines that a file gives for training a model.

    Args:
        source: the file's text, not yet normalised.
        path: its path below its repository; with `seed` it decides every choice.
        language: its language, or the language's name.
        model: ``auto-style``, ``contextual-language-model`` or ``transcript-parser``.
        seed: the same seed gives the same lines.
        add: whether syntax nodes are said too (auto-style only).

    Raises:
        UsageError: there is no such language or model.
        MissingPartError: the language's grammar is not installed.
    """
    if model not in CODE_MODELS:
        raise UsageError(f"unknown model {model!r}", remedy=did_you_mean(model, CODE_MODELS))
    result: FileResult[tuple[str, str]] = FileResult()
    file = _open(source, path, language, model, seed, Options(), result.rejects)
    if file is None:
        return result
    if model == TRANSCRIPT_PARSER:
        for chain in _chains(file, file.drafts(result.rejects), True, result.rejects):
            result.lines.append((chain.transcript, chain.markup))
    else:
        lines = _contextual(file, result) if model == CONTEXTUAL else _auto_style(file, add, result)
        result.lines += [(line, target) for line, target, _ in lines]
    file.count_rejects(result.rejects)
    return result


def placed_lines(
    source: str, path: str, language: str | Language, model: str, seed: int = 0
) -> tuple[TokenStream | None, FileResult[Placed]]:
    """Returns the lines of `mapping_lines`, each with its draft; not for the transcript parser.

    Returns:
        The units of the file, which drafts count in, or None if the file is rejected; and the
        lines.

    Raises:
        UsageError: there is no such language.
        MissingPartError: the language's grammar is not installed.
    """
    result: FileResult[Placed] = FileResult()
    file = _open(source, path, language, model, seed, Options(), result.rejects)
    if file is None:
        return None, result
    lines = _contextual(file, result) if model == CONTEXTUAL else _auto_style(file, True, result)
    result.lines += lines
    file.count_rejects(result.rejects)
    return file.stream, result


def _contextual(file: _File, result: FileResult[Any]) -> Iterator[Placed]:
    contexts = Contexts(file.stream, file.choices, alpha=False)
    for draft in insert_drafts(file.generator, result.rejects):
        leading, _ = contexts.draw(draft.start, draft.words, draft.stem)
        yield " ".join(leading), " ".join(draft.words), draft


def _auto_style(file: _File, add: bool, result: FileResult[Any]) -> Iterator[Placed]:
    contexts = Contexts(file.stream, file.choices)
    for draft in insert_drafts(file.generator, result.rejects):
        leading, alpha = contexts.draw(draft.start, draft.words, draft.stem)
        line = auto_style_line(alpha, leading, draft.words, None)
        yield line, " ".join(draft.output), draft
    if not add or file.snippets is None:
        return
    for added in file.snippets.mappings(file.generator):
        if not added.words or not added.output:
            result.rejects["node: nothing is said"] += 1
            continue
        leading, alpha = contexts.draw(added.start, added.words)
        line = auto_style_line(alpha, leading, added.words, added.container)
        yield line, " ".join(added.output), added


def _chains(
    file: _File, drafts: list[InsertDraft], shuffle: bool, rejects: Counter[str]
) -> list[Chain]:
    chains, counts = generate_chains(drafts, file.choices, shuffle)
    for reason, number in counts.rejects.items():
        rejects[f"chain: {reason}"] += number
    return chains


def text_lines(source: str, path: str, language: str | Language, seed: int = 0) -> FileResult[str]:
    """Returns transcripts that a file gives, for the speech language model (section 6.2).

    Besides commands there are a few lone fillers, and text without a command.

    Args:
        source: the file's text, not yet normalised.
        path: its path below its repository; with `seed` it decides every choice.
        language: its language, or the language's name.
        seed: the same seed gives the same lines.

    Raises:
        UsageError: there is no such language.
        MissingPartError: the language's grammar is not installed.
    """
    result: FileResult[str] = FileResult()
    file = _open(source, path, language, TEXT, seed, SPEECH, result.rejects)
    if file is None:
        return result
    choices = file.choices
    kept: list[InsertDraft] = []
    bare = RATES.bare_line / (1 - RATES.filler_line)
    for draft in file.drafts(result.rejects):
        if choices.flip(RATES.filler_line):
            result.lines.append(choices.choose(FILLERS))
        elif choices.flip(bare):
            result.lines.append(" ".join(draft.words))
        else:
            kept.append(draft)
    lines, prefix = result.lines, RATES.filler_prefix
    for chain in _chains(file, kept, False, result.rejects):
        if choices.flip(prefix) and chain.starts_with_command:
            lines.append(f"{choices.choose(FILLERS)} {chain.transcript}")
        else:
            lines.append(chain.transcript)
    file.count_rejects(result.rejects)
    return result
