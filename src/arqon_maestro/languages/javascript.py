"""JavaScript and TypeScript, with JSX."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="javascript",
    title="JavaScript",
    extensions=(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"),
    interpreters=("node", "nodejs", "deno", "bun"),
    indentation="  ",
    grammar="tree_sitter_typescript",
    # The grammar of TSX takes types in .js files too, which the one of JavaScript does not.
    grammar_function="language_tsx",
    snippets="javascript",
    spoken_symbols={
        "=>": ("right arrow", "arrow"),
        "->": (),
        "typeof ": ("typeof",),
        " instanceof ": ("instance of", "instanceof"),
        "const ": ("const",),
        "let ": ("let",),
        "var ": ("var",),
    },
    usual_style="CAMEL_CASE",
)
