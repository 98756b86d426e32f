"""Which parses are kept."""

from __future__ import annotations

import pytest

from arqon_maestro.corpusgen.grammar.parser import best_parse
from arqon_maestro.runtime.parse import GRAMMAR, MODEL, parse_transcripts
from arqon_maestro.runtime.transcripts import Transcript

from .fakes import GrammarModel, TableModel


def heard(text: str) -> Transcript:
    return Transcript(tuple(text.split()))


def markup(text: str) -> str:
    parse = best_parse(text.split())
    assert parse is not None
    return parse.markup


def test_valid_parses_of_every_transcript() -> None:
    model = TableModel(
        {
            "copy line": [(markup("copy line"), -0.1), ("<main> nonsense", -2.0)],
            "coffee line": [("<main>", -1.0), ("</main>", -3.0)],
        }
    )
    found = parse_transcripts([heard("copy line"), heard("coffee line")], model)
    assert [(parse.transcript.text, parse.tree is None, parse.score) for parse in found] == [
        ("copy line", False, -0.1),
        ("coffee line", True, -1.0),
    ]
    assert found[0].parser_cost == 0.1
    assert {parse.origin for parse in found} == {MODEL}


def test_the_words_have_to_be_those_of_the_transcript() -> None:
    model = TableModel({"cut line": [(markup("copy line"), -0.1)]})
    (parse, *rest) = parse_transcripts([heard("cut line")], model)
    assert parse.tree is None
    assert {other.origin for other in rest} == {GRAMMAR}


def test_the_same_markup_twice_is_one_parse() -> None:
    text = markup("copy line")
    model = TableModel({"copy line": [(text, -0.1), (text, -0.2)]})
    assert len(parse_transcripts([heard("copy line")], model)) == 1


def test_it_stops_at_ten_valid_parses() -> None:
    transcripts = [
        heard(f"go to line {word}") for word in ["one", "two", "three", "four", "five", "six"]
    ]
    found = parse_transcripts(transcripts, GrammarModel())
    counts = [sum(parse.transcript == reading for parse in found) for reading in transcripts]
    before = next(n for n in range(len(counts) + 1) if sum(counts[:n]) >= 10)
    assert sum(counts[before:]) == 0
    assert sum(counts) >= 10


def test_the_grammar_helps_only_where_the_model_failed() -> None:
    failing = TableModel({})
    found = parse_transcripts([heard("copy line")], failing)
    assert found[0].tree is None
    assert found[0].markup == ""
    assert found[1].origin == GRAMMAR
    assert found[1].markup == markup("copy line")
    assert found[1].score is None
    assert found[1].parser_cost == 0.0
    alone = parse_transcripts([heard("copy line")], failing, grammar_too=False)
    assert [parse.tree for parse in alone] == [None]


@pytest.mark.parametrize("words", [("word",) * 500, ("nonsense", "here")])
def test_what_is_no_command_for_anybody(words: tuple[str, ...]) -> None:
    (parse,) = parse_transcripts([Transcript(words)], TableModel({}))
    assert parse.tree is None
