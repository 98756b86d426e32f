"""C++, and C with it."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="cplusplus",
    title="C++",
    extensions=(".c", ".h", ".cc", ".cpp", ".hpp", ".cxx", ".hxx", ".hh"),
    indentation="  ",
    grammar="tree_sitter_cpp",
    snippets="cplusplus",
    spoken_symbols={"&": ("address of", "ampersand")},
    brace_rule="c-plus-plus",
)
