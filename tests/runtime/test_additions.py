"""Where added code goes. The caret is ``|``; ``<>`` stands for the code in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro import languages
from arqon_maestro.runtime.additions import addition
from arqon_maestro.runtime.document import Document
from arqon_maestro.runtime.selection import ImpossibleError, UnsupportedError
from arqon_maestro.runtime.triggers import kinds_of, snippet_kind

PYTHON = languages.get("python")
CLASS = "class A:\n    def f(self):\n        x = 1\n\n    y = 2\n"


def document(marked: str) -> Document:
    return Document(marked.replace("|", ""), marked.index("|"))


def filled(marked: str, words: str, language: str = "python") -> tuple[str, str | None]:
    before = document(marked)
    place = addition(before, languages.get(language), words.split())
    after = place.filled(before, "<>", None)
    assert after.source[: after.cursor].endswith("<>")
    assert place.prefix(before) == after.source[: after.cursor - 2]
    return after.source, place.container


STATEMENTS, MEMBERS = "StatementList", "ClassMemberList"
PLACES = [
    ("function foo", "|", "<>", STATEMENTS),
    ("function foo", "x = 1|", "x = 1\n<>", STATEMENTS),
    ("function foo", "x = 1\n|", "x = 1\n<>", STATEMENTS),
    ("function foo", "x|  # why\ny", "x  # why\n<>\ny", STATEMENTS),
    ("return x", "def f():\n    pa|ss\n", "def f():\n    pass\n    <>\n", STATEMENTS),
    ("return x", "def f(|):\n    pass\n", "def f():\n    <>\n", STATEMENTS),
    ("return x", "def f():|\n    a\n", "def f():\n    <>\n    a\n", STATEMENTS),
    ("function g", "def f(|):\n    pass\nx\n", "def f():\n    pass\n<>\nx\n", STATEMENTS),
    ("if x", "def f(): pass|\ny", "def f(): pass\n<>\ny", STATEMENTS),
    ("x equals y", "if a:\n    b|\nelse:\n    c\n", "if a:\n    b\n    <>\nelse:\n    c\n", STATEMENTS),  # noqa: E501
    ("x equals y", "if a:\n    b\nelse:|\n    c\n", "if a:\n    b\nelse:\n    <>\n    c\n", STATEMENTS),  # noqa: E501
    ("x equals y", "f(a,\n  b|)\n", "f(a,\n  b)\n<>\n", STATEMENTS),
    ("x", "def f():\n    a\n    |\n", "def f():\n    a\n    <>\n", STATEMENTS),
    ("x", "def f():\n    a\n|\n    b\n", "def f():\n    a\n    <>\n    b\n", STATEMENTS),
    ("x", "def f():\n    a\n|\n", "def f():\n    a\n<>\n", STATEMENTS),
    ("x", "@d\ndef f():|\n    pass\n", "@d\ndef f():\n    <>\n", STATEMENTS),
    ("function g", CLASS.replace("x = 1", "x = 1|"), CLASS.replace("x = 1", "x = 1\n        <>"), STATEMENTS),  # noqa: E501
    ("method g", CLASS.replace("x = 1", "x = 1|"), CLASS.replace("x = 1", "x = 1\n    <>"), MEMBERS),  # noqa: E501
    ("method g", CLASS.replace("A:", "A|:"), CLASS.replace("A:\n", "A:\n    <>\n"), MEMBERS),
    ("function g", CLASS.replace("A:", "A|:"), CLASS.replace("A:\n", "A:\n    <>\n"), MEMBERS),
    ("property z", CLASS.replace("= 2", "= |2"), CLASS.replace("= 2", "= 2\n    <>"), MEMBERS),
    ("method g", "class A|:\n    pass\n", "class A:\n    <>\n", MEMBERS),
    ("method g", "x|", "x\n<>", STATEMENTS),
    ("import x", "import a\nb = 1|", "import a\n<>\nb = 1", STATEMENTS),
    ("import x", '"""Doc."""\nb = 1|', '"""Doc."""\n<>\nb = 1', STATEMENTS),
    ("import x", "# c\nb = 1|", "# c\n<>\nb = 1", STATEMENTS),
    ("import x", "|", "<>", STATEMENTS),
    ("parameter x", "def f(|): pass", "def f(<>): pass", "ParameterList"),
    ("parameter x", "def f(self|): pass", "def f(self, <>): pass", "ParameterList"),
    ("parameter x", "def f(self,|): pass", "def f(self, <>): pass", "ParameterList"),
    ("argument x", "f(a|)", "f(a, <>)", "ArgumentList"),
    ("argument x", "y = f()|", "y = f(<>)", "ArgumentList"),
    ("argument x", "f(g(|), b)", "f(g(<>), b)", "ArgumentList"),
    ("element x", "a = [1|, 2]", "a = [1, 2, <>]", "List_"),
    ("element x", "a = (1,|)", "a = (1, <>)", "List_"),
    ("entry x", "a = {1: 2|}", "a = {1: 2, <>}", "KeyValuePairList"),
    ("extends b", "class A|:\n    pass", "class A(<>):\n    pass", "ExtendsListOptional"),
    ("extends b", "class A(B|):\n    pass", "class A(B, <>):\n    pass", "ExtendsList"),
    ("decorator d", "x\ndef f(|): pass", "x\n<>\ndef f(): pass", "DecoratorList"),
    ("decorator d", "class A:\n    @e\n    def f(|): pass", "class A:\n    @e\n    <>\n    def f(): pass", "DecoratorList"),  # noqa: E501
    ("modifier async", "def f(|): pass", "<> def f(): pass", "ModifierList"),
    ("return type int", "def f(|): pass", "def f() -> <>: pass", "TypeOptional"),
    ("return value x", "def f():\n    return|", "def f():\n    return <>", "ReturnValueOptional"),
    ("return value x", "def f():\n    a|", "def f():\n    a\n    return <>", "ReturnValueOptional"),
    ("type int", "def f(x|): pass", "def f(x: <>): pass", "TypeOptional"),
    ("type int", "x| = 1", "x: <> = 1", "TypeOptional"),
    ("else", "if a:\n    b|\nc", "if a:\n    b\n<>\nc", "ElseClauseOptional"),
    ("else", "if a:\n    b\nelif c:\n    d|\n", "if a:\n    b\nelif c:\n    d\n<>\n", "ElseClauseOptional"),  # noqa: E501
    ("else", "  \nif a:\n  if b:\n    c\n|", "  \nif a:\n  if b:\n    c\n  <>\n", "ElseClauseOptional"),  # noqa: E501
    ("else if x", "if a:\n    b|\nelse:\n    d\n", "if a:\n    b\n<>\nelse:\n    d\n", "ElseIfClauseList"),  # noqa: E501
    ("catch e", "try:\n    a|\nfinally:\n    b\n", "try:\n    a\n<>\nfinally:\n    b\n", "CatchClauseList"),  # noqa: E501
    ("finally", "try:\n    a|\nexcept B:\n    c\n", "try:\n    a\nexcept B:\n    c\n<>\n", "FinallyClauseOptional"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("words", "before", "after", "container"), PLACES)
def test_places_in_python(words: str, before: str, after: str, container: str) -> None:
    assert filled(before, words) == (after, container)


def test_the_line_indentation_is_that_of_the_new_code() -> None:
    place = addition(document("class A:\n    def f(self|): pass\n"), PYTHON, ["method", "g"])
    assert place.line_indentation == "    "
    assert place.before == "\n    "


@pytest.mark.parametrize(
    ("words", "before"),
    [
        ("parameter x", "x|"),
        ("argument x", "x|"),
        ("element x", "x|"),
        ("extends b", "x|"),
        ("decorator d", "x|"),
        ("type int", "x|"),
        ("return type int", "def f() -> int|: pass"),
        ("else", "if a:\n    b|\nelse:\n    c"),
        ("finally", "x|"),
    ],
)
def test_impossible_places(words: str, before: str) -> None:
    with pytest.raises(ImpossibleError):
        addition(document(before), PYTHON, words.split())


def test_other_languages() -> None:
    assert filled("class A {\n  |\n}", "method f", "java") == ("class A {\n  <>\n}", STATEMENTS)
    assert filled("class A {\n  int x;|\n}", "method f", "java") == (
        "class A {\n  int x;\n  <>\n}",
        STATEMENTS,
    )
    with pytest.raises(UnsupportedError, match="not known for Java"):
        addition(document("f(|)"), languages.get("java"), ["argument", "x"])
    with pytest.raises(UnsupportedError, match="has no snippets"):
        addition(document("|"), languages.get("kotlin"), ["function", "x"])
    with pytest.raises(ImpossibleError, match="no snippet for this"):
        addition(document("|"), languages.get("ruby"), ["x", "equals", "y"])


@settings(max_examples=60, deadline=None)
@given(
    st.text("def f(a):\n    x = [1]\n  é", max_size=40),
    st.sampled_from(sorted(kinds_of("python"))),
    st.data(),
)
def test_any_source_and_caret(source: str, kind: str, data: st.DataObject) -> None:
    before = Document(source, data.draw(st.integers(0, len(source))))
    words = {
        "elseIf": ["elif", "x"],
        "forEach": ["for", "x"],
        "returnType": ["return", "type", "x"],
        "returnValue": ["return", "value", "x"],
        "bare": ["x"],
    }.get(kind, [kind, "x"])
    assert snippet_kind(words, "python") == kind
    try:
        place = addition(before, PYTHON, words)
    except ImpossibleError:
        return
    after = place.filled(before, "<>", None).source
    assert after.count("<>") == 1
    # Nothing of the source is lost but blanks, and a `pass` that makes room.
    left = after.replace("<>", "")
    missing = source[place.start : place.stop]
    assert not missing.strip() or missing == "pass"
    assert left == source[: place.start] + place.before + place.after + source[place.stop :]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("function get name", "function"),
        ("async def foo", "function"),
        ("public static method foo", "method"),
        ("int parameter x", "parameter"),
        ("parameter function", "parameter"),
        ("else if x", "elseIf"),
        ("else", "else"),
        ("for x in y", "forEach"),
        ("return value x", "returnValue"),
        ("return type int", "returnType"),
        ("return function foo", "bare"),
        ("get name function", "bare"),
        ("catch value error as e", "catch"),
        ("while loop x", "while"),
        ("class", "bare"),
        ("list of string field names", "property"),
    ],
)
def test_snippet_kind(words: str, kind: str) -> None:
    assert snippet_kind(words.split(), "python") == kind


def test_every_language_with_snippets_is_one() -> None:
    with_snippets = {name for name in languages.names() if kinds_of(name)}
    assert with_snippets == set(languages.names()) - {"bash", "dart", "kotlin", "default"}
    assert snippet_kind(["function", "x"], "kotlin") is None
