"""SCSS, and CSS with it."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="scss",
    title="SCSS",
    extensions=(".scss", ".css"),
    indentation="  ",
    grammar="tree_sitter_scss",
    snippets="scss",
)
