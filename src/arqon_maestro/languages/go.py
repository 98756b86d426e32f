"""Go."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="go",
    title="Go",
    extensions=(".go",),
    grammar="tree_sitter_go",
    snippets="go",
)
