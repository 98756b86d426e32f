"""From a source to its mappings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from arqon_maestro import languages
from arqon_maestro.corpusgen.choices import Choices, RandomChoices, seed_of
from arqon_maestro.corpusgen.context import Contexts
from arqon_maestro.corpusgen.drafts import InsertDraft, insert_drafts
from arqon_maestro.corpusgen.generation import CARET, AddDraft
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.records import Mapping
from arqon_maestro.corpusgen.snippets import ParseLimitError, snippet_source
from arqon_maestro.corpusgen.tokens import decode, split_units, token_stream
from arqon_maestro.languages import Language


def generate_mappings(
    source: str, language: str | Language, seed: int = 0, add: bool = True
) -> list[Mapping]:
    """Returns ways to say a source: insert mappings, then add mappings, each in its order.

    Args:
        source: any text; it is normalised first, and not filtered. One that the language's parser
            can't cope with is said as plain text is, without its syntax.
        language: the source's language, or its name.
        seed: the same seed gives the same mappings.
        add: whether syntax nodes are said too, where the language has a syntax tree.

    Raises:
        UsageError: there is no such language.
        MissingPartError: the language's grammar is not installed.
    """
    if isinstance(language, str):
        language = languages.get(language)
    choices = RandomChoices(seed_of(seed, "mappings"))
    return list(mappings(source, language, choices, add=add))


def mappings(
    source: str, language: Language, choices: Choices, *, add: bool = True
) -> Iterator[Mapping]:
    """As `generate_mappings`, with the choices given."""
    stream = token_stream(source)
    try:
        snippets = snippet_source(stream, language)
    except ParseLimitError:
        snippets = None
    generator = InsertGenerator(stream, language, choices, snippets=snippets)
    contexts = Contexts(stream, choices)
    start = stream.start
    for draft in insert_drafts(generator):
        yield _mapping(draft, contexts, start[draft.start] - len(draft.suffix), start[draft.stop])
    if add and snippets is not None:
        for added in snippets.mappings(generator):
            if added.words and added.output:
                yield _mapping(added, contexts, start[added.start], start[added.stop])


def _mapping(draft: InsertDraft | AddDraft, contexts: Contexts, start: int, stop: int) -> Mapping:
    if isinstance(draft, InsertDraft):
        kind: Literal["insert", "add"] = "insert"
        stem, container = draft.stem, None
    else:
        kind, stem, container = "add", "", draft.container
    leading, alpha = contexts.draw(draft.start, draft.words, stem)
    tokens = split_units(draft.output)
    return Mapping(
        kind=kind,
        words=tuple(draft.words),
        tokens=tokens,
        leading_tokens=split_units(leading),
        alpha_context=tuple(tuple(entry.split(" ")) for entry in alpha),
        container=container,
        start=start,
        stop=stop,
        cursor=decode(tokens).cursor if CARET in tokens else None,
    )
