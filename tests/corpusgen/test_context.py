"""Leading and alpha contexts: worked examples of corpusgen.md, sections 1.6 and 2."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_choices import Plain

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.context import (
    AlphaIndex,
    Contexts,
    _units_before,
    auto_style_line,
    auto_style_source,
    leading_tokens,
)
from arqon_maestro.corpusgen.rates import LEADING_UNITS_AT_INFERENCE
from arqon_maestro.corpusgen.spoken.number_parser import parse_number
from arqon_maestro.corpusgen.spoken.readings import readings
from arqon_maestro.corpusgen.styles import IDENTIFIER, styles_of
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.corpusgen.unknowns import UnknownReplacer

CLIP = "max_width = 80\n\ndef clip(v):\n    return "


def test_example_of_an_insert() -> None:
    stream = token_stream(CLIP)
    first = len(stream) - 10
    entries = AlphaIndex(stream).matching(["min", "of", "v", "comma", "max", "width"], first)
    alpha = [printed for _, _, printed in entries]
    line = auto_style_line(
        alpha, stream.printed[first:], ["min", "of", "v", "comma", "max", "width"], None
    )
    assert line == ("max _ width CTX def SP clip ( v ) : I return SP ENG min of v comma max width")
    lexicon = set((line + " min ( v , SP )").split()) - {"clip", "width"}
    pair = UnknownReplacer(lexicon).encode_pair(line, "min ( v , SP max _ width )")
    assert (pair.source, pair.target) == (  # type: ignore[union-attr]
        "max _ UNK0 CTX def SP UNK1 ( v ) : I return SP ENG min of v comma max UNK0",
        "min ( v , SP max _ UNK0 )",
    )


def test_example_of_an_addition() -> None:
    line = auto_style_line(
        [], ["C tank", "SP", "{", "I"], ["method", "int", "read", "level"], "ClassMemberList"
    )
    assert line == "CTX C tank SP { I SNIP_ClassMemberList method int read level"


def test_at_use_the_window_is_35_units() -> None:
    source = "a_b = 1\n" + "x = 12\n" * 20
    assert len(token_stream(source)) == 129
    assert leading_tokens(source, len(source))[:4] == ["SP", "=", "SP", "1"]
    assert len(leading_tokens(source, len(source))) == 35 + 6  # six numbers of two digits
    assert auto_style_source(source, len(source), ["a", "b"]).startswith("a _ b CTX SP = SP 1 2")
    assert auto_style_source("", 0, ["x"]) == "CTX NL ENG x"
    assert auto_style_source("", 0, ["x"], "StatementList") == "CTX NL SNIP_StatementList x"


def test_only_text_before_the_caret_counts() -> None:
    source = CLIP + "x\n" + "a_b = 1\n" * 60
    assert auto_style_source(source, len(CLIP), ["a", "b"]) == auto_style_source(
        CLIP, len(CLIP), ["a", "b"]
    )


@pytest.mark.parametrize(
    ("source", "words", "entries"),
    [
        ("sha256 = 1", "sha two fifty six", {"sha 2 5 6"}),
        ("sha256 = 1", "sha two five six", {"sha 2 5 6"}),
        ("sha256 = 1", "sha two hundred and fifty six", {"sha 2 5 6"}),
        ("sha256 = 1", "sha two fifty", set()),
        ("foo_bar", "foo bar", {"foo _ bar"}),
        ("foo_bar", "bar foo", set()),
        ("foo_bar foo bar", "foo bar", {"foo _ bar", "foo", "bar"}),
        ("right = 1", "right paren", {"right"}),
        ("fooBar fooBar", "x foo bar y", {"foo C bar"}),
        ("MAX_SIZE", "max size", {"A max _ A size"}),
        ("Big Cat", "big cat", {"C big SP C cat"}),
        ("foo_2", "foo two", {"foo"}),
    ],
)
def test_matching(source: str, words: str, entries: set[str]) -> None:
    stream = token_stream(source)
    found = AlphaIndex(stream).matching(words.split(), len(stream))
    assert {printed for _, _, printed in found} == entries


def test_an_identifier_across_the_window_counts_up_to_it() -> None:
    stream = token_stream("alpha_beta_gamma")
    words = ["alpha", "beta", "gamma"]
    assert AlphaIndex(stream).matching(words, 5) == [(1, 3, "alpha _ beta")]
    assert AlphaIndex(stream).matching(words, 4) == [(1, 3, "alpha _ beta")]
    assert AlphaIndex(stream).matching(words, 3) == [(1, 1, "alpha")]


def test_the_window_is_1500_units_and_starts_at_a_symbol() -> None:
    stream = token_stream("first second " + "; " * 749 + "x")
    words = ["first", "second", "x"]
    index = AlphaIndex(stream)
    found = [printed for _, _, printed in index.matching(words, len(stream) - 1)]
    assert found == []  # "second" lies at the window's edge
    assert len(stream) == 1504


PIECES = st.sampled_from(
    ("\n", "\n", "\r\n", "    ", " ", "\t", "get_name", "maxWidth", "Max", " = ", "(", "12", "é")
)


@given(st.lists(PIECES, max_size=400), st.integers(1, 40), st.integers(0, 50))
def test_the_end_of_a_file_is_enough(pieces: list[str], reach: int, back: int) -> None:
    """Long files are looked at from near the caret only; that changes nothing."""
    source = "".join(pieces)
    offset = max(0, len(source) - back)
    found, whole = _units_before(source, offset, reach), token_stream(source[:offset])
    assert found.printed[-reach:] == whole.printed[-reach:]
    assert found.shape[-reach:] == whole.shape[-reach:]
    if len(found) < len(whole):
        assert len(found) > reach


def test_the_end_of_a_long_file_is_enough() -> None:
    lines = [f"first_{number} = maxWidth(some_name, {number})\n" for number in range(4000)]
    source = "def setup():\n" + "".join(f"    {line}" for line in lines)
    words = ["some", "name", "max", "width", "first", "is"]
    stream = token_stream(source)
    first = len(stream) - LEADING_UNITS_AT_INFERENCE
    entries = sorted(AlphaIndex(stream).matching(words, first), reverse=True)
    expected = auto_style_line(
        [printed for _, _, printed in entries], stream.printed[first:], words, None
    )
    assert expected.count("ASD") == 2
    assert auto_style_source(source, len(source), words) == expected
    started = time.process_time()
    for _ in range(20):
        auto_style_source(source, len(source), words)
    assert (time.process_time() - started) / 20 < 0.05


def test_the_worked_example_at_the_caret() -> None:
    """Section 2.1's file; at use the leading context has 35 units, here all that there are."""
    line = auto_style_source(CLIP, len(CLIP), ["min", "of", "v", "comma", "max", "width"])
    assert line == (
        "CTX NL max _ width SP = SP 8 0 NL NL def SP clip ( v ) : I return SP "
        "ENG min of v comma max width"
    )
    padded = CLIP + "min(v, max_width)\n\nx = 1\n\n\ndef other(a, b):\n    return a "
    line = auto_style_source(padded, len(padded), ["max", "width", "v"])
    leading = " ".join(leading_tokens(padded, len(padded)))
    assert line == f"v ASD max _ width CTX {leading} ENG max width v"


def test_entries_that_do_not_fit_are_passed_over() -> None:
    long = "_".join(["long"] * 26)
    stream = token_stream(f"{long} = 1\nshort = 2\n" + "; " * 60)
    words = ["long"] * 26 + ["short"]
    _, alpha = Contexts(stream, _Order()).draw(len(stream), words)
    assert alpha == ["short"]


class _Order(Plain):
    """Keeps everything, in order."""

    def flip(self, probability: float) -> bool:
        return probability > 0


def test_training_drops_alpha_entries_beside_a_short_leading_context() -> None:
    stream = token_stream("some_name = 1\n" * 30)
    contexts = Contexts(stream, RandomChoices(5))
    kept, lengths = {True: 0, False: 0}, set()
    with_long = 0
    for _ in range(3000):
        leading, alpha = contexts.draw(len(stream), ["some", "name"])
        lengths.add(len(leading))
        with_long += len(leading) >= 25
        kept[len(leading) >= 25] += bool(alpha)
    assert lengths == set(range(50))
    assert kept[False] == 0
    assert 0.87 < kept[True] / with_long < 0.93


@pytest.mark.parametrize(
    ("source", "styles"),
    [
        ("foo", {"LOWERCASE"}),
        ("foo3", {"LOWERCASE"}),
        ("Foo3", {"CAPITALIZED"}),
        ("foo_bar2", {"UNDERSCORES"}),
        ("foo-bar", {"DASHES"}),
        ("fooBar", {"CAMEL_CASE"}),
        ("FooBar", {"PASCAL_CASE"}),
        ("ABar", {"PASCAL_CASE"}),
        ("FOO_BAR", {"ALL_CAPS"}),
        ("FOO", {"ALL_CAPS"}),
        ("X", {"ALL_CAPS", "CAPITALIZED"}),
        ("Foo", {"CAPITALIZED"}),
        ("Foo Bar", {"TITLE_CASE"}),
    ],
)
def test_styles(source: str, styles: set[str]) -> None:
    stream = token_stream(source)
    found = IDENTIFIER.match(stream.shape, 1)
    assert found is not None
    assert found.end() == len(stream)
    assert set(styles_of(found)) == styles


@given(st.integers(0, 9999))
def test_all_readings_of_a_number_are_read_back(number: int) -> None:
    for words in readings(str(number)):
        assert parse_number(words) == number


def test_readings_are_complete() -> None:
    assert set(map(" ".join, readings("256"))) == {
        "two five six",
        "two fifty six",
        "two hundred fifty six",
        "two hundred and fifty six",
    }
    assert readings("12345") == (("one", "two", "three", "four", "five"),)
