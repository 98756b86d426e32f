"""The flat syntax tree."""

from __future__ import annotations

import pytest

from arqon_maestro.corpusgen.snippets.selectors import compile_path, select
from arqon_maestro.corpusgen.snippets.syntax import parse
from arqon_maestro.corpusgen.snippets.trees import SyntaxTree
from arqon_maestro.errors import MissingPartError

PYTHON = ("tree_sitter_python",)
SOURCE = "try:\n    a\nexcept B:\n    c\nexcept D:\n    e\n"


def _texts(tree: SyntaxTree, path: str) -> list[str]:
    (statement,) = tree.children(0)
    return [tree.text(node) for node in select(tree, statement, path)]


def test_nodes_are_in_preorder_and_parents_hold_their_children() -> None:
    tree = parse(SOURCE, PYTHON)
    for node in range(1, len(tree)):
        parent = tree.parents[node]
        assert parent < node < tree.afters[parent]
        assert tree.starts[parent] <= tree.starts[node] <= tree.ends[node] <= tree.ends[parent]
        assert node in list(tree.children(parent))
    assert tree.afters[0] == len(tree)


def test_anonymous_tokens_are_quoted_and_fields_named() -> None:
    tree = parse("async def f(): pass", PYTHON)
    (function,) = tree.children(0)
    kinds = [tree.kinds[child] for child in tree.children(function)]
    assert kinds == ["'async'", "'def'", "identifier", "parameters", "':'", "block"]
    assert [tree.fields[child] for child in tree.children(function)][2] == "name"


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (".body", ["a"]),
        ("except_clause[0]/.value", ["B"]),
        ("except_clause[1:]/.value|block", ["D", "e"]),
        ("except_clause[-1]/block", ["e"]),
        ("*/expression_statement", ["a"]),
        ("'try'", ["try"]),
        ("(except_clause)*/block", ["c"]),
        ("finally_clause/block", []),
        ("block/+except_clause/.value", ["B"]),
        ("block/+finally_clause", []),
        ("''", ["try", ":"]),
        (".", [SOURCE.rstrip()]),
    ],
)
def test_paths(path: str, texts: list[str]) -> None:
    assert _texts(parse(SOURCE, PYTHON), path) == texts


def test_malformed_path() -> None:
    with pytest.raises(ValueError, match="malformed step"):
        compile_path("block[2]")


def test_error_share_counts_outermost_errors() -> None:
    assert parse("a = 1\n", PYTHON).error_share == 0
    broken = parse("a = 1\n)))\n", PYTHON)
    assert 0 < broken.error_share < 1
    assert 0 in broken.faulty


def test_the_grammar_with_fewer_errors_wins() -> None:
    source = "const a = <T>b;\n"
    tsx, plain = "tree_sitter_typescript:language_tsx", "tree_sitter_typescript:language_typescript"
    assert parse(source, (tsx,)).faulty
    assert not parse(source, (tsx, plain)).faulty


def test_a_missing_grammar_is_named() -> None:
    with pytest.raises(MissingPartError, match="tree_sitter_klingon is not installed"):
        parse("", ("tree_sitter_klingon",))


@pytest.mark.parametrize("text", ["", "\n", "   "])
def test_blank_sources(text: str) -> None:
    tree = parse(text, PYTHON)
    assert len(tree) == 1
    assert tree.error_share == 0


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("[", ""), ("f(", ")"), ("-", "")])
def test_deep_nesting_neither_crashes_nor_hangs(opening: str, closing: str) -> None:
    depth = 100_000
    tree = parse(opening * depth + closing * depth, PYTHON)
    assert len(tree) > depth
