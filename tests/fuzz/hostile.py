"""Sources that nobody writes, by name: functions from about how many characters they have."""

from __future__ import annotations

from collections.abc import Callable

Maker = Callable[[int], str]


def _repeated(piece: str) -> Maker:
    return lambda size: (piece * (size // len(piece) + 1))[:size]


def _nested(opener: str, closer: str) -> Maker:
    return lambda size: (
        opener * (size // (len(opener) + len(closer)))
        + closer * (size // (len(opener) + len(closer)))
    )


def _between(before: str, piece: str, after: str) -> Maker:
    return lambda size: before + piece * (size // len(piece)) + after


def _fixed(text: str) -> Maker:
    return lambda size: text


SOURCES: dict[str, Maker] = {
    "empty": _fixed(""),
    "one blank": _fixed(" "),
    "byte order mark": _fixed("\ufeff"),
    "letters": _repeated("a"),
    "digits": _repeated("7"),
    "underscores": _repeated("_"),
    "blanks": _repeated(" "),
    "tabs": _repeated("\t"),
    "line feeds": _repeated("\n"),
    "carriage returns": _repeated("\r"),
    "mixed line ends": _repeated("a\r\n\rb\n\r"),
    "Unicode line ends": _repeated("a\u2028b\u2029c\u0085d\v\f"),
    "NUL": _repeated("a\0b\0"),
    "lone surrogates": _repeated("a\ud800b\udfff"),
    "zero width": _repeated("a\u200bb\u200d\ufeffc"),
    "right to left": _repeated("\u202e\u05d0\u05d1 \u0627\u0644 = 1\n"),
    "emoji": _repeated("x = '\U0001f600\U0001f468\u200d\U0001f469'\n"),
    "mixed indentation": _repeated("\ta\n    b\n \t c\n"),
    "members": _repeated("a.b.c."),
    "one name": _repeated("foo "),
    "snake case": _repeated("ab_"),
    "camel case": _repeated("aB"),
    "short numbers": _repeated("12 "),
    "decimals": _repeated("1."),
    "plural words": _repeated("names "),
    "quotes": _repeated('"'),
    "apostrophes": _repeated("'"),
    "ticks": _repeated("`"),
    "pipes": _repeated("a| "),
    "strings": _repeated('"abc" '),
    "unclosed string": _between('"', "abc ", ""),
    "escaped quotes": _between('"', '\\"', ""),
    "triple quotes": _repeated('"""a\n'),
    "semicolons": _repeated(";"),
    "symbols": _repeated("+-*/%=<>!&|^~"),
    "backslashes": _repeated("\\"),
    "openers": _repeated("([{"),
    "closers": _repeated(")]}"),
    "parentheses": _nested("(", ")"),
    "brackets": _nested("[", "]"),
    "braces": _nested("{", "}"),
    "angle brackets": _nested("<", ">"),
    "mixed brackets": _nested("([{<", ">}])"),
    "calls": _nested("f(", ")"),
    "indices": _nested("x[", "]"),
    "arguments": _between("f(", "a, ", ")"),
    "functions": _nested("function f(){", "}"),
    "classes": _nested("class A {\n", "}\n"),
    "ifs": _nested("if (a) {\n", "}\n"),
    "ifs without braces": _repeated("if(a)"),
    "Go ifs": _nested("if a {\n", "}\n"),
    "Ruby ifs": _nested("if a\n", "end\n"),
    "Python ifs": lambda size: "".join(
        f"{' ' * depth}if a:\n" for depth in range(int((2 * size) ** 0.5))
    ),
    "else ifs": _repeated("if (a) b; else "),
    "elifs": _between("if a:\n b\n", "elif a:\n b\n", ""),
    "lambdas": _repeated("lambda a: "),
    "tags": _nested("<a>", "</a>"),
    "unclosed tags": _repeated("<a><b>"),
    "attributes": _repeated('a="b" '),
    "comments": _repeated("// a\n"),
    "hash comments": _repeated("# a\n"),
    "unclosed comments": _repeated("/* "),
    "markup comments": _repeated("<!-- a -->\n"),
    "errors": _repeated("@ ) ]\n"),
    "statements": _repeated("a = b;\n"),
    "rules": _nested("a{", "}"),
    "heredocs": _repeated("<<A\n"),
}

# The parsers themselves take quadratic time, up to their limit.
SLOW_TO_PARSE = frozenset(("symbols", "unclosed comments", "closers", "ifs without braces"))
