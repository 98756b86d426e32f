"""Spans and positions. The caret is ``|``; a span is between ``[`` and ``]``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.corpusgen.grammar import Node
from arqon_maestro.corpusgen.grammar.parser import best_parse
from arqon_maestro.corpusgen.grammar.tree import nodes
from arqon_maestro.corpusgen.indentation import indentation_unit
from arqon_maestro.errors import UsageError
from arqon_maestro.languages import get
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.edit import Editor
from arqon_maestro.runtime.selection import ImpossibleError, UnsupportedError, selected
from arqon_maestro.runtime.style import Styler

from .fakes import TableModel


def document(marked: str) -> Document:
    return Document(marked.replace("|", ""), marked.index("|"))


def tree_of(command: str) -> Node:
    parse = best_parse(command.split())
    assert parse is not None, command
    return parse.tree


def selection_of(command: str) -> Node:
    return next(
        node
        for node in nodes(tree_of(command))
        if node.name in ("selectionWithImplicitPhrase", "selection")
    )


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("select line", "a b\nc |d\ne", "a b\n[c d]\ne"),
        ("select line two", "|a\nb\nc", "a\n[b]\nc"),
        ("select lines two to three", "|a\nb\nc\nd", "a\n[b\nc]\nd"),
        ("select next line", "a\n|b\nc", "a\nb\n[c]"),
        ("select previous two lines", "a\nb\n|c", "[a\nb]\nc"),
        ("select last line", "|a\nb\nc", "a\nb\n[c]"),
        ("select the first two lines", "|a\nb\nc", "[a\nb]\nc"),
        ("select the last two lines", "|a\nb\nc", "a\n[b\nc]"),
        ("select three lines", "a\n|b\nc\nd", "a\n[b\nc\nd]"),
        ("select word", "foo ba|r baz", "foo [bar] baz"),
        ("select word", "foo |bar", "foo [bar]"),
        ("select second word", "a\nfoo b|ar baz", "a\nfoo [bar] baz"),
        ("select second to last word", "foo bar |baz", "foo [bar] baz"),
        ("select next word", "foo| bar baz", "foo [bar] baz"),
        ("select next two words", "|foo bar baz", "[foo bar] baz"),
        ("select previous word", "foo bar| baz", "foo [bar] baz"),
        ("select three characters", "ab|cdef", "ab[cde]f"),
        ("select next character", "ab|cd", "ab[c]d"),
        ("select previous letter", "ab|cd", "a[b]cd"),
        ("select term", "x = f(a|, b)", "x = [f(a,] b)"),
        ("select all", "a\n|b", "[a\nb]"),
        ("select file", "a\n|b", "[a\nb]"),
        ("select to end of line", "a b|c d\ne", "a b[c d]\ne"),
        ("select to start of line", "x\na b|c", "x\n[a b]c"),
        ("select to end of file", "a |b\nc", "a [b\nc]"),
        ("select get name", "x = getName()|", "x = [getName]()"),
        ("select get name", "|get_name get_names getName", "[get_name] get_names getName"),
        ("select next foo", "foo |bar foo", "foo bar [foo]"),
        ("select previous foo", "foo bar| foo", "[foo] bar foo"),
        ("select second foo", "foo foo\nfoo| Foo", "foo foo\nfoo [Foo]"),
    ],
)
def test_selected(command: str, before: str, after: str) -> None:
    start, stop = selected(document(before), selection_of(command))
    source = document(before).source
    assert f"{source[:start]}[{source[start:stop]}]{source[stop:]}" == after


@pytest.mark.parametrize(
    "command",
    [
        "select line nine",
        "select third word",
        "select next line",
        "select nothing of this",
        "select end of line",
        "select next nine words",
        "select previous zebra",
    ],
)
def test_impossible_selections(command: str) -> None:
    with pytest.raises(ImpossibleError):
        selected(document("one |two"), selection_of(command))


@pytest.mark.parametrize("command", ["select function", "select function foo", "select two blocks"])
def test_selections_that_need_a_tree(command: str) -> None:
    with pytest.raises(UnsupportedError, match="syntax tree"):
        selected(document("one |two"), selection_of(command))


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("go to line two", "|a\nb", "a\n|b"),
        ("go to end of line", "a|bc\nd", "abc|\nd"),
        ("go to start of file", "abc\nd|", "|abc\nd"),
        ("go to end of file", "|abc\nd", "abc\nd|"),
        ("next word", "|foo bar", "foo |bar"),
        ("previous word", "foo bar|", "foo |bar"),
        ("after next word", "foo| bar baz", "foo bar| baz"),
        ("go down two lines", "ab|c\nd\nefgh", "abc\nd\nef|gh"),
        ("go up two lines", "a\nb|", "a|\nb"),
        ("down", "a|bc\nd", "abc\nd|"),
        ("right three", "a|bcdef", "abcd|ef"),
        ("left nine", "abc|", "|abc"),
        ("forward two words", "|foo bar baz", "foo bar |baz"),
        ("back two characters", "abc|", "a|bc"),
        ("after foo", "x foo y|", "x foo| y"),
        ("go to next foo", "|foo foo", "foo |foo"),
        ("delete line", "a\n|b\nc", "a\n|c"),
        ("delete line", "a\nb|", "a|"),
        ("delete line", "a|", "|"),
        ("delete lines one to two", "a\nb\nc|", "|c"),
        ("delete line three times", "|a\nb\nc\nd", "|d"),
        ("delete line twice", "|a\nb\nc", "|c"),
        ("delete to end of line", "a|bc\nd", "a|\nd"),
        ("delete next word", "foo |bar baz", "foo | baz"),
        ("duplicate line", "a\n  b|\nc", "a\n  b\n  b|\nc"),
        ("duplicate word", "foo| x", "foofoo| x"),
        ("new line", "  a|b", "  a\n  |b"),
        ("new line below", "  a|b\nc", "  ab\n  |\nc"),
        ("new line above", "  a|b", "  |\n  ab"),
        ("new line two times", "a|", "a\n\n|"),
        ("type x equals five", "a |", "a x=5|"),
        ("type above done", "  a|", "  done|\n  a"),
        ("change foo bar to baz qux", "x = fooBar|", "x = bazQux|"),
        ("change foo bar to baz", "foo_bar|", "baz|"),
        ("delete line delete line", "|a\nb\nc", "|c"),
        ("go to end of line type x", "a|b", "abx|"),
    ],
)
def test_commands_without_models(command: str, before: str, after: str) -> None:
    (outcome,) = Editor(get("python"), Styler(TableModel({}))).carry_out(
        document(before), tree_of(command)
    )
    assert outcome.document is not None, outcome.note
    result = outcome.document
    assert result.source[: result.cursor] + "|" + result.source[result.cursor :] == after


def test_a_selection_is_replaced() -> None:
    editor = Editor(get("python"), Styler(TableModel({})))
    (outcome,) = editor.carry_out(document("foo |bar baz"), tree_of("select word type x"))
    assert outcome.document == Document("foo x baz", 5)


@pytest.mark.parametrize(
    ("command", "possible", "meta"),
    [
        ("undo", True, False),
        ("copy line", True, False),
        ("use two", True, True),
        ("delete function", True, False),
        ("delete line nine", False, False),
        ("change zebra to horse", False, False),
    ],
)
def test_what_is_not_carried_out(command: str, possible: bool, meta: bool) -> None:
    editor = Editor(get("python"), Styler(TableModel({})))
    (outcome,) = editor.carry_out(document("a|"), tree_of(command))
    assert outcome.document is None
    assert outcome.note
    assert (outcome.possible, outcome.meta) == (possible, meta)


def test_the_caret_lies_in_the_source() -> None:
    with pytest.raises(UsageError, match="outside the source"):
        Document("abc", 4)
    with pytest.raises(UsageError):
        Document("abc", -1)


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        ("", "    "),
        ("a:\n  b\nc:\n  d\n", "  "),
        ("a:\n\tb\n", "\t"),
        ("a:\n        b\nc:\n   d:\n      e", "   "),
        ("/*\n * x\n */\na:\n   b", "   "),
        ("a:\n    b:\n\n        c\nd:\n  e", "    "),
    ],
)
def test_indentation_unit(source: str, unit: str) -> None:
    assert indentation_unit(source, get("python")) == unit


@given(st.text("ab _\n", max_size=20), st.data())
def test_every_command_leaves_a_caret_inside(source: str, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, len(source)))
    command = data.draw(
        st.sampled_from(
            [
                "delete line",
                "delete word",
                "go to end of line",
                "next word",
                "down three",
                "new line above",
                "delete next two characters",
                "duplicate line",
                "select word",
                "delete the last two lines",
                "go to line two",
                "type a",
            ]
        )
    )
    before = Document(source, cursor)
    editor = Editor(get("python"), Styler(TableModel({})))
    (outcome,) = editor.carry_out(before, tree_of(command))
    if outcome.document is not None:
        assert 0 <= outcome.document.cursor <= len(outcome.document.source)
    else:
        assert not outcome.possible
