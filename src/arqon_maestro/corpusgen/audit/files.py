"""The audit of one file."""

from __future__ import annotations

from arqon_maestro.corpusgen.audit.adds import check_adds
from arqon_maestro.corpusgen.audit.inserts import check_inserts
from arqon_maestro.corpusgen.audit.recording import RecordingGenerator
from arqon_maestro.corpusgen.audit.records import FileAudit
from arqon_maestro.corpusgen.audit.reparsing import Reparser
from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
from arqon_maestro.corpusgen.context import Contexts
from arqon_maestro.corpusgen.filters import layout_reason, tree_reason
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.snippets.shapes import Shapes, shapes_named
from arqon_maestro.corpusgen.snippets.syntax import entry_point
from arqon_maestro.corpusgen.tokens import decode, token_stream
from arqon_maestro.languages import Language

_MODE = "audit"


def audit_source(source: str, name: str, language: Language, seed: int = 0) -> FileAudit:
    """Makes all mappings of a file that the filter takes, and checks every one.

    Args:
        source: the file's text, not yet normalised.
        name: its name; with `seed` it decides every choice.
        language: its language.
        seed: the same seed gives the same mappings.

    Raises:
        MissingPartError: the language's grammar is not installed.
    """
    audit = FileAudit(name)
    stream = token_stream(source)
    audit.characters = len(stream.source)
    reason = layout_reason(stream.source, name, language)
    snippets = snippet_source(stream, language)
    if snippets is not None:
        audit.error_share = snippets.error_share
        reason = reason or tree_reason(snippets, language)
    if reason is not None:
        audit.rejects[reason] += 1
        return audit
    audit.taken = True
    choices = RandomChoices(seed_of(seed, _MODE, name))
    generator = RecordingGenerator(stream, language, choices, snippets)
    contexts = Contexts(stream, choices)
    shapes = None if language.snippets is None else shapes_named(language.snippets)
    check_inserts(generator, contexts, _placeholders(shapes), audit)
    if snippets is not None and shapes is not None:
        reparser = Reparser(stream.source, (entry_point(language), *shapes.other_grammars))
        check_adds(generator, snippets, contexts, reparser, audit)
        for reason, number in snippets.rejects.items():
            audit.rejects[f"node: {reason}"] += number
    return audit


def _placeholders(shapes: Shapes | None) -> list[str]:
    """Returns the texts that may take the place of a part that was taken out."""
    if shapes is None:
        return []
    replaced = {
        role.replace
        for shape in shapes.nodes.values()
        for role in shape.roles.values()
        if role.replace
    }
    tokens = [" ".join(words).split() for words in replaced]
    return sorted("".join(decode(words).text.split()) for words in tokens)
