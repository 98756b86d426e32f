"""A network's weights under Marian's names and in its shapes, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from arqon_maestro.code_engine.marian import (
    OPTIONS_NAME,
    POSITIONS_NAME,
    encode_options,
    model_options,
    read_arrays,
    read_options,
    read_shape,
    write_arrays,
)
from arqon_maestro.code_engine.network import Attention, Layer, Network
from arqon_maestro.errors import DataError

SHAPE_FIELDS = ("encoder_layers", "decoder_layers", "dim", "ffn", "heads")
"""What of a `NetworkRecipe` decides which weights fit; the rest matters only in training."""


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
        name: np.ascontiguousarray(weight.detach().float().cpu().numpy())
        for name, weight in named_weights(network)
    }
    arrays[POSITIONS_NAME] = network.positions.cpu().numpy()
    arrays[OPTIONS_NAME] = encode_options(model_options(network.recipe, network.vocabulary_size))
    write_arrays(path, arrays)


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


def load_initial(network: Network, path: Path) -> None:
    """Gives a new network the weights of a ``model.npz``, ours or Marian's.

    Raises:
        MissingPartError: there is no such file.
        DataError: it is no model, or one of another shape or vocabulary.
    """
    found = read_model(path)
    differences = [
        f"{name} {there}, not {here}"
        for name, there, here in (
            ("vocabulary_size", found.vocabulary_size, network.vocabulary_size),
            *(
                (name, getattr(found.recipe, name), getattr(network.recipe, name))
                for name in SHAPE_FIELDS
            ),
        )
        if there != here
    ]
    if differences:
        raise DataError(
            "the model to start from has another shape",
            where=path,
            why="; ".join(differences),
            remedy="give the recipe's network this model's shape, or start from another model",
        )
    network.load_state_dict(found.state_dict())
