"""Checks of add mappings: a caret, a container, known tokens, and a file that still parses."""

from __future__ import annotations

import re

from arqon_maestro.corpusgen.audit.inserts import check_contexts, check_words
from arqon_maestro.corpusgen.audit.recording import RecordingGenerator
from arqon_maestro.corpusgen.audit.records import BARE, Example, FileAudit
from arqon_maestro.corpusgen.audit.reparsing import Reparser
from arqon_maestro.corpusgen.context import Contexts
from arqon_maestro.corpusgen.generation import CARET, AddDraft, SnippetSource
from arqon_maestro.corpusgen.indentation import indentation_unit, line_indentation
from arqon_maestro.corpusgen.snippets.shapes import container_names
from arqon_maestro.corpusgen.tokens import decode, split_units

ONE_CARET = "add: one caret"
CONTAINER = "add: a known container"
TOKENS = "add: known tokens"
PARSES = "add: put back, the file has no more syntax errors"

# The printed forms of section 1.1: words, digits, symbols, markers before a word.
_TARGET = re.compile(r"(?:(?:SP|I|D|NL|CRSR|(?:[CA] )?[a-z][a-z']*|[0-9]|[!-/:-@\[-`{-~])(?: |$))+")
_LONGEST_EXAMPLE = 40  # units


def check_adds(
    generator: RecordingGenerator,
    snippets: SnippetSource,
    contexts: Contexts,
    reparser: Reparser,
    audit: FileAudit,
) -> None:
    """Makes the add mappings of a file and checks them.

    Args:
        generator: says the file.
        snippets: its syntax tree.
        contexts: draws the contexts.
        reparser: parses the file again.
        audit: counts the checks.
    """
    stream = generator.stream
    indentation = indentation_unit(stream.source, generator.language)
    for draft in snippets.mappings(generator):
        if not draft.words or not draft.output:
            audit.rejects["node: nothing is said"] += 1
            continue
        _count(draft, audit)
        offset = stream.start[draft.start]
        kind = draft.kind or BARE
        tokens = split_units(draft.output)

        carets = tokens.count(CARET)
        allowed = (0, 1) if draft.kind is None else (1,)
        reason = None if carets in allowed else f"{carets} carets"
        audit.check(ONE_CARET, reason, offset, draft.words, tokens, kind)
        reason = None if draft.container in container_names() else draft.container
        audit.check(CONTAINER, reason, offset, draft.words, tokens, kind)
        reason = None if _TARGET.fullmatch(" ".join(tokens)) else "not printed tokens"
        audit.check(TOKENS, reason, offset, draft.words, tokens, kind)
        check_words(draft.words, draft.output, offset, audit, kind)
        leading, alpha = contexts.draw(draft.start, draft.words)
        check_contexts(stream, draft.start, leading, alpha, "", audit)

        text = decode(tokens, indentation, line_indentation(stream.source, offset)).text
        stop = stream.start[draft.stop]
        faults = reparser.new_faults(offset, stop, text)
        reason = None
        if faults:
            reason = (
                f"{faults} more; {'cut short, ' if draft.partial else ''}{draft.container},"
                f" instead of {stream.source[offset:stop]!r}"
            )
        audit.check(PARSES, reason, offset, draft.words, tokens, kind)


def _count(draft: AddDraft, audit: FileAudit) -> None:
    kind = draft.kind or BARE
    audit.adds += 1
    audit.partial += draft.partial
    audit.kinds[kind] += 1
    audit.containers[draft.container] += 1
    if len(draft.output) <= _LONGEST_EXAMPLE and kind not in audit.examples:
        audit.examples[kind] = Example(
            draft.container, " ".join(draft.words), " ".join(draft.output)
        )
