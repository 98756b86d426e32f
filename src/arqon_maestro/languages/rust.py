"""Rust."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="rust",
    title="Rust",
    extensions=(".rs",),
    grammar="tree_sitter_rust",
    snippets="rust",
)
