"""What was heard, in the parser's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.runtime.transcripts import (
    MAX_TRANSCRIPTS,
    Transcript,
    distinct,
    heard,
    normalise,
    typed,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Add Function  get name", "add function get name"),
        ("um add uh x", "add x"),
        ("umbrella", "umbrella"),
        ("don't it's", "don't it's"),
        ("line 42", "line four two"),
        ("go to line10", "go to line one zero"),
        ("foo.bar", "foo dot bar"),
        ("x=5", "x equals five"),
        ("a, b", "a comma b"),
        ("snake_case", "snake underscore case"),
        ("naïve ☃", "naive"),
        ("½", "one slash two"),
        ("0um", "zero"),
        ("", ""),
    ],
)
def test_normalise(text: str, words: str) -> None:
    assert " ".join(normalise(text)) == words


@given(st.text())
def test_normalised_words_have_letters_alone(text: str) -> None:
    words = normalise(text)
    assert all(set(word) <= set("abcdefghijklmnopqrstuvwxyz'") for word in words)
    assert normalise(" ".join(words)) == words


def test_distinct_transcripts() -> None:
    readings = [Transcript((word,), float(cost)) for cost, word in enumerate("abacada")]
    assert [reading.text for reading in distinct(readings)] == ["a", "b", "c", "d"]
    assert distinct(readings)[0].acoustic_cost == 0.0
    many = [Transcript((str(number),)) for number in range(50)]
    assert len(distinct(many)) == MAX_TRANSCRIPTS == 20


def test_typed_and_heard() -> None:
    assert typed(["Add X", "add x", "at x"]) == [Transcript(("add", "x")), Transcript(("at", "x"))]
    (reading,) = heard([("um url", 3.0, 4.0)])
    assert reading == Transcript(("url",), 3.0, 4.0)
    assert reading.cost == 7.0
