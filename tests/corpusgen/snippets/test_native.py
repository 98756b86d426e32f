"""The native parser's bounds: pieces that are shared, and a process that may die of a source."""

from __future__ import annotations

import resource
import time
import tracemalloc

import pytest

from arqon_maestro.corpusgen import generate_mappings
from arqon_maestro.corpusgen.snippets import ParseLimitError, native
from arqon_maestro.corpusgen.snippets.syntax import parse
from tests.fuzz.hostile import SOURCES

JAVA = "tree_sitter_java:language"
MOST_GROWTH_KB = 300_000


def _grown_kb(before: int) -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


@pytest.mark.parametrize(
    ("source", "suspicious"),
    [
        ("a=>" * 700, True),
        ("a=>\n" * 700, True),
        ("x\n" + "a| " * 700, True),
        ("a| " * 700 + "\nx", True),
        ("a\n=>" * 700, True),
        ("f(;" * 1100, True),
        ("f[;" * 1100 + "];" * 1100, True),
        ("f(g[1]);\n" * 1100, False),
        ("f(;" * 900, False),
        ("<a b='c'>\n  <d>\n" * 300, False),
        ("a=>" * 600, False),
        ("a = b;" * 700, False),
        ("foo\n" * 700, False),
        ("f(a,\n  b)\n" * 300, False),
        ("\n" * 3000, False),
        ("", False),
    ],
)
def test_suspicious(source: str, suspicious: bool) -> None:
    assert native.is_suspicious(source) == suspicious


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("java", "a=>" * 4000),
        ("java", "a\n=>" * 4000),
        ("java", "f(;" * 8000),
        ("bash", "a| " * 8000),
        ("csharp", "A<" * 8000),
    ],
)
def test_what_takes_gigabytes_is_said_without_syntax(language: str, source: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mappings = generate_mappings(source, language)
    assert {mapping.kind for mapping in mappings} == {"insert"}
    assert _grown_kb(before) < MOST_GROWTH_KB


def test_a_long_stretch_of_code_is_parsed() -> None:
    source = f"class A {{ int[] a = {{{', '.join(map(str, range(3000)))}}}; }}\n"
    assert native.is_suspicious(source)
    assert not parse(source, (JAVA,)).faulty


def test_pieces_are_shared() -> None:
    """Each tick is looked for to the end of the source, and the wheel frees nothing it reads."""
    source = SOURCES["ticks"](8000).encode()
    language = native.load_language("tree_sitter_dart", "language")
    tracemalloc.start()
    try:
        native.parse_in_time(source, language)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 1000 * len(source)


def test_a_read_after_the_limit_ends_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "LIMIT_S", -1.0)
    language = native.load_language("tree_sitter_dart", "language")
    started = time.process_time()
    assert native.parse_in_time(SOURCES["ticks"](50_000).encode(), language) is None
    assert time.process_time() - started < 1.0


def test_a_process_that_can_not_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(native.TrialError, match="no_such_grammar"):
        native.survives(b"a", "no_such_grammar", "language")
    monkeypatch.setattr(native.sys, "executable", "/no/such/python")
    with pytest.raises(native.TrialError):
        native.survives(b"a", "tree_sitter_java", "language")


def test_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "survives", lambda *arguments: False)
    with pytest.raises(ParseLimitError):
        parse("a=>" * 700, (JAVA,))
