"""C#."""

from arqon_maestro.languages.language import Language, Layout

LANGUAGE = Language(
    name="csharp",
    title="C#",
    extensions=(".cs",),
    grammar="tree_sitter_c_sharp",
    snippets="csharp",
    rejected_layouts=(
        Layout(
            "a blank before the parenthesis of a call",
            "blank",
            {
                "argument_list": ("invocation_expression",),
                "parameter_list": (
                    "method_declaration",
                    "constructor_declaration",
                    "local_function_statement",
                ),
            },
        ),
    ),
)
