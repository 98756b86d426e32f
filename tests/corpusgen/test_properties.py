"""What holds of any text: round trips, well-formed mappings, unknowns, trees of transcripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arqon_maestro import languages
from arqon_maestro.corpusgen import detokenize, tokenize
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.corpusgen.normalise import normalise
from tests.fuzz import checks

SEEDS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (Path(__file__).parents[1] / "fuzz" / "seeds").iterdir()
}
LANGUAGES = st.sampled_from(languages.names())
SEED = st.integers(0, 2**32)
# Lone surrogates among them; source code is mostly ASCII.
TEXT = st.text(
    st.one_of(
        st.sampled_from("aAbZ09 _\n\t'\"(){}[]<>;:=.,|`#/\\"),
        st.characters(max_codepoint=127),
        st.characters(exclude_categories=()),
    ),
    max_size=120,
)
PIECES = ["(", ")", "{", "}", "[", "]", "<", ">", '"', "'", "\n", "  ", "\t", ";", "é", "\0", "#"]
WORD = st.sampled_from([*load_grammar().words(), "foo", "it's", "7", "(", "UNK0"])

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
thorough = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """Returns a language, and code of it that was cut, doubled or stained."""
    language = draw(st.sampled_from(sorted(SEEDS)))
    source = SEEDS[language]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(source)))
        stop = min(len(source), start + draw(st.integers(0, 40)))
        what = draw(st.sampled_from(("cut", "double", "put", "flip", "end")))
        if what == "cut":
            source = source[:start] + source[stop:]
        elif what == "double":
            source = source[:stop] + source[start:]
        elif what == "put":
            source = source[:start] + draw(st.sampled_from(PIECES)) + source[start:]
        elif what == "end":
            source = source[:stop] if stop else source
        elif start < len(source):
            flipped = chr(ord(source[start]) ^ 1 << draw(st.integers(0, 7)))
            source = source[:start] + flipped + source[start + 1 :]
    return language, source


@st.composite
def regular(draw: st.DrawFn) -> tuple[str, int]:
    """Returns a text that keeps the rules of indentation, and the width of its levels.

    A line steps in or out by one level; it has no trailing blanks, but the last line may.
    """
    width = draw(st.integers(1, 8))
    piece = st.sampled_from(["x", "fooBar", "I'm", "CAN'T", "it's", "007", "==", " ", "  ", "D"])
    lines, level = [], 0
    for _ in range(draw(st.integers(1, 8))):
        text = "".join(draw(st.lists(piece, max_size=6))).strip()
        if text:
            level = max(0, level + draw(st.integers(-1, 1)))
        lines.append(" " * (width * level) + text if text else "")
    if not lines[-1]:
        lines[-1] = " " * (width * level)
    elif draw(st.booleans()):
        lines[-1] += "  "
    return "\n".join(lines), width


@given(regular())
def test_a_regular_text_comes_back_unchanged(text: tuple[str, int]) -> None:
    source, width = text
    assert detokenize(tokenize(source), width) == source


@given(TEXT)
def test_tokens(source: str) -> None:
    checks.check_tokens(source)


@given(TEXT)
def test_tokens_are_settled_after_one_round(source: str) -> None:
    # Several levels that close at once are one `D`, so only then widths may settle.
    once = tokenize(detokenize(tokenize(source)))
    if "D" not in once:
        assert tokenize(detokenize(once)) == once


@given(TEXT, st.integers(0, 120))
def test_the_normalised_prefix(source: str, cut: int) -> None:
    before = source[:cut]
    if not (before.endswith("\r") and source[cut:].startswith("\n")):
        assert normalise(source).startswith(normalise(before))


@quick
@given(TEXT, LANGUAGES, SEED)
def test_mappings_of_any_text(source: str, language: str, seed: int) -> None:
    checks.check_mappings(source, language, seed)


@quick
@given(mutated(), SEED)
def test_mappings_of_stained_code(code: tuple[str, str], seed: int) -> None:
    language, source = code
    checks.check_mappings(source, language, seed)


@quick
@given(mutated(), SEED)
def test_text_of_stained_code(code: tuple[str, str], seed: int) -> None:
    language, source = code
    checks.check_text(f"{source}\n" * 3, language, seed)


@quick
@given(st.lists(WORD, min_size=1, max_size=14))
def test_transcripts(transcript: list[str]) -> None:
    checks.check_transcript(transcript)


@given(st.text("ab UNK019()'", max_size=60), st.text("ab UNK0(", max_size=20), SEED)
def test_unknowns(source: str, target: str, seed: int) -> None:
    checks.check_unknowns(source, target, ["a", "b", "(", "UNK0"], seed)


@pytest.mark.slow
@thorough
@given(mutated(), SEED)
def test_mappings_of_much_stained_code(code: tuple[str, str], seed: int) -> None:
    language, source = code
    checks.check_mappings(source, language, seed)


@pytest.mark.slow
@thorough
@given(TEXT, LANGUAGES, SEED)
def test_mappings_of_many_texts(source: str, language: str, seed: int) -> None:
    checks.check_mappings(source, language, seed)
