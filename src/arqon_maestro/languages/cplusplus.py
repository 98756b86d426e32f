"""C++, and C with it."""

from arqon_maestro.languages.language import Language, Layout

LANGUAGE = Language(
    name="cplusplus",
    title="C++",
    extensions=(".c", ".h", ".cc", ".cpp", ".hpp", ".cxx", ".hxx", ".hh"),
    indentation="  ",
    grammar="tree_sitter_cpp",
    snippets="cplusplus",
    spoken_symbols={"&": ("address of", "ampersand")},
    rejected_extensions={".c": "C source"},
    rejected_layouts=(
        Layout(
            "an opening brace on a line of its own",
            "line",
            {
                "compound_statement": (
                    "function_definition",
                    "for_statement",
                    "for_range_loop",
                    "if_statement",
                    "lambda_expression",
                )
            },
        ),
    ),
)
