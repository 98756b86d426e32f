"""An installed model, ready to run: vocabulary, lexicon, options and the CTranslate2 engine.

CTranslate2 wants its own format. A model is converted once and kept beside its folder, under the
digest of its weights; where nothing can be written there, it is converted into a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arqon_maestro.artifacts import TEMPORARY_MARK, replace, sha256_file, text_lines
from arqon_maestro.code_engine.marian import (
    POSITIONS_NAME,
    position_table,
    read_arrays,
    read_options,
    read_shape,
)
from arqon_maestro.code_engine.recipe import MAX_POSITIONS
from arqon_maestro.code_engine.vocabulary import PieceVocabulary, Vocabulary, load_vocabulary
from arqon_maestro.corpusgen.unknowns import UnknownReplacer
from arqon_maestro.errors import DataError, MissingPartError

MODEL_FILE = "model.npz"
CONFIG_FILE = "config.yml"
CACHE_FOLDER = ".ctranslate2"
_DIGEST_LENGTH = 16


class DecodingOptions(BaseModel):
    """What of a model's ``config.yml`` decoding follows; other keys are Marian's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    beam_size: int = Field(alias="beam-size", gt=0)
    max_length_factor: float = Field(alias="max-length-factor", gt=0)


@dataclass(frozen=True)
class Engine:
    """A loaded model.

    Attributes:
        vocabulary: tokens and ids.
        replacer: unknown replacement; None for a model of pieces, which has no unknowns.
        options: limits of decoding.
        runner: the `ctranslate2.Translator`.
        positions: longest line in tokens.
    """

    vocabulary: Vocabulary
    replacer: UnknownReplacer | None
    options: DecodingOptions
    runner: Any
    positions: int


def load_engine(folder: Path, threads: int = 1) -> Engine:
    """Loads an exported or installed model folder.

    Args:
        folder: what `export` writes.
        threads: batches at the same time, each on one core.

    Raises:
        MissingPartError: the folder or one of its files is missing.
        DataError: a file cannot be read, or the files do not belong together.
    """
    import ctranslate2

    if not (folder / MODEL_FILE).is_file():
        raise MissingPartError(
            "no model is installed here",
            where=folder,
            remedy="maestro train, or maestro models download",
        )
    vocabulary = load_vocabulary(folder)
    options = read_decoding_options(folder / CONFIG_FILE)
    replacer = (
        None
        if isinstance(vocabulary, PieceVocabulary)
        else UnknownReplacer(read_lexicon(find_lexicon(folder)))
    )
    converted, temporary = _converted(folder, vocabulary)
    try:
        runner = ctranslate2.Translator(
            str(converted),
            device="cpu",
            compute_type="float32",
            # Two threads on one batch wait for each other at every small product: where another
            # program is on one of their cores, thirty times as long as one thread works.
            inter_threads=threads,
            intra_threads=1,
        )
    finally:
        if temporary:
            shutil.rmtree(converted.parent, ignore_errors=True)
    return Engine(vocabulary, replacer, options, runner, _positions(folder / MODEL_FILE))


def read_decoding_options(path: Path) -> DecodingOptions:
    """Reads a model's ``config.yml``.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is no YAML map, or lacks a key.
    """
    try:
        return DecodingOptions.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MissingPartError("the model has no options", where=path) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        raise DataError("not a configuration of Marian", where=path, why=str(error)) from None


def find_lexicon(folder: Path) -> Path:
    """Returns the lexicon file of a dataset or model folder.

    Raises:
        MissingPartError: there is none.
        DataError: there are several.
    """
    found = sorted(folder.glob("*_lexicon.txt"))
    if not found:
        raise MissingPartError("no lexicon (*_lexicon.txt)", where=folder)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise DataError("more than one lexicon", where=folder, why=names)
    return found[0]


def read_lexicon(path: Path) -> list[str]:
    """Reads a lexicon: one token a line."""
    return [line.rstrip("\n") for line in text_lines(path)]


def _converted(folder: Path, vocabulary: Vocabulary) -> tuple[Path, bool]:
    """Returns the converted model, and whether its parent is a temporary folder."""
    name = f"{folder.name}-{sha256_file(folder / MODEL_FILE)[:_DIGEST_LENGTH]}"
    cache = folder.parent / CACHE_FOLDER
    if (cache / name / "model.bin").is_file():
        return cache / name, False
    try:
        cache.mkdir(exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{name}{TEMPORARY_MARK}", dir=cache))
    except OSError:
        # A model folder may be read-only; conversion takes well under a second.
        scratch = Path(tempfile.mkdtemp(prefix="arqon-maestro-"))
        convert(folder / MODEL_FILE, vocabulary, scratch / name)
        return scratch / name, True
    try:
        convert(folder / MODEL_FILE, vocabulary, building / name)
        for old in sorted(cache.glob(f"{folder.name}-*")):
            shutil.rmtree(old, ignore_errors=True)
        replace(building / name, cache / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return cache / name, False


def convert(model: Path, vocabulary: Vocabulary, output: Path) -> None:
    """Converts a ``model.npz`` to CTranslate2's format in float32.

    Goes round the vocabulary files, which CTranslate2 parses by regular expression and, for some
    pieces, wrongly.

    Raises:
        DataError: the vocabulary is not the model's.
    """
    from ctranslate2.converters.marian import set_transformer_spec
    from ctranslate2.specs import common_spec, transformer_spec

    arrays = read_arrays(model)
    shape, vocabulary_size = read_shape(model, read_options(model, arrays))
    check_vocabulary(model, vocabulary_size, vocabulary)
    if POSITIONS_NAME not in arrays:
        arrays[POSITIONS_NAME] = position_table(MAX_POSITIONS, shape.dim)
    specification = transformer_spec.TransformerSpec.from_config(
        (shape.encoder_layers, shape.decoder_layers),
        shape.heads,
        pre_norm=False,
        activation=common_spec.Activation.RELU,
        alignment_layer=-1,
        alignment_heads=1,
    )
    try:
        set_transformer_spec(specification, arrays)
    except (KeyError, AttributeError) as error:
        raise DataError("the model is incomplete", where=model, why=str(error)) from None
    specification.register_source_vocabulary(vocabulary.tokens)
    specification.register_target_vocabulary(vocabulary.tokens)
    # The translator ends sources itself: CTranslate2 leaves out lines without any token.
    specification.config.add_source_eos = False
    specification.validate()
    specification.optimize(quantization="float32")
    output.mkdir(parents=True)
    specification.save(os.fspath(output))


def check_vocabulary(model: Path, size: int, vocabulary: Vocabulary) -> None:
    """Checks that a model of `size` entries has this vocabulary.

    Raises:
        DataError: it is another's.
    """
    if size != len(vocabulary):
        raise DataError(
            f"the model has {size} vocabulary entries, its vocabulary {len(vocabulary)}",
            where=model,
            why="they come from different trainings",
            remedy="maestro code-engine export",
        )


def _positions(model: Path) -> int:
    with np.load(model, allow_pickle=False) as archive:
        return (
            int(archive[POSITIONS_NAME].shape[0])
            if POSITIONS_NAME in archive.files
            else MAX_POSITIONS
        )
