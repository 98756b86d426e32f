"""Kotlin."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="kotlin",
    title="Kotlin",
    extensions=(".kt", ".kts"),
    interpreters=("kotlin",),
    grammar="tree_sitter_kotlin",
    snippets="kotlin",
    ruled_words=frozenset({"lambda", "tag"}),
)
