"""What fuzzing found, each in its smallest form."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import generate_mappings
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.drafts import insert_drafts
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.snippets import native
from arqon_maestro.corpusgen.tokens import token_stream
from tests.fuzz import checks


@pytest.mark.parametrize("line", ["x;;", "x; ;", "f(x);;", "x;;;"])
def test_what_follows_several_semicolons_is_said_once(line: str) -> None:
    # Two that nobody said at a line's end queued the rest of the file twice, at every line.
    source = f"{line}\ny = 1\n" * 3
    for seed in range(40):
        checks.check_mappings(source, "default", seed)


def test_lines_of_semicolons_are_not_said_again_and_again() -> None:
    stream = token_stream(f"{';' * 100}\n" * 10)
    generator = InsertGenerator(stream, languages.get("go"), RandomChoices(98))
    assert len(list(insert_drafts(generator))) <= len(stream)


def test_quotes_on_one_long_line() -> None:
    generate_mappings('"', "default")
    started = time.process_time()
    generate_mappings("'" * 40_000, "default")
    assert time.process_time() - started < 3.0


def test_case_arms_of_bash() -> None:
    source = "case $a in\n" + "  x) y ;;\n" * 6 + "esac\n"
    for seed in range(40):
        checks.check_mappings(source, "bash", seed)


ENDLESS_KOTLIN = """\
{{}
i{}
  #  trynally { }
        val l = {
package a
import b.c
data class A(val x: Int) : B() {
    fun f(a: String = "x"): Int {
        if (a) { { } catch (e: E) { } finally { }
        val l = {
package a
import b.c
data class A(val x: Int) : B() {
    fun f(a: String = "x"): Int {
        if (a) { } else { }
        for (i in 0..3) { }
      #  try { } catch (e: E) { } finally { }
        val l = {
"""


def test_the_parser_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It read the same piece again and again, and kept each: 160 MB a second."""
    monkeypatch.setattr(native, "LIMIT_S", 0.3)
    tracemalloc.start()
    try:
        mappings = generate_mappings(ENDLESS_KOTLIN, "kotlin")
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert {mapping.kind for mapping in mappings} == {"insert"}
    assert kept < 5_000_000
