"""`maestro try` with real models: trained on a toy language, exported, packed, installed."""

from __future__ import annotations

import ast
import json
import random

import pytest
import typer.main

from arqon_maestro.cli import models, try_command
from arqon_maestro.cli.main import run
from arqon_maestro.code_engine.dataset import build_dataset, raw_paths
from arqon_maestro.code_engine.export import export_model
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.training import train
from arqon_maestro.corpusgen.context import auto_style_source
from arqon_maestro.corpusgen.grammar.parser import best_parse
from arqon_maestro.library import Library
from arqon_maestro.models.install import install
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.tarball import pack

NAMES = ("get", "set", "name", "value", "max", "min", "of", "level", "tank", "size")
DATASET = DatasetRecipe(
    lexicon_size=40, vocabulary="words", vocabulary_size=80, max_length=60, valid_lines=20
)
NETWORK = NetworkRecipe(
    encoder_layers=1, decoder_layers=1, dim=48, ffn=96, heads=4, dropout=0.01, init_scale=1.0
)
TRAINING = TrainingRecipe(
    updates=500,
    batch_tokens=1200,
    learning_rate=0.005,
    warmup=50,
    schedule="linear",
    clip_norm=1.0,
    average_decay=0.9,
    validate_every=250,
    save_every=250,
    seed=7,
)


def names(source: random.Random) -> list[str]:
    return source.sample(NAMES, source.randint(1, 3))


def style_pair(source: random.Random) -> tuple[str, str]:
    words = names(source)
    line = auto_style_source("", 0, ["function", *words], "StatementList")
    return line, f"def SP {' _ '.join(words)} CRSR ( ) : I pass"


def parser_pair(source: random.Random) -> tuple[str, str]:
    text = " ".join(["add", "function", *names(source)])
    parse = best_parse(text.split())
    assert parse is not None
    return text, parse.markup


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("whole-way")
    library = Library(root / "library")
    for model, language, make in (
        ("auto-style", "python", style_pair),
        ("transcript-parser", "default", parser_pair),
    ):
        data = root / model / "data"
        data.mkdir(parents=True)
        for split, count in (("train", 1500), ("valid", 40), ("test", 20)):
            source = random.Random(split)
            pairs = [make(source) for _ in range(count)]
            for side, path in enumerate(raw_paths(data, language, split)):
                path.write_text("".join(pair[side] + "\n" for pair in pairs))
        build_dataset(data, language, model, DATASET, seed=3)
        train(data, root / model / "training", DATASET, NETWORK, TRAINING)
        exported = root / model / "export"
        export_model(root / model / "training", data, exported, model, language)
        key = code_key(model, language)
        install(pack(exported, root / "out", {"model": key.path}, "# Toy\n").path, library)
    return library


@pytest.mark.slow
def test_try_and_verify(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(library.root))
    command = typer.main.get_command(try_command.app)
    assert run(command, ["add function get tank level"]) == 0
    out = capsys.readouterr().out
    ast.parse(out)
    assert "def get_tank_level():\n    pass" in out
    assert run(command, ["add function get tank level", "--json"]) == 0
    best = json.loads(capsys.readouterr().out)["alternatives"][0]
    assert best["parse"] == "model"
    assert -4.5 < best["style_score"] <= 0
    # What the engine keeps beside the models does not disturb the check of them.
    assert run(typer.main.get_command(models.app), ["verify"]) == 0
    assert capsys.readouterr().out.count("sound") == 2
