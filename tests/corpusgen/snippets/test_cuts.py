"""Where a node may be cut short."""

from __future__ import annotations

import pytest

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.snippets.cuts import keywords

ROUNDS = 400


def _beginnings(parse_file, language: str, source: str) -> set[str]:
    """Returns what may be left of the source's first node."""
    file = parse_file(source, language)
    cuts, stream = file.snippets._file.cuts, file.stream
    node = 1
    end = min(file.snippets._file.tree.ends[node], len(source.rstrip("\n;")))
    return {
        source[: stream.start[unit]].rstrip()
        for unit in range(2, len(stream) - 1)
        if stream.start[unit] < end and cuts.allowed((node,), unit)
    }


@pytest.mark.parametrize(
    ("language", "source", "beginnings"),
    [
        ("python", "total = a + b\n", {"total", "total = a"}),
        ("python", "f(a, b)\n", {"f", "f(", "f(a", "f(a,", "f(a, b"}),
        ("python", "import os\n", set()),
        ("python", "return x.y\n", {"return", "return x"}),
        ("python", "is_file = 1\n", {"is_file"}),
        ("python", 'x = "a b"\n', {"x", 'x = "', 'x = "a', 'x = "a b'}),
        ("python", 'x = "\\n"\n', {"x", 'x = "', 'x = "\\n'}),
        ("java", "a.b(c);\n", {"a", "a.b(", "a.b(c"}),
        ("javascript", "a = super.b;\n", {"a"}),
        ("cplusplus", "int int_a = b;\n", {"int int_a"}),
        ("ruby", "f(a, <<~B)\n  c\nB\n", {"f(a, <<~B"}),
        ("python", 'x = """a"b c"""\n', {"x", 'x = """', 'x = """a', 'x = """a"b', 'x = """a"b c'}),
        ("kotlin", "f(';')\n", {"f", "f(", "f(';", "f(';'"}),
        (
            "scss",
            "$a: b(#{$c * -1} - d(1));\n",
            {"$a: b(#{$c * -1} - d(1", "$a: b(#{$c * -1} - d(1)"},
        ),
        ("bash", "# a `b` c\n", {"#", "# a", "# a `b`"}),
    ],
)
def test_beginnings(parse_file, language: str, source: str, beginnings: set[str]) -> None:
    assert _beginnings(parse_file, language, source) == beginnings


@pytest.mark.parametrize(
    ("body", "hollow"),
    [
        ("{ f(); }", True),
        ("{ { f(); } }", True),
        ("{ f(); } g();", False),
        ("// a\n{ f(); }", True),
    ],
)
def test_a_block_that_is_all_of_a_body_is_not_emptied(parse_file, body: str, hollow: bool) -> None:
    """The grammar of C++ takes ``void f() { {} }`` for an initializer."""
    source = f"void f() {{\n{body}\n}}\n"
    file = parse_file(source, "cplusplus")
    tree, cuts, stream = file.snippets._file.tree, file.snippets._file.cuts, file.stream
    blocks = [node for node, kind in enumerate(tree.kinds) if kind == "compound_statement"]
    for block in blocks[1:]:
        emptied = stream.index_at(tree.starts[block]) + 1
        bare = len(blocks) > 2 or hollow
        assert cuts.allowed((block,), emptied) != bare


def test_another_quote_inside_of_a_string_is_text(parse_file) -> None:
    source = "void f() {\n  g('a \"b c\" d');\n}\n"
    file = parse_file(source, "dart")
    tree, cuts, stream = file.snippets._file.tree, file.snippets._file.cuts, file.stream
    node = tree.kinds.index("string_literal")
    closers: list[range] = []
    assert cuts._may_end((node,), stream.index_at(source.index(" c")), closers)
    (closer,) = closers
    assert stream.start[closer[0]] == source.index("'", source.index("d'"))


def test_keywords_are_those_of_the_grammar() -> None:
    assert {"is", "not", "def"} <= keywords("python")
    assert "file" not in keywords("python")


def test_brackets_that_stay_open_are_no_end(parse_file) -> None:
    """A bracket that is said as a symbol is not closed, so the call cannot end inside it."""
    file = parse_file("f(aa + bb, cc)\n", "python")
    seen = set()
    for seed in range(ROUNDS):
        for draft in file.drafts(RandomChoices(seed)):
            if draft.kind == "Statement":
                seen.add(" ".join(unit for unit in draft.output if unit not in ("CRSR", "SP")))
    assert "f ( aa )" in seen
    assert "f ( )" in seen
    assert all(said.count("(") == said.count(")") for said in seen)
    assert not any(said.endswith(("+ )", "+")) for said in seen)


def test_a_line_that_ends_where_the_node_is_not_whole_is_counted(parse_file) -> None:
    file = parse_file("x = (a +\n     b)\ny = 1 + \\\n  2\n", "python")
    drafts = file.drafts(RandomChoices(1))
    assert file.snippets.rejects["cut short inside"] >= 1
    assert not any(draft.output[-2:] == ["+", "CRSR"] for draft in drafts)


def test_a_value_that_text_elsewhere_belongs_to_is_never_left_out(parse_file) -> None:
    """What is below a heredoc's mark is no part of the node, and would stay behind."""
    file = parse_file("class A\n  B = c <<-HTML\n    d\n  HTML\n  E = 1\nend\n", "ruby")
    said: dict[str, set[bool]] = {}
    for seed in range(ROUNDS):
        for draft in file.drafts(RandomChoices(seed)):
            if draft.kind == "Property":
                said.setdefault(draft.output[0], set()).add("=" in draft.output)
    assert said == {"A b": {True}, "A e": {True, False}}
    assert file.snippets.rejects["text elsewhere belongs to it"]
