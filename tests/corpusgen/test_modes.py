"""Lines of the modes: formats, determinism, filters, counted rejects."""

from __future__ import annotations

import re
import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from arqon_maestro import languages
from arqon_maestro.corpusgen import filters
from arqon_maestro.corpusgen.grammar import accept_parse
from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.corpusgen.rates import RATES
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.errors import UsageError
from arqon_maestro.library import CODE_MODELS

LIBRARY = Path(sysconfig.get_path("stdlib"))
SOURCE = (LIBRARY / "textwrap.py").read_text(encoding="utf-8")
AUTO_STYLE, CONTEXTUAL, PARSER = CODE_MODELS
TOKEN = re.compile(r"SP|NL|I|D|A|C|CRSR|[a-z']+|[0-9]|[!-/:-@\[-`{-~]")
SOURCE_LINE = re.compile(r"((?:\S+ )*?)CTX ((?:\S+ )*?)(?:ENG|(SNIP_[A-Z][A-Za-z_]*)) ([a-z' ]+)")


def test_auto_style_lines() -> None:
    result = mapping_lines(SOURCE, "textwrap.py", "python", AUTO_STYLE)
    containers = Counter()
    for source, target in result.lines:
        found = SOURCE_LINE.fullmatch(source)
        assert found is not None, source
        alpha, leading, container, words = found.groups()
        assert all(TOKEN.fullmatch(token) for token in target.split(" "))
        assert all(TOKEN.fullmatch(token) for token in leading.split())
        assert all(entry.split() for entry in alpha.split(" ASD ")) or not alpha
        assert "CRSR" in target.split() or container is None or target
        containers[container] += 1
        assert words == " ".join(words.split())
    assert containers[None] > 500
    assert containers["SNIP_StatementList"] > 10


def test_add_mappings_can_be_left_out() -> None:
    lines = mapping_lines(SOURCE, "textwrap.py", "python", AUTO_STYLE, add=False).lines
    assert lines and not any("SNIP_" in source for source, _ in lines)


def test_contextual_lines() -> None:
    result = mapping_lines(SOURCE, "textwrap.py", "python", CONTEXTUAL)
    assert any(source == "" for source, _ in result.lines)
    for source, target in result.lines:
        assert not {"CTX", "ENG", "ASD"} & set(source.split())
        assert all(TOKEN.fullmatch(token) for token in source.split())
        assert re.fullmatch(r"[a-z']+( [a-z']+)*", target)


def test_parser_lines() -> None:
    result = mapping_lines(SOURCE, "textwrap.py", "python", PARSER)
    assert len(result.lines) > 500
    for transcript, markup in result.lines[:300]:
        assert accept_parse(transcript.split(), markup)


def test_text_lines() -> None:
    result = text_lines(SOURCE, "textwrap.py", "python")
    lines = result.lines
    assert len(lines) > 500
    assert all(re.fullmatch(r"[a-z'()]+( [a-z'()]+)*", line) for line in lines)
    assert sum(line in ("um", "uh") for line in lines) > 5
    assert any(line.startswith(("um ", "uh ")) for line in lines)
    assert any("(spell)" in line for line in lines)


def test_a_file_without_mappings_has_no_chains() -> None:
    blank = "\n" * 20
    assert text_lines(blank, "x.py", "python").lines == []
    assert mapping_lines(blank, "x.py", "python", PARSER).lines == []


@pytest.mark.parametrize("model", CODE_MODELS)
def test_seeds(model: str) -> None:
    first = mapping_lines(SOURCE, "a.py", "python", model, 1).lines
    assert mapping_lines(SOURCE, "a.py", "python", model, 1).lines == first
    assert mapping_lines(SOURCE, "b.py", "python", model, 1).lines != first
    assert mapping_lines(SOURCE, "a.py", "python", model, 2).lines != first


def test_an_unknown_model_is_met_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'auto-style'"):
        mapping_lines(SOURCE, "a.py", "python", "autostyle")


LINES = {
    "html": '<p class="first_row">names of itemList</p>\n',
    "kotlin": "val value = computeTotal(items, 3)\n",
    "go": "var firstRow = computeTotal(items, 3)\n",
    "csharp": "var value = ComputeTotal(items, 3);\n",
    "cplusplus": "int value = compute_total(items, 3);\n",
    "dart": "var value = computeTotal(items, 3);\n",
    "java": "class Item { int value = computeTotal(items, 3); }\n",
    "javascript": "const value = computeTotal(items, 3);\n",
    "rust": "const VALUE: usize = compute_total(items, 3);\n",
    "scss": ".first-row { max-width: 3px; }\n",
    "bash": "echo names of itemList\n",
    "default": "The names of 3 items.\n",
    "python": "value = compute_total(items, 3)\n",
    "ruby": "value = compute_total(items, 3)\n",
}


@pytest.mark.parametrize("language", languages.names())
def test_every_language(language: str) -> None:
    source = LINES[language] * 20
    for model in CODE_MODELS:
        assert mapping_lines(source, "a", language, model).lines
    assert text_lines(source, "a", language).lines


@pytest.mark.parametrize(
    ("source", "path", "language", "reason"),
    [
        ("x\n" * 8, "a.py", "python", filters.FEW_LINES),
        ("x\n" * 5000, "a.py", "python", filters.MANY_LINES),
        ("x\n" * 20 + "y" * 201, "a.py", "python", filters.LONG_LINE),
        ("z" * 80 + "\n" + ("z" * 80 + "\n") * 20, "a.py", "python", filters.DENSE),
        ("int x;\n" * 20, "a.c", "cplusplus", "file: C source"),
        ("int x;\n" * 20, "a.h", "cplusplus", None),
        ("w " * 200 + "\n" + "x\n" * 20, "a.md", "default", None),
        ("x\n" * 9, "a.py", "python", None),
        ("", "a.py", "python", filters.FEW_LINES),
    ],
)
def test_layout(source: str, path: str, language: str, reason: str | None) -> None:
    assert filters.layout_reason(source, path, languages.get(language)) == reason
    if reason is not None:
        result = mapping_lines(source, path, language, AUTO_STYLE)
        assert (result.lines, result.rejects) == ([], Counter([reason]))


def test_syntax_errors_are_measured_by_their_share() -> None:
    wrong = "def f(:\n" + "x = 1\n" * 200
    language = languages.get("python")
    assert snippet_source(token_stream(wrong), language) is not None
    assert filters.SYNTAX_ERRORS not in mapping_lines(wrong, "a", "python", AUTO_STYLE).rejects
    broken = "def ( [ } class = = 3 3 ) else\n" * 20
    assert mapping_lines(broken, "a", "python", AUTO_STYLE).rejects == Counter(
        [filters.SYNTAX_ERRORS]
    )


def test_text_rates() -> None:
    source = "".join(f"value{number} = other + {number}\n" for number in range(3000))
    lines = text_lines(source, "a.md", "default", 3).lines
    mappings = mapping_lines(source, "a.md", "default", CONTEXTUAL, 3).lines
    fillers = sum(line in ("um", "uh") for line in lines)
    expected = len(mappings) * RATES.filler_line
    assert abs(fillers - expected) < 5 * expected**0.5
