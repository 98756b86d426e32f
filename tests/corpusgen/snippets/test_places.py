"""Which list of statements or members is around a caret (``|`` in the sources)."""

from __future__ import annotations

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen.snippets.places import statement_list_at


@pytest.mark.parametrize(
    ("language", "text", "container"),
    [
        ("python", "|", "StatementList"),
        ("python", "class A:\n    x = 1\n    |\n", "ClassMemberList"),
        ("python", "class A:\n    x = 1\n|\n", "StatementList"),
        ("python", "class A:\n    def f():\n        a\n    |\n", "ClassMemberList"),
        ("python", "class A:\n    def f():\n        a\n\n        |\n", "StatementList"),
        ("python", "class A:\n    def f():\n        f(a, |b)\n", "StatementList"),
        ("python", "class A:\n    x = [a, |b]\n", "ClassMemberList"),
        ("java", "class A {\n    |\n}\n", "ClassMemberList"),
        ("java", "interface A {\n    |\n}\n", "InterfaceMemberList"),
        ("java", "class A {\n    void f() {\n        |\n    }\n}\n", "StatementList"),
        ("rust", "impl A {\n    |\n}\n", "ImplementationMemberList"),
        ("html", "<ul><li>a|</li></ul>", "MarkupContentList"),
        ("default", "a |b", None),
    ],
)
def test_statement_list(language: str, text: str, container: str | None) -> None:
    offset = text.index("|")
    source = text[:offset] + text[offset + 1 :]
    assert statement_list_at(languages.get(language), source, offset) == container
