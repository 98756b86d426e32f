"""Formatting by rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.corpusgen import styles
from arqon_maestro.runtime.formatter import formatted, join_escapes, style_of, styled

WORDS = st.lists(st.from_regex(r"[a-z]{2,6}", fullmatch=True), min_size=2, max_size=4)
CLEAR = (
    styles.ALL_CAPS,
    styles.CAMEL_CASE,
    styles.DASHES,
    styles.PASCAL_CASE,
    styles.TITLE_CASE,
    styles.UNDERSCORES,
)


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ("hello world", "hello world"),
        ("x equals five", "x=5"),
        ("camel case foo bar equals twenty five plus a", "fooBar=25+a"),
        ("print open paren hello world close paren", "print(hello world)"),
        ("pascal case tank level dot all caps max size", "TankLevel.MAX_SIZE"),
        ("snake case", "snake case"),
        ("camel case", "camel case"),
        ("camel case one", "1"),
        ("one hundred and two and three", "102 and 3"),
        ("escape comma", "comma"),
        ("foo newline bar", "foo\nbar"),
        ("escape", "escape"),
        ("", ""),
    ],
)
def test_formatted(spoken: str, text: str) -> None:
    assert formatted(spoken.split(), "python") == text


def test_a_language_has_its_own_names() -> None:
    assert formatted(["a", "not", "b"], "java") == "a!b"
    assert formatted(["a", "not", "b"], "python") == "a not b"


@pytest.mark.parametrize("style", CLEAR)
@settings(max_examples=25)
@given(words=WORDS)
def test_a_clear_style_is_recognised(style: str, words: list[str]) -> None:
    assert style_of(styled(words, style)) == style


@pytest.mark.parametrize("text", ["foo", "foo bar", "x + 1", "", "foo\nbar", "f(x)"])
def test_no_clear_style(text: str) -> None:
    assert style_of(text) is None


def test_join_escapes() -> None:
    assert join_escapes(["escape", "comma", "foo", "escape"]) == ("ESCAPE_comma", "foo", "escape")
    assert join_escapes(["escape", "escape", "escape"]) == ("ESCAPE_escape", "escape")
