"""Parses held to the grammar are valid whatever the model knows, and in the model's order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
import torch
import yaml

from arqon_maestro.code_engine import search
from arqon_maestro.code_engine.export import server_config
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.parsing import GrammarParser
from arqon_maestro.code_engine.translator import Rescorer
from arqon_maestro.code_engine.vocabulary import WordVocabulary
from arqon_maestro.code_engine.weights import write_model
from arqon_maestro.corpusgen.grammar import accept_parse, generate_commands, parses
from arqon_maestro.errors import DataError

from .conftest import NETWORK

TRANSCRIPTS = [
    "select two words",
    "insert total equals five",
    "delete to end of line",
    "next line undo",
    "go to second word change name to value",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained parser: it knows the tags, and nothing of their order."""
    root = tmp_path_factory.mktemp("parser") / "default"
    root.mkdir()
    lines = [parse.markup for line in TRANSCRIPTS for parse in islice(parses(line.split()), 9)]
    vocabulary = WordVocabulary.count([*lines, *(f"UNK{n}" for n in range(20))], 1000)
    vocabulary.save(root / "vocab.yml")
    known = [token for token in vocabulary.tokens[2:] if "UNK" not in token]
    (root / "default_transcript_parser_lexicon.txt").write_text("\n".join(known) + "\n")
    (root / "config.yml").write_text(yaml.safe_dump(server_config("transcript-parser")))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        write_model(root / "model.npz", Network(NETWORK, len(vocabulary)))
    return root


def test_every_parse_is_valid_and_scored(folder: Path) -> None:
    results = GrammarParser(folder).translate(TRANSCRIPTS, n_best=5)
    for line, found in zip(TRANSCRIPTS, results, strict=True):
        assert found
        assert all(accept_parse(line.split(), parse.text) for parse in found)
        assert len({parse.text for parse in found}) == len(found)
        scores = [parse.score for parse in found]
        assert scores == sorted(scores, reverse=True)
        expected = Rescorer(folder).rescore([(line, parse.text) for parse in found])
        assert scores == pytest.approx(expected, abs=1e-3)


def test_words_that_the_model_does_not_know(folder: Path) -> None:
    ((found,),) = GrammarParser(folder).translate(["insert zyx"])
    assert "zyx" in found.text.split()


def test_what_has_no_parse(folder: Path) -> None:
    many = "insert " + " ".join(f"z{'x' * number}" for number in range(21))
    assert GrammarParser(folder).translate(["zyx zyx", "", many, "insert " + "a " * 200]) == [
        [],
        [],
        [],
        [],
    ]
    with pytest.raises(DataError):
        GrammarParser(folder).translate(["insert <b>"])


GOLDEN = Path(__file__).parents[1] / "corpusgen/grammar/golden_commands.tsv"


@dataclass(frozen=True)
class Said:
    words: tuple[str, ...]


def commands(sampled: int) -> list[str]:
    """Returns commands that the sampler makes, and the grammar's golden ones: every rule."""
    texts = [Said(tuple(text.split())) for text in ("total equals five", "right of the line", "x")]
    transcripts = [command.transcript for command in generate_commands(texts * sampled, seed=12)]
    golden = [line.split("\t")[0] for line in GOLDEN.read_text().splitlines() if line[0] != "#"]
    assert len(transcripts) >= sampled
    return transcripts[:sampled] + golden


def test_every_output_passes_the_grammar_test(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that knows nothing is the hardest to hold to the grammar."""
    monkeypatch.setattr(search, "BUDGET", 8)
    parser = GrammarParser(folder)
    for line in commands(sampled=100):
        (found,) = parser.translate([line], n_best=3)
        assert found, line
        for parse in found:
            assert accept_parse(line.split(), parse.text), line


def test_the_best_of_all_readings(folder: Path) -> None:
    """What the search finds is what scoring every reading finds."""
    rescorer, parser = Rescorer(folder), GrammarParser(folder)
    compared = 0
    for line in commands(sampled=40):
        markups = [parse.markup for parse in islice(parses(line.split()), 100)]
        if len(markups) == 100:
            continue
        compared += 1
        scores = sorted(rescorer.rescore([(line, markup) for markup in markups]), reverse=True)
        found = parser.parse(line, 3)
        assert [one.score for one in found] == pytest.approx(scores[:3], abs=1e-3)
        assert all(one.proven for one in found)
    assert compared > 100
