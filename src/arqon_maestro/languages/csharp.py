"""C#."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="csharp",
    title="C#",
    extensions=(".cs",),
    grammar="tree_sitter_c_sharp",
    snippets="csharp",
    brace_rule="c-sharp",
)
