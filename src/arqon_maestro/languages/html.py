"""HTML."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="html",
    title="HTML",
    extensions=(".html", ".htm", ".xhtml"),
    indentation="  ",
    grammar="tree_sitter_html",
    snippets="html",
)
