"""Tokens and back: the worked examples of corpusgen.md section 1, and round trips."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.corpusgen import detokenize, tokenize
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.tokens import decode, token_stream

EXAMPLES = [
    ("total_cost = 42", "NL total _ cost SP = SP 4 2"),
    ("let maxRetries = 10;", "NL let SP max C retries SP = SP 1 0 ;"),
    (
        "def area(w):\n    return w * 2\n\nprint(area(7))\n",
        "NL def SP area ( w ) : I return SP w SP * SP 2 NL D print ( area ( 7 ) ) NL",
    ),
    (
        "class A:\n    def f(self):\n        pass\nB = 1\n",
        "NL class SP A a : I def SP f ( self ) : I pass D A b SP = SP 1 NL",
    ),
    ('HTTPServer.get("It\'s ok")', 'NL A http C server . get ( " C it\'s SP ok " )'),
    ("aB2c ABar A1", "NL a A b 2 c SP A a C bar SP A a 1"),
    ("a   b  \nc", "NL a SP SP SP b NL c"),
    ("x = ", "NL x SP = SP"),
    ("", "NL"),
    ("  x", "I x"),
    ("\n", "NL NL"),
    ("a\n    ", "NL a I"),
    ("a\n    b\n    ", "NL a I b NL"),
    ("a\n    b\n\n  ", "NL a I b NL D"),
    ("a  \n  \n  b", "NL a NL I b"),
    ("007", "NL 0 0 7"),
    ("a==b", "NL a = = b"),
    (
        "I'd don'ts can't've IT'S it's_x",
        "NL C i'd SP don ' ts SP can't've SP A it ' A s SP it ' s _ x",
    ),
    ("'cause", "NL ' cause"),
]


@pytest.mark.parametrize(("source", "tokens"), EXAMPLES)
def test_examples(source: str, tokens: str) -> None:
    assert tokenize(source) == tokens.split()


@pytest.mark.parametrize(
    ("tokens", "text", "cursor"),
    [
        ("def SP n CRSR ( ) : I pass", "def n():\n    pass", 5),
        ("A http C server C it's", "HTTPServerIt's", None),
        ("A don't", "DONT", None),
        ("x A", "xA", None),
        ("x C SP y", "xC y", None),
        ("a D b I c", "a\nb\nc", None),
        ("try : CRSR I pass D except", "try:\n    pass\nexcept", 4),
        ("a I b NL NL c", "a\n    b\n\n    c", None),
        ("ESCAPE_comma A ESCAPE_x ESCAPE_SP", "commaXSP", None),
        ("CRSR a CRSR b", "ab", 1),
        ("", "", None),
    ],
)
def test_decode(tokens: str, text: str, cursor: int | None) -> None:
    decoded = decode(tokens.split())
    assert (decoded.text, decoded.cursor) == (text, cursor)


def test_decode_indents_by_the_line_it_is_put_in() -> None:
    assert decode(["{", "I", "x", "NL", "}"], "\t", "  ").text == "{\n  \tx\n  \t}"


@pytest.mark.parametrize(
    ("source", "normalised"),
    [
        ("a\tb", "a    b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffna\u00efve caf\u00e9", "naive cafe"),
        ("cafe\u0301", "cafe"),
        ("\u03b1\u0394\u03bb\u03c2", "alphaDeltalambdasigma"),
        ("\u201cx\u201d \u2018y\u2019 \u2014 \u2026", "\"x\" 'y' - ..."),
        ("a \u2264 b \u2192 c \u00d7 2", "a <= b -> c * 2"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442", "Privet"),
        ("stra\u00dfe \u00c6r \u0141\u00f3d\u017a", "strasse AEr Lodz"),
        ("\uff11\u0663\u00b2", "132"),
        ("a\x00\x07\x7f\ud800\U0001f600b", "ab"),
        ("a\u00a0b", "a b"),
    ],
)
def test_normalise(source: str, normalised: str) -> None:
    assert normalise(source) == normalised


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_normalised_prefix_is_the_prefix_of_the_normalised(before: str, after: str) -> None:
    if before.endswith("\r"):
        before = before.rstrip("\r")
    whole = normalise(before + after)
    assert whole == normalise(before) + normalise(after)
    assert normalise(whole) == whole
    assert all(character == "\n" or " " <= character <= "~" for character in whole)


WORDS = st.sampled_from(
    [
        "x",
        "fooBar",
        "HTTPServer",
        "max_width",
        "It's",
        "12",
        "(",
        "==",
        " ",
        "  y",
        "C",
        "don't",
        "I",
    ]
)
LINE = st.lists(WORDS, max_size=6).map(lambda parts: "".join(parts).strip())


@st.composite
def stepped_sources(draw: st.DrawFn) -> str:
    """Lines that step in and out by four blanks, one level at a time."""
    lines, level = [], 0
    for text in draw(st.lists(LINE, min_size=1, max_size=8)):
        if text:
            level = max(0, level + draw(st.integers(-1, 1)))
            lines.append("    " * level + text)
        else:
            lines.append("")
    if not lines[-1]:
        lines[-1] = "    " * level
    return "\n".join(lines)


@given(stepped_sources())
def test_round_trip(source: str) -> None:
    assert detokenize(tokenize(source)) == source


@given(st.text(alphabet=st.sampled_from("aAbZ09 '_\n\t(=\u00e9"), max_size=80))
def test_round_trip_but_for_indentation(source: str) -> None:
    back = detokenize(tokenize(source))
    lines = [line.strip(" ") for line in normalise(source).split("\n")]
    assert [line.strip(" ") for line in back.split("\n")] == lines
    # Trailing blanks of the last line are kept, unless they are its indentation.
    last = normalise(source).split("\n")[-1]
    if last.strip():
        assert back.split("\n")[-1].lstrip() == last.lstrip()


@given(st.text(max_size=200))
def test_units_tile_the_source(source: str) -> None:
    stream = token_stream(source)
    assert stream.source == normalise(source)
    assert len(stream.shape) == len(stream.printed) == len(stream.text) == len(stream.start) - 1
    assert stream.start[0] == 0 and stream.start[-1] == len(stream.source)
    assert stream.start == sorted(stream.start)
    pieces = [
        stream.source[begin:end] for begin, end in zip(stream.start, stream.start[1:], strict=False)
    ]
    assert "".join(pieces) == stream.source
    for kind, piece, text in zip(stream.shape, pieces, stream.text, strict=True):
        if kind in "NID":
            assert not piece.strip()
        else:
            assert piece.lower() == text.lower()


def test_index_at() -> None:
    stream = token_stream("max_width = 80")
    assert [stream.printed[stream.index_at(offset)] for offset in (0, 3, 4, 9, 13)] == [
        "max",
        "_",
        "width",
        "SP",
        "8 0",
    ]
    assert stream.index_at(14) == len(stream)


@pytest.mark.parametrize("unit", ["(", " ", "a", "A", "\n", "'", "it'", "1", "Ab", " \n"])
def test_long_lines_take_linear_time(unit: str) -> None:
    source = unit * (300_000 // len(unit))
    started = time.process_time()
    token_stream(source)
    assert time.process_time() - started < 5
