"""Marian's ``model.npz``: an archive of arrays, with the model's options among them.

Besides Marian's own arrays ours hold ``Wpos``, the position table. Marian ignores it; CTranslate2's
converter would otherwise compute one with another formula.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.errors import DataError, MissingPartError

OPTIONS_NAME = "special:model.yml"
POSITIONS_NAME = "Wpos"

# The earliest time a zip archive can hold, in every entry: the same weights give the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

_FIXED_OPTIONS: dict[str, Any] = {
    "type": "transformer",
    "version": "v1.12.0",
    "tied-embeddings": False,
    "tied-embeddings-src": False,
    "tied-embeddings-all": True,
    "transformer-preprocess": "",
    "transformer-postprocess": "dan",
    "transformer-postprocess-emb": "d",
    "transformer-postprocess-top": "",
    "transformer-ffn-activation": "relu",
    "transformer-ffn-depth": 2,
    "transformer-decoder-autoreg": "self-attention",
    "transformer-decoder-dim-ffn": 0,
    "transformer-decoder-ffn-depth": 0,
    "transformer-guided-alignment-layer": "last",
    "transformer-no-affine": False,
    "transformer-no-bias": False,
    "transformer-no-projection": False,
    "transformer-pool": False,
    "transformer-tied-layers": [],
    "transformer-train-position-embeddings": False,
    "transformer-disable-position-embeddings": False,
    "factors-combine": "sum",
    "factors-dim-emb": 0,
    "input-types": [],
    "layer-normalization": False,
    "lemma-dependency": "",
    "lemma-dim-emb": 0,
    "output-omit-bias": False,
    "right-left": False,
    "skip": False,
    "ulr": False,
}

# What must have these values for `Network` to compute the same as Marian. Absent means Marian's
# default, which is the value here.
_REQUIRED_OPTIONS = (
    "type",
    "tied-embeddings-all",
    "transformer-preprocess",
    "transformer-postprocess",
    "transformer-postprocess-top",
    "transformer-ffn-activation",
    "transformer-ffn-depth",
    "transformer-decoder-autoreg",
    "transformer-no-projection",
    "transformer-train-position-embeddings",
    "output-omit-bias",
    "right-left",
)


def model_options(recipe: NetworkRecipe, vocabulary_size: int) -> dict[str, Any]:
    """Returns the options that Marian keeps inside the model."""
    return _FIXED_OPTIONS | {
        "dim-emb": recipe.dim,
        "dim-vocabs": [vocabulary_size, vocabulary_size],
        "enc-depth": recipe.encoder_layers,
        "dec-depth": recipe.decoder_layers,
        "transformer-heads": recipe.heads,
        "transformer-dim-ffn": recipe.ffn,
    }


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes an npz archive, atomically; the same arrays give the same bytes."""
    with atomic_binary(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, arrays[name], version=(1, 0))
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME), content.getvalue())


def encode_options(options: Mapping[str, Any]) -> NDArray[np.int8]:
    """Returns options as Marian keeps them in the archive: YAML and a zero byte."""
    text = yaml.safe_dump(dict(options), sort_keys=True).encode() + b"\0"
    return np.frombuffer(text, dtype=np.int8)


def position_table(positions: int, dim: int) -> NDArray[np.float32]:
    """Returns Marian's position table (positions, D): sines, then cosines.

    The frequencies are ``10000 ** (-i / (D/2 - 1))`` (tensor2tensor's formula, not the paper's).
    """
    half = dim // 2
    frequencies = np.exp(np.arange(half) * (-math.log(10_000.0) / (half - 1)))
    angles = np.arange(positions)[:, None] * frequencies[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Reads all arrays of a ``model.npz``.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is no npz archive.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise MissingPartError("no such model", where=path) from None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError("not a model of Marian", where=path, why=str(error)) from None


def read_options(path: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Returns the options inside a model.

    Raises:
        DataError: it has none, or options that this engine does not compute.
    """
    if OPTIONS_NAME not in arrays:
        raise DataError("not a model of Marian", where=path, why=f"{OPTIONS_NAME} is missing")
    text = arrays[OPTIONS_NAME].tobytes().rstrip(b"\0")
    try:
        options = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError("the model's options cannot be read", where=path, why=str(error)) from None
    if not isinstance(options, dict):
        raise DataError("the model's options are no YAML map", where=path)
    for key in _REQUIRED_OPTIONS:
        value = options.get(key, _FIXED_OPTIONS[key])
        if value != _FIXED_OPTIONS[key]:
            raise DataError(
                f"the model has {key}: {value!r}",
                where=path,
                why=f"only {_FIXED_OPTIONS[key]!r} is supported",
            )
    return options


def read_shape(path: Path, options: dict[str, Any]) -> tuple[NetworkRecipe, int]:
    """Returns the network's shape and vocabulary size that the options state.

    Raises:
        DataError: a key is missing, or a value out of range.
    """
    try:
        recipe = NetworkRecipe(
            encoder_layers=options["enc-depth"],
            decoder_layers=options["dec-depth"],
            dim=options["dim-emb"],
            ffn=options["transformer-dim-ffn"],
            heads=options["transformer-heads"],
            dropout=0.0,
        )
        source, target = options["dim-vocabs"]
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise DataError("the model's options are incomplete", where=path, why=str(error)) from None
    if source != target:
        raise DataError("source and target vocabulary differ in size", where=path)
    return recipe, int(target)
