"""The parser for SCSS and CSS."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.corpusgen.snippets import stylesheets
from arqon_maestro.corpusgen.snippets.stylesheets import parse_stylesheet
from arqon_maestro.corpusgen.snippets.trees import ERROR_KIND, SyntaxTree

FINE = [
    '@use "config" with ($size: 1px, $map: (a: b));',
    '@forward "src/list" hide list-reset, $horizontal;',
    "$map: (a: 1, 'b c': (d: e), f: (1, 2)) !default;",
    "a { &-suffix { b: c } &:not(.d):hover > e { f: g } }",
    "@include m.box($a, $b...) using ($x) { c: $x; }",
    "a { @include rounded }",
    "%placeholder { a: b } .c { @extend %placeholder !optional; }",
    ".m-#{$name}-#{a.$b} { #{$side}-#{'x'}: calc(1px + #{f($a)}); }",
    "a { font: bold { family: serif; size: 1px } }",
    "@if a == b { c: d } @else if not e { f: g } @else { h: i }",
    "@each $k, $v in (a: b) { .#{$k} { c: $v } }",
    "@for $i from 1 through $n { a: b }",
    "@while $i > 0 { $i: $i - 1; }",
    "@function f($a, $b: math.div(1, 2)) { @return $a * $b; }",
    "ns.$variable: 1px;",
    "a { --empty: ; --json: [1, 2]; *zoom: 1; _height: 1px }",
    "a { background: url(data:image/png;base64,iVBO/+=) , url(//b.c/d.png), url('e;f') }",
    "a { filter: progid:DXImageTransform.Microsoft.gradient(startColorstr='#80', x=1); }",
    "@media screen and (max-width: 10px), print { a { b: c } }",
    "@supports not (display: grid) { a { b: c } }",
    "@keyframes x { from { a: b } 50.5% { a: c } to { a: d } }",
    '@font-face { font-family: "A\\"B"; src: local("x") }',
    '@charset "utf-8"; @import url("a.css") screen;',
    'a[href^="x"], a[b="{"]::after { content: "\\201C } ;" }',
    'a { content: "#{f("x")}"; b: "{#{$c}}" }',
    "/* a */ // b { \na { b: c; // d\n }",
    "---\nlayout: x\n---\na { b: c }",
    "@layer base, components; @layer base { a { b: c } }",
    "@container sidebar (width > 1px) { a { b: c } }",
    "a { b: if($c, d, e); ; }",
    "<!-- a { b: c } -->",
]
BROKEN = [
    "a { b: c",
    "a { b: c }}",
    "a { b c; }",
    "a { b: c\n d: e; }",
    "a { b: ; }",
    "a { b: (c; }",
    'a { b: "c; }',
    "{ a: b }",
    "a b;",
    "@else { a: b }",
    "a { b: c) }",
]


@pytest.mark.parametrize("source", FINE)
def test_what_is_written_has_no_errors(source: str) -> None:
    tree = parse_stylesheet(source)
    assert not tree.faulty
    assert tree.error_bytes == 0
    check(tree)


@pytest.mark.parametrize("source", BROKEN)
def test_mistakes_are_errors(source: str) -> None:
    tree = parse_stylesheet(source)
    assert 0 in tree.faulty
    assert tree.error_bytes > 0
    check(tree)


def test_an_error_costs_its_own_statement() -> None:
    source = "a { b c; d: e }\nf { g: h }\n"
    tree = parse_stylesheet(source)
    errors = [tree.text(node) for node in range(len(tree)) if tree.kinds[node] == ERROR_KIND]
    assert errors == ["b c"]
    assert tree.error_bytes == len("b c")
    kept = [tree.text(node) for node in range(len(tree)) if tree.kinds[node] == "declaration"]
    assert kept == ["d: e", "g: h"]
    second = [node for node in range(len(tree)) if tree.kinds[node] == "rule_set"][1]
    assert second not in tree.faulty


def check(tree: SyntaxTree) -> None:
    """Checks that nodes lie in their parents, and in order."""
    known = {*stylesheets.NODE_TYPES.split()}
    assert set(tree.kinds) <= known
    assert set(tree.fields) <= {"", *stylesheets.FIELDS.split()}
    assert tree.afters[0] == len(tree)
    for node in range(1, len(tree)):
        parent, before = tree.parents[node], tree.befores[node]
        assert parent < node < tree.afters[node] <= tree.afters[parent]
        assert tree.starts[parent] <= tree.starts[node] <= tree.ends[node] <= tree.ends[parent]
        if before >= 0:
            assert tree.parents[before] == parent
            assert tree.afters[before] == node
            assert tree.ends[before] <= tree.starts[node]


@given(st.text(st.sampled_from("ab {}()[];:,.#$@&\"'/*-\n") | st.characters(max_codepoint=126)))
def test_any_text_has_a_tree(source: str) -> None:
    check(parse_stylesheet(source.encode("ascii", "ignore").decode()))


@given(st.lists(st.sampled_from(FINE + BROKEN), max_size=4), st.integers(0, 60))
def test_cut_sources_have_a_tree(sources: list[str], cut: int) -> None:
    source = "\n".join(sources)
    check(parse_stylesheet(source[cut:]))


@pytest.mark.parametrize("unit", ["(", "{", "a{", "#{", '"#{', "[", "/*", "a:(", "url(", "@if a{"])
def test_deep_nesting_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    tree = parse_stylesheet(unit * 50_000)
    assert time.process_time() - started < 5
    assert tree.afters[0] == len(tree)
