"""Dart."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="dart",
    title="Dart",
    extensions=(".dart",),
    interpreters=("dart",),
    indentation="  ",
    grammar="tree_sitter_dart",
    snippets="dart",
    ruled_words=frozenset({"lambda", "tag"}),
)
