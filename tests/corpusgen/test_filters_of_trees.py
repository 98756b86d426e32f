"""The layout rules of C++ and C#, where their grammars are installed."""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import filters

tree_sitter = pytest.importorskip("tree_sitter")

BRACE_BELOW = "file: an opening brace on a line of its own"
BLANK_BEFORE = "file: a blank before the parenthesis of a call"


class Tree:
    """As much of a snippet source as the filter reads."""

    def __init__(self, grammar: str, source: str, error_share: float = 0.0) -> None:
        language = tree_sitter.Language(importlib.import_module(grammar).language())
        self.root: Any = tree_sitter.Parser(language).parse(source.encode()).root_node
        self.error_share = error_share
        self.rejects: Counter[str] = Counter()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("int f() {\n return 1;\n}\n", None),
        ("int f()\n{\n return 1;\n}\n", BRACE_BELOW),
        ("void g() {\n for (;;)\n {\n }\n}\n", BRACE_BELOW),
        ("void g() {\n if (x)\n {\n }\n}\n", BRACE_BELOW),
        ("void g() {\n {\n }\n}\n", None),
        ("class A\n{\n};\n", None),
    ],
)
def test_cplusplus(source: str, reason: str | None) -> None:
    pytest.importorskip("tree_sitter_cpp")
    tree = Tree("tree_sitter_cpp", source)
    assert filters.tree_reason(tree, languages.get("cplusplus")) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class A { void F() { g(1); } }", None),
        ("class A { void F () { } }", BLANK_BEFORE),
        ("class A { void F() { g (1); } }", BLANK_BEFORE),
    ],
)
def test_csharp(source: str, reason: str | None) -> None:
    pytest.importorskip("tree_sitter_c_sharp")
    tree = Tree("tree_sitter_c_sharp", source)
    assert filters.tree_reason(tree, languages.get("csharp")) == reason  # type: ignore[arg-type]


def test_errors_are_rejected_by_their_share() -> None:
    tree = Tree("tree_sitter_python", "x = 1\n", error_share=0.03)
    python = languages.get("python")
    assert filters.tree_reason(tree, python) == filters.SYNTAX_ERRORS  # type: ignore[arg-type]
