"""Java."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="java",
    title="Java",
    extensions=(".java",),
    grammar="tree_sitter_java",
    snippets="java",
    spoken_symbols={
        "{}": ("empty list", "curly braces", "curly brackets", "braces"),
        "[]": ("square brackets", "brackets", "subs"),
    },
    usual_style="CAMEL_CASE",
)
