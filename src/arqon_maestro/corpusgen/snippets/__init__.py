"""Add mappings: how a syntax node is said, and snippets inside the text of inserts."""

from arqon_maestro.corpusgen.snippets.source import SyntaxSnippets, snippet_source
from arqon_maestro.corpusgen.snippets.syntax import ParseLimitError

__all__ = ["ParseLimitError", "SyntaxSnippets", "snippet_source"]
