"""The insert generator: worked examples, contiguity, coverage, determinism, rates, odd input."""

from __future__ import annotations

import sysconfig
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_choices import Plain, rates

from arqon_maestro import languages
from arqon_maestro.corpusgen import Mapping, generate_mappings, tokenize
from arqon_maestro.corpusgen.choices import NEVER, Choices, RandomChoices, Table
from arqon_maestro.corpusgen.drafts import insert_drafts
from arqon_maestro.corpusgen.generation import SPEECH, Options, Sampler
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.tokens import decode, split_units, token_stream

LIBRARY = Path(sysconfig.get_path("stdlib"))
MODULES = (
    "textwrap.py",
    "calendar.py",
    "bisect.py",
    "colorsys.py",
    "csv.py",
    "json/decoder.py",
    "string.py",
    "queue.py",
    "html/parser.py",
    "shlex.py",
    "fnmatch.py",
    "heapq.py",
)
T = TypeVar("T")
CLOSERS = ")]}>\"'`|_"


def say(
    source: str,
    language: str = "python",
    *,
    choices: Choices | None = None,
    sampler: Sampler | None = None,
    partials: bool = False,
    **certain: float,
) -> tuple[str, str]:
    """Says a line with nothing left to chance: words and target."""
    stream = token_stream(source)
    generator = InsertGenerator(
        stream, languages.get(language), choices or Plain(), rates=rates(**certain)
    )
    said = generator.generate(1, len(stream), partials=partials, sampler=sampler or Sampler())
    return " ".join(said.words), " ".join(split_units(said.output))


@pytest.mark.parametrize(
    ("source", "rates_", "words", "target"),
    [
        (
            "limit = clamp(size_px, 10)",
            {"of_for_parenthesis": 1, "prioritised_name": 1},
            "limit equals clamp of size px comma ten",
            "limit SP = SP clamp ( size _ px , SP 1 0 )",
        ),
        (
            "a_b + cD - E_F",
            {"explicit_style": 1, "explicit_usual_style": 1, "speak_delimiters": 0},
            "snake a b plus camel case c d dash all caps e f",
            "a _ b SP + SP c A d SP - SP A e _ A f",
        ),
        ("Big Cat", {"explicit_style": 1}, "title big cat", "C big SP C cat"),
        ("a_b", {"explicit_usual_style": 1, "speak_delimiters": 1, "speak_delimiter": 1},
         "a underscore b", "a _ b"),
        ("x  y", {"space_run": 1}, "x space space y", "x SP SP y"),
        ("x ", {}, "x space", "x SP"),
        ("x;", {}, "x semicolon", "x ;"),
        ("x;", {"discard_tail": 1}, "x", "x"),
        ("x ", {"discard_tail": 1}, "x", "x"),
        ("[1, 2]", {}, "in square brackets one comma two", "[ 1 , SP 2 ]"),
        ("[1]", {"drop_in": 1}, "square brackets one", "[ 1 ]"),
        ("[1]", {"of_for_bracket": 1}, "of one", "[ 1 ]"),
        ("[]", {"drop_in_without_content": 1}, "square brackets", "[ ]"),
        ("[1]", {"plain_instead_of_enclosure": 1},
         "square bracket one right square bracket", "[ 1 ]"),
        ("x = (", {}, "x equals parenthesee", "x SP = SP ("),
        ("rowcount", {"composite": 1, "one_word": 1}, "one word row count", "row count"),
        ("Rowcount", {"composite": 1}, "row count", "C row count"),
        ("ROWCOUNT", {"composite": 1}, "row count", "A row A count"),
        ("rowcount", {"composite": 1, "one_word": 1, "lower_case_for_one_word": 1},
         "lower case row count", "row count"),
        ("table", {"composite": 1}, "table", "table"),
        ("str int", {"alias": 1}, "string integer", "str SP int"),
        ("stdio", {"alias": 1}, "standard io", "stdio"),
        ("3.14", {"decimal_point": 1, "decimal_digits": 1}, "three point one four", "3 . 1 4"),
        ("7", {"numeral": 1}, "numeral seven", "7"),
        ("a + b", {"sign": 1}, "a plus sign b", "a SP + SP b"),
        ("foo3", {}, "foo three", "foo 3"),
        ("foo_2", {}, "foo underscore two", "foo _ 2"),
        ("x = y", {"explicit_lower_case": 1}, "lower case x equals lower case y", "x SP = SP y"),
        ("value", {"relabel_single_word": 1, "explicit_usual_style": 1}, "snake value", "value"),
        ("x y", {"relabel_single_word": 1, "explicit_usual_style": 1}, "x snake y", "x SP y"),
        ("HTTPServer", {}, "http server", "A http C server"),
        ("x++", {}, "x plus plus", "x + +"),
        ("__init__", {}, "in double underscores init", "_ _ init _ _"),
        ("a if b\nc", {}, "a if b", "a SP if SP b"),
    ],
)  # fmt: skip
def test_examples(source: str, rates_: dict[str, float], words: str, target: str) -> None:
    assert say(source, **rates_) == (words, target)


@pytest.mark.parametrize(
    ("source", "sampler", "words"),
    [
        ("[1]", Sampler(enclosure_after_content=True), "one in square brackets"),
        ("Big Cat", Sampler(title_as_capitals=True), "big cat"),
        ("a + b", Sampler(implicit_symbols=True, explicit_bias=True), "a b"),
        ("a + b", Sampler(implicit_symbols=True, explicit_bias=False), "a plus b"),
        ("a +", Sampler(implicit_symbols=True, explicit_bias=True), "a plus"),
        ("f(x)", Sampler(implicit_symbols=True, explicit_bias=True), "f x"),
        ("f()", Sampler(implicit_symbols=True, explicit_bias=True), "f in parenthesees"),
    ],
)
def test_coins_of_a_mapping(source: str, sampler: Sampler, words: str) -> None:
    assert say(source, sampler=sampler)[0] == words


def test_spaces_that_may_be_spoken() -> None:
    sampler = Sampler(spaces_may_be_spoken=True)
    assert say("a b", sampler=sampler, single_space=1)[0] == "a space b"
    assert say("a b", single_space=1)[0] == "a b"


def test_language_names() -> None:
    said, _ = say("a && b", "java", choices=_Last(), prioritised_name=1)
    assert said == "a and b"
    assert say("a && b", "python")[0] == "a ampersand ampersand b"
    assert say("*p & x", "cplusplus")[0] == "asterisk p address of x"
    assert say("a => b", "javascript")[0] == "a equals is greater than b"
    assert say("a. b", "default", prioritised_name=1)[0] == "a period b"
    assert say("a.b", "python", prioritised_name=1)[0] == "a dot b"


def test_a_stop_inside_an_identifier_loses_nothing() -> None:
    stream = token_stream("f(one_two + 3) * 4")
    generator = InsertGenerator(stream, languages.get("python"), _Stops(3), rates=rates(stop=0.5))
    said = generator.generate(1, len(stream))
    assert (" ".join(said.words), " ".join(said.output)) == (
        "f in parenthesees one",
        "f ( one )",
    )
    assert [" ".join(stream.printed[a:b]) for a, b in said.remaining] == [
        "_ two SP + SP 3",
        "SP * SP 4",
    ]


def test_a_gap_inside_ends_the_outer_enclosure_too() -> None:
    stream = token_stream("f(g(a) + b) * c")
    # Stops after: f, its opener, g, its opener, a, the inner enclosure, the space, the plus.
    generator = InsertGenerator(stream, languages.get("python"), _Stops(6), rates=rates(stop=0.5))
    said = generator.generate(1, len(stream))
    assert " ".join(said.output) == "f ( g ( a ) SP + )"
    assert [" ".join(stream.printed[a:b]) for a, b in said.remaining] == ["SP b", "SP * SP c"]


class _Last(Plain):
    """Chooses the last option: of symbols the longest."""

    def choose(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return options[-1]

    def draw(self, table: Table[T]) -> T:
        return table.options[-1]


class _Stops(Plain):
    """Stops at the n-th stop roll, counted from 1 after the first."""

    def __init__(self, rolls: int) -> None:
        self._rolls = rolls

    def flip(self, probability: float) -> bool:
        if probability == 0.5:
            self._rolls -= 1
            return self._rolls < 0
        return probability >= 1

    def wait(self, rate: float) -> int:
        return 1 if rate > 0 else NEVER

    def happens(self, rate: float) -> bool:
        return self.flip(rate)


def check_contiguous(source: str, mapping: Mapping) -> None:
    """The target is the source between start and stop, and closers of what ended early."""
    text = decode(mapping.tokens).text
    wanted = source[mapping.start : mapping.stop]
    assert text.startswith(wanted), mapping
    assert not text[len(wanted) :].strip(CLOSERS), mapping


def check_nothing_lost(source: str, mappings: list[Mapping]) -> None:
    """What is in no mapping is blank, ends a statement, or closes what ended early."""
    said = bytearray(len(source))
    for mapping in mappings:
        said[mapping.start : mapping.stop] = b"\1" * (mapping.stop - mapping.start)
    lost = {source[at] for at in range(len(source)) if not said[at]}
    assert lost <= set(" \n;" + CLOSERS)


@pytest.mark.parametrize("module", MODULES)
def test_inserts_of_the_standard_library(module: str) -> None:
    source = normalise((LIBRARY / module).read_text(encoding="utf-8"))
    mappings = generate_mappings(source, "default", seed=7)
    assert all(mapping.kind == "insert" and mapping.words for mapping in mappings)
    for mapping in mappings:
        check_contiguous(source, mapping)
        assert " ".join(mapping.words).split() == list(mapping.words)
    check_nothing_lost(source, mappings)


def test_the_same_seed_says_the_same() -> None:
    source = (LIBRARY / "textwrap.py").read_text(encoding="utf-8")
    assert generate_mappings(source, "python", 3) == generate_mappings(source, "python", 3)
    assert generate_mappings(source, "python", 3) != generate_mappings(source, "python", 4)


def test_leading_tokens_are_what_comes_before() -> None:
    source = normalise((LIBRARY / "bisect.py").read_text(encoding="utf-8"))
    for mapping in generate_mappings(source, "default", seed=2):
        before = source[: mapping.start]
        leading = mapping.leading_tokens
        if leading and not before.endswith((" ", "\n")):
            assert tuple(tokenize(before)[-len(leading) :]) == leading


def test_a_mapping_at_the_start_has_the_first_line_break() -> None:
    found = set()
    for seed in range(60):
        found |= {
            m.leading_tokens for m in generate_mappings("x = 1", "python", seed) if not m.start
        }
    assert found == {(), ("NL",)}


def _counts(source: str, language: str, options: Options, seeds: int) -> list[list[str]]:
    stream = token_stream(source)
    said = []
    for seed in range(seeds):
        generator = InsertGenerator(
            stream, languages.get(language), RandomChoices(seed), options=options
        )
        said.append(generator.generate(1, len(stream), partials=False).words)
    return said


def _share(hits: int, of: int, expected: float) -> None:
    deviation = (expected * (1 - expected) / of) ** 0.5
    assert abs(hits / of - expected) < 4 * deviation, (hits, of, expected)


def test_rate_of_stops() -> None:
    stream = token_stream("1 " * 400)
    lengths = []
    for seed in range(800):
        generator = InsertGenerator(stream, languages.get("go"), RandomChoices(seed))
        lengths.append(generator.generate(1, len(stream)).stop - 1)
    # A tail of one blank is nearly always given back, so count the units that were rolled for.
    _share(sum(length == 1 for length in lengths), len(lengths), 0.07 + 0.93 * 0.07 * 0.9)


def test_text_mode_has_fillers_and_spelling() -> None:
    words = [word for said in _counts("if x == url:", "python", SPEECH, 600) for word in said]
    assert {"um", "uh"} <= set(words)
    assert "url(spell)" in words and "u(spell)" in words and "x(spell)" in words
    plain = [word for said in _counts("if x == url:", "python", Options(), 200) for word in said]
    assert not any("(" in word or word in ("um", "uh") for word in plain)


def test_plural_endings_can_be_inserted() -> None:
    stream = token_stream("names\nclasses\nURLS = bus\n")
    endings = Counter()
    for seed in range(400):
        generator = InsertGenerator(stream, languages.get("python"), RandomChoices(seed))
        for draft in insert_drafts(generator):
            if draft.suffix:
                endings[draft.stem, draft.output[0]] += 1
    assert set(endings) >= {("name", "s"), ("class", "es")}
    assert ("nam", "es") not in endings and ("bu", "s") not in endings


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n\n\n",
        "\x00\ud800\u200b",
        "(" * 100_000,
        "(" * 50_000 + ")" * 50_000,
        "\"" * 20_001,
        "a" * 300_000,
        "x = 1; " * 20_000,
        "a\t\r\nb\r\tc",
        "<" * 20_000 + "\n" + ">" * 20_000,
        "_" * 10_001,
    ],
    ids=lambda source: repr(source[:12]),
)  # fmt: skip
def test_odd_sources(source: str) -> None:
    started = time.process_time()
    mappings = generate_mappings(source, "default", seed=1)
    clean = normalise(source)
    for mapping in mappings[:2000]:
        check_contiguous(clean, mapping)
    assert time.process_time() - started < 20


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("abAB12 _-.;()[]{}<>\"'=+\n"), max_size=120),
    st.integers(0, 3),
    st.sampled_from(["go", "default"]),
)
def test_any_source(source: str, seed: int, language: str) -> None:
    mappings = generate_mappings(source, language, seed, add=False)
    for mapping in mappings:
        check_contiguous(source, mapping)
    check_nothing_lost(source, mappings)


def test_two_dropped_ends_of_a_line_are_said_once() -> None:
    stream = token_stream("x ;;\ny")
    generator = InsertGenerator(
        stream, languages.get("bash"), Plain(), rates=rates(discard_tail=1.0)
    )
    said = generator.generate(1, len(stream), partials=False, sampler=Sampler())
    ranges = sorted(said.remaining)
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))
    assert said.output == ["x"]
