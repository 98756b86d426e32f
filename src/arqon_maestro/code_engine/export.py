"""From a training folder to the files that a Marian server, and our translator, load."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from arqon_maestro.artifacts import atomic_binary, atomic_text
from arqon_maestro.code_engine.dataset import lexicon_path
from arqon_maestro.code_engine.engine import CONFIG_FILE, MODEL_FILE
from arqon_maestro.code_engine.vocabulary import Vocabulary, load_vocabulary
from arqon_maestro.errors import DataError, MissingPartError, UsageError, did_you_mean

TOKENS_FILE = "tokens.txt"
EXPOSED_FILE = "exposed_vocab.yml"
FIRST_TOKEN_ID = 2
"""Line 0 of ``tokens.txt`` has this id; 0 and 1 are ``</s>`` and ``<unk>``."""


def decoding_options() -> dict[str, dict[str, Any]]:
    """Returns each model's decoding options (``decoding.yaml``)."""
    options: dict[str, dict[str, Any]] = _load("decoding.yaml")
    return options


def server_config(model: str) -> dict[str, Any]:
    """Returns the content of a model's ``config.yml``.

    It names no model and no vocabulary: the server appends those.

    Raises:
        UsageError: no such model.
    """
    options = decoding_options()
    if model not in options:
        raise UsageError(f"no such model: {model!r}", remedy=did_you_mean(model, options))
    return {**_load("marian_server.yaml"), **options[model]}


def export_model(training: Path, data: Path, folder: Path, model: str, language: str) -> list[Path]:
    """Writes the archive's files of a trained model.

    Args:
        training: a training's folder, with ``model.npz`` and the vocabulary.
        data: its dataset, with the lexicon.
        folder: where the files go; made if missing.
        model: name of the model.
        language: name of the language.

    Returns:
        The files written, sorted. Their bytes depend on the training alone.

    Raises:
        UsageError: no such model.
        MissingPartError: the model is not trained yet, or its dataset has no lexicon.
        DataError: the vocabulary cannot be read, or holds a line break.
    """
    config = server_config(model)
    trained = training / MODEL_FILE
    if not trained.is_file():
        raise MissingPartError(
            f"{model} for {language} is not trained yet",
            where=trained,
            remedy=f"maestro code-engine train --model {model} --language {language}",
        )
    lexicon = lexicon_path(data, language, model)
    if not lexicon.is_file():
        raise MissingPartError(
            "the dataset has no lexicon",
            where=lexicon,
            remedy=f"maestro code-engine generate-dataset --model {model} --language {language}",
        )
    vocabulary = load_vocabulary(training)
    folder.mkdir(parents=True, exist_ok=True)
    for source in (trained, lexicon):
        with open(source, "rb") as reading, atomic_binary(folder / source.name) as writing:
            shutil.copyfileobj(reading, writing)
    vocabulary.save(folder / vocabulary.file_name)
    _write_tokens(folder / TOKENS_FILE, vocabulary)
    with atomic_text(folder / EXPOSED_FILE) as stream:
        for number, token in enumerate(vocabulary.tokens):
            name = token if number < FIRST_TOKEN_ID else str(number)
            stream.write(f"{json.dumps(name)}: {number}\n")
    with atomic_text(folder / CONFIG_FILE) as stream:
        yaml.safe_dump(config, stream, sort_keys=True)
    names = (trained.name, lexicon.name, vocabulary.file_name, TOKENS_FILE, EXPOSED_FILE)
    return sorted(folder / name for name in (*names, CONFIG_FILE))


def _write_tokens(path: Path, vocabulary: Vocabulary) -> None:
    with atomic_text(path) as stream:
        for token in vocabulary.tokens[FIRST_TOKEN_ID:]:
            if "\n" in token:
                raise DataError("a token with a line break", where=path, why=repr(token))
            stream.write(token + "\n")


def _load(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
