"""A model to go on from is opened whole, or the error says which part is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from arqon_maestro.code_engine.marian import OPTIONS_NAME, POSITIONS_NAME, read_arrays, write_arrays
from arqon_maestro.code_engine.starting_model import StartingModel, open_starting_model
from arqon_maestro.code_engine.vocabulary import WordVocabulary
from arqon_maestro.errors import DataError, MissingPartError

from .conftest import Trained

LEXICON = "python_auto_style_lexicon.txt"


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(trained.folder, copy)
    return copy


def opened(folder: Path, model: str = "auto-style", language: str = "python") -> StartingModel:
    return open_starting_model(folder / "model.npz", model, language)


def test_an_exported_model(folder: Path) -> None:
    found = opened(folder)
    assert found.shape.encoder_layers == 1
    assert found.shape.dim == 48
    assert found.shape.dropout == 0
    assert len(found.lexicon) == 10
    assert found.vocabulary_file.name == "vocab.yml"


def test_an_archive_of_the_reference(folder: Path) -> None:
    # Marian's own files have no position table, and any name; there is no manifest beside them.
    arrays = read_arrays(folder / "model.npz")
    del arrays[POSITIONS_NAME]
    write_arrays(folder / "model.npz.best-cross-entropy.npz", arrays)
    (folder / "model.npz").unlink()
    found = open_starting_model(folder / "model.npz.best-cross-entropy.npz", "auto-style", "python")
    assert found.shape.ffn == 64


def test_no_weights(folder: Path) -> None:
    (folder / "model.npz").unlink()
    with pytest.raises(MissingPartError, match="no such model"):
        opened(folder)


def test_no_lexicon(folder: Path) -> None:
    (folder / LEXICON).unlink()
    with pytest.raises(MissingPartError, match="no lexicon beside it"):
        opened(folder)


def test_no_vocabulary(folder: Path) -> None:
    (folder / "vocab.yml").unlink()
    with pytest.raises(MissingPartError, match="no vocabulary"):
        opened(folder)


def test_another_language(folder: Path) -> None:
    with pytest.raises(DataError, match="not the auto-style of java"):
        opened(folder, language="java")


def test_another_kind_of_model(folder: Path) -> None:
    name = "python_contextual_language_model_lexicon.txt"
    shutil.copy(folder / LEXICON, folder / name)
    with pytest.raises(DataError, match=r"has a vocab\.spm"):
        opened(folder, model="contextual-language-model")


def test_a_vocabulary_of_another_size(folder: Path) -> None:
    vocabulary = WordVocabulary.load(folder / "vocab.yml")
    WordVocabulary([*vocabulary.tokens, "more"]).save(folder / "vocab.yml")
    with pytest.raises(DataError, match="come from different trainings"):
        opened(folder)


def test_a_lexicon_of_another_model(folder: Path) -> None:
    (folder / LEXICON).write_text("".join(f"other{n}\n" for n in range(10)))
    with pytest.raises(DataError, match=r"has 0 of the lexicon's 10 tokens"):
        opened(folder)


def test_an_option_that_is_not_computed_is_named(folder: Path) -> None:
    arrays = read_arrays(folder / "model.npz")
    options = yaml.safe_load(arrays[OPTIONS_NAME].tobytes().rstrip(b"\0"))
    options["transformer-preprocess"] = "n"
    text = yaml.safe_dump(options).encode() + b"\0"
    arrays[OPTIONS_NAME] = np.frombuffer(text, dtype=np.int8)
    write_arrays(folder / "model.npz", arrays)
    with pytest.raises(DataError, match="transformer-preprocess: 'n'"):
        opened(folder)
