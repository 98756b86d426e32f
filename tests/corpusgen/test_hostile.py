"""Hostile sources: no crash, no hang, and time that grows with their length, not its square."""

from __future__ import annotations

import time
from functools import partial

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import generate_mappings
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.context import AlphaIndex
from arqon_maestro.corpusgen.drafts import insert_drafts
from arqon_maestro.corpusgen.filters import SLOW_PARSE
from arqon_maestro.corpusgen.generation import SPEECH
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.corpusgen.snippets import ParseLimitError, native, snippet_source
from arqon_maestro.corpusgen.spoken.dictionary import dictionary_words
from arqon_maestro.corpusgen.spoken.words import halves
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.executors.crew import CRASHED, map_items
from tests.fuzz import checks
from tests.fuzz.hostile import SOURCES

LANGUAGES = languages.names()
# Characters a second that even the slowest case reaches on a slow machine, and what a start costs.
LEAST_SPEED, START_S = 15_000, 6.0
LENGTH = 50_000
# How many of the sources a worker may die of.
MOST_LOST = 2
SIZES = (40_000, 80_000, 160_000)
MOST_GROWTH = 2.8


@pytest.mark.parametrize("language", LANGUAGES)
def test_small_hostile_sources(language: str) -> None:
    for name, make in SOURCES.items():
        source = make(600)
        checks.check_tokens(source)
        assert checks.check_mappings(source, language) or len(source.split()) < 2, name
        checks.check_text(source, language)


def test_every_source_in_a_file_of_many_lines() -> None:
    for make in SOURCES.values():
        lines = "\n".join([make(150).replace("\n", " ")] * 12)
        for language in LANGUAGES:
            text_lines(lines, "a", language)
            mapping_lines(lines, "a", language, "auto-style")


def _mappings(language: str, name: str) -> tuple[int, float]:
    started = time.process_time()
    made = len(generate_mappings(SOURCES[name](LENGTH), language))
    return made, time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_source_costs_only_itself(language: str) -> None:
    """In a worker, as files are: what the native parser can't bear ends there."""
    outcomes = list(map_items(partial(_mappings, language), list(SOURCES), 1, 60.0))
    lost = [outcome.reason for outcome in outcomes if outcome.result is None]
    assert len(lost) <= MOST_LOST
    assert set(lost) <= {CRASHED, "file: MemoryError"}
    for name, outcome in zip(SOURCES, outcomes, strict=True):
        if outcome.result is not None:
            assert outcome.result[1] < START_S + LENGTH / LEAST_SPEED, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["letters", "digits", "quotes", "snake case", "members", "calls"])
def test_a_line_of_a_megabyte(name: str) -> None:
    for language in ("default", "python"):
        started = time.process_time()
        generate_mappings(SOURCES[name](1_000_000), language)
        assert time.process_time() - started < 60


def _say(source: str) -> float:
    started = time.process_time()
    stream = token_stream(source)
    generator = InsertGenerator(stream, languages.get("default"), RandomChoices(1), options=SPEECH)
    AlphaIndex(stream)
    for _ in insert_drafts(generator):
        pass
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_inserts_are_linear(name: str) -> None:
    # The best of two: another process may have had the processor's cache.
    times = [min(_say(SOURCES[name](size)) for _ in range(2)) for size in SIZES]
    assert times[-1] < 0.3 or times[-1] < MOST_GROWTH * times[-2], times


def test_quotes_on_one_line_are_linear() -> None:
    _say("a")
    assert _say('"a ' * 20_000) < 3.0


def test_a_long_identifier_is_linear() -> None:
    _say("a")
    assert _say("ab_" * 60_000) < 3.0


def test_a_very_long_word_is_not_split() -> None:
    started = time.process_time()
    assert halves("a" * 1_000_000) == ()
    assert max(map(len, dictionary_words())) * 2 <= 100
    assert time.process_time() - started < 2.0


def test_a_source_that_parses_too_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "a = +-*/%=<>!&|^~+-*/%=<>!&|^~ b\n" * 400
    monkeypatch.setattr(native, "LIMIT_S", -1.0)
    with pytest.raises(ParseLimitError):
        snippet_source(token_stream(source), languages.get("java"))
    rejected = mapping_lines(source, "a.java", "java", "auto-style")
    assert not rejected.lines
    assert rejected.rejects == {SLOW_PARSE: 1}
    mappings = generate_mappings(source, "java")
    assert {mapping.kind for mapping in mappings} == {"insert"}


@pytest.mark.parametrize(
    ("language", "opening", "inside", "closing"),
    [
        ("javascript", "<a>", "b", "</a>"),
        ("html", "<p>", "b", "</p>"),
        ("javascript", "f(() => ", "1", ")"),
        ("java", "if (a) { ", "b();", " }"),
        ("python", "lambda: ", "1", ""),
    ],
)
def test_deep_nodes_are_said_without_recursion(
    language: str, opening: str, inside: str, closing: str
) -> None:
    deep = 600
    assert generate_mappings(opening * deep + inside + closing * deep, language)
