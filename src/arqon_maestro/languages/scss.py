"""SCSS, and CSS with it."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="scss",
    title="SCSS",
    extensions=(".scss", ".css"),
    indentation="  ",
    # The wheel of SCSS fails on a fifth of what is written (docs/reference/scss.md).
    grammar="arqon_maestro.corpusgen.snippets.stylesheets",
    grammar_function="parse_stylesheet",
    snippets="scss",
)
