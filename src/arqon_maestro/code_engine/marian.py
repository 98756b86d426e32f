"""Marian's ``model.npz``: names and shapes of the weights, written and read.

Besides Marian's own arrays the file holds ``Wpos``, the position table. Marian ignores it;
CTranslate2's converter would otherwise compute one with another formula.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.network import Attention, Layer, Network
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


def named_weights(network: Network) -> Iterator[tuple[str, Tensor]]:
    """Yields Marian's names with views of the network's parameters, in Marian's shapes.

    Writing into a view changes the network.
    """
    yield "Wemb", network.embedding
    yield "decoder_ff_logit_out_b", network.output_bias[None]
    for side, layers in (("encoder", network.encoder), ("decoder", network.decoder)):
        for number, module in enumerate(layers, start=1):
            layer = cast(Layer, module)
            name = f"{side}_l{number}"
            yield from _attention(f"{name}_self", layer.attention, layer.attention_norm)
            if layer.context is not None and layer.context_norm is not None:
                yield from _attention(f"{name}_context", layer.context, layer.context_norm)
            yield f"{name}_ffn_W1", layer.widen.weight.T
            yield f"{name}_ffn_b1", layer.widen.bias[None]
            yield f"{name}_ffn_W2", layer.narrow.weight.T
            yield f"{name}_ffn_b2", layer.narrow.bias[None]
            yield from _layer_norm(f"{name}_ffn_ffn", layer.ffn_norm)


def _attention(name: str, attention: Attention, norm: nn.LayerNorm) -> Iterator[tuple[str, Tensor]]:
    parts = 3 if attention.query is None else 2
    weights = list(attention.project.weight.chunk(parts))
    biases = list(attention.project.bias.chunk(parts))
    if attention.query is not None:
        weights.insert(0, attention.query.weight)
        biases.insert(0, attention.query.bias)
    for letter, weight, bias in zip(
        "qkvo",
        [*weights, attention.output.weight],
        [*biases, attention.output.bias],
        strict=True,
    ):
        yield f"{name}_W{letter}", weight.T
        yield f"{name}_b{letter}", bias[None]
    yield from _layer_norm(f"{name}_Wo", norm)


def _layer_norm(name: str, norm: nn.LayerNorm) -> Iterator[tuple[str, Tensor]]:
    yield f"{name}_ln_scale", norm.weight[None]
    yield f"{name}_ln_bias", norm.bias[None]


def write_model(path: Path, network: Network) -> None:
    """Writes the network as Marian does, atomically; the same weights give the same bytes."""
    arrays: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(weight.detach().float().numpy())
        for name, weight in named_weights(network)
    }
    arrays[POSITIONS_NAME] = network.positions.numpy()
    options = model_options(network.recipe, network.vocabulary_size)
    text = yaml.safe_dump(options, sort_keys=True).encode() + b"\0"
    arrays[OPTIONS_NAME] = np.frombuffer(text, dtype=np.int8)
    with atomic_binary(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, arrays[name], version=(1, 0))
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME), content.getvalue())


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


def read_model(path: Path) -> Network:
    """Reads a ``model.npz``, ours or Marian's, into a network in evaluation mode.

    Raises:
        MissingPartError: there is no such file.
        DataError: the file, its options or the shape of an array is not what it should be.
    """
    arrays = read_arrays(path)
    recipe, vocabulary_size = read_shape(path, read_options(path, arrays))
    network = Network(recipe, vocabulary_size)
    with torch.no_grad():
        for name, weight in named_weights(network):
            if name not in arrays:
                raise DataError("the model is incomplete", where=path, why=f"{name} is missing")
            array = arrays[name].astype(np.float32)
            if array.shape != tuple(weight.shape):
                raise DataError(
                    f"{name} has shape {array.shape}, not {tuple(weight.shape)}", where=path
                )
            weight.copy_(torch.from_numpy(array))
    return network.eval()
