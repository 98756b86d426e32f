"""Parses held to the grammar are valid whatever the model knows, and in the model's order."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch
import yaml

from arqon_maestro.code_engine.export import server_config
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.parsing import GrammarParser
from arqon_maestro.code_engine.translator import Rescorer
from arqon_maestro.code_engine.vocabulary import WordVocabulary
from arqon_maestro.code_engine.weights import write_model
from arqon_maestro.corpusgen.grammar import accept_parse, parses
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
