"""Python."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="python",
    title="Python",
    extensions=(".py", ".pyi", ".pyw"),
    interpreters=("python", "pypy"),
    grammar="tree_sitter_python",
    snippets="python",
    spoken_symbols={
        "!": ("exclamation point", "exclamation mark", "bang", "exclam"),
        "||": ("pipes",),
        "&&": (),
        " and ": ("and",),
        " or ": ("or",),
        "not ": ("not",),
        " is ": ("is",),
        "delattr": ("del attr",),
        "getattr": ("get attr",),
        "hasattr": ("has attr",),
        "setattr": ("set attr",),
        "nonlocal": ("non local",),
        "isinstance": ("is instance",),
        "issubclass": ("is subclass",),
        "classmethod": ("class method",),
        "staticmethod": ("static method",),
        "frozenset": ("frozen set",),
        "True": ("true",),
        "False": ("false",),
        "None": ("none",),
    },
    usual_style="UNDERSCORES",
    additions="python",
)
