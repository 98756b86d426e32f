"""A model's network on numpy, one target token after another, from any prefix.

CTranslate2 translates on its own and cannot be told which tokens may follow; a search that knows
that needs the network's opinion of prefixes of its own choice. What was computed for a prefix is
kept with it and shared by all that go on from there.

Shapes: S source tokens, N target tokens of all prefixes together, P tokens of one prefix, D width,
H heads, V vocabulary size. Everything is float32.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.code_engine.marian import (
    POSITIONS_NAME,
    position_table,
    read_arrays,
    read_options,
    read_shape,
)
from arqon_maestro.code_engine.recipe import MAX_POSITIONS
from arqon_maestro.errors import DataError

Floats: TypeAlias = NDArray[np.float32]

LAYER_NORM_EPSILON = np.float32(1e-6)


@dataclass(frozen=True, eq=False)
class Past:
    """What the decoder keeps of a prefix: a pair (H, P, D/H) of keys and values per layer."""

    length: int
    layers: tuple[tuple[Floats, Floats], ...]


@dataclass(frozen=True, eq=False)
class Source:
    """An encoded source line.

    Attributes:
        layers: keys (H, D/H, S) and values (H, S, D/H) of the cross-attention, per decoder layer.
        past: of the empty prefix.
    """

    layers: tuple[tuple[Floats, Floats], ...]
    past: Past


class StepNetwork:
    """Encoder and decoder.

    Args:
        arrays: of a ``model.npz``, ours or Marian's.
        where: its path, for errors.

    Attributes:
        vocabulary_size: V.
        positions: rows of the position table: the longest source and target, `EOS` included.

    Raises:
        DataError: the options are not supported, or an array is missing or of another shape.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], where: Path) -> None:
        shape, self.vocabulary_size = read_shape(where, read_options(where, dict(arrays)))
        weights = _Weights(arrays, where)
        self._heads, self._dim = shape.heads, shape.dim
        self._embedding = weights.get("Wemb", self.vocabulary_size, shape.dim)
        self._output = np.asfortranarray(self._embedding.T)
        self._output_bias = weights.get("decoder_ff_logit_out_b", 1, self.vocabulary_size)
        table = arrays.get(POSITIONS_NAME)
        if table is None:
            table = position_table(MAX_POSITIONS, shape.dim)
        self._table: Floats = np.asarray(table, dtype=np.float32)
        self.positions = len(self._table)
        self._encoder = [
            _Layer(weights, f"encoder_l{number + 1}", shape.dim, shape.ffn, shape.heads)
            for number in range(shape.encoder_layers)
        ]
        self._decoder = [
            _DecoderLayer(weights, f"decoder_l{number + 1}", shape.dim, shape.ffn, shape.heads)
            for number in range(shape.decoder_layers)
        ]

    @classmethod
    def load(cls, path: Path) -> StepNetwork:
        """Reads a ``model.npz``.

        Raises:
            MissingPartError: there is no such file.
            DataError: it cannot be read, or is not supported.
        """
        return cls(read_arrays(path), path)

    def encode(self, ids: Sequence[int]) -> Source:
        """Encodes a source line's ids, the final `EOS` included.

        Raises:
            DataError: it is longer than the position table.
        """
        self._check_length(len(ids))
        x = self._embed(ids) + self._table[: len(ids)]
        nothing = self._nothing()
        for layer in self._encoder:
            x, _ = layer.attend(x, [(nothing, nothing)], [len(ids)], causal=False)
            x = layer.transform(x)
        memory = tuple(layer.memory(x) for layer in self._decoder)
        return Source(memory, Past(0, ((nothing, nothing),) * len(self._decoder)))

    def extend(
        self, source: Source, pasts: Sequence[Past], tokens: Sequence[Sequence[int]]
    ) -> tuple[list[Past], list[Floats]]:
        """Feeds the next tokens of several prefixes.

        Args:
            source: the line that they are translations of.
            pasts: what is kept of each prefix.
            tokens: what follows each, at least one token; the first of an empty prefix stands for
                the beginning, whatever its number.

        Returns:
            What to keep of the longer prefixes, and for each of them the log probabilities of the
            token after every fed one (fed tokens, V), in nats.

        Raises:
            DataError: a prefix becomes longer than the position table.
        """
        lengths = [len(part) for part in tokens]
        x = self._embed([token for part in tokens for token in part])
        row = 0
        for past, length in zip(pasts, lengths, strict=True):
            self._check_length(past.length + length)
            if past.length == 0:
                x[row] = 0.0
            x[row : row + length] += self._table[past.length : past.length + length]
            row += length
        kept: list[list[tuple[Floats, Floats]]] = [[] for _ in pasts]
        for number, layer in enumerate(self._decoder):
            x, extended = layer.attend(x, [past.layers[number] for past in pasts], lengths)
            for layers, pair in zip(kept, extended, strict=True):
                layers.append(pair)
            x = layer.transform(layer.attend_source(x, *source.layers[number]))
        logits = x @ self._output
        logits += self._output_bias
        logits -= logits.max(axis=-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        longer = [
            Past(past.length + length, tuple(layers))
            for past, length, layers in zip(pasts, lengths, kept, strict=True)
        ]
        ends = np.cumsum(lengths)[:-1]
        return longer, np.split(logits, ends)

    def _check_length(self, length: int) -> None:
        if length > self.positions:
            raise DataError(
                f"a line of {length} tokens", why=f"the model takes at most {self.positions}"
            )

    def _embed(self, ids: Sequence[int]) -> Floats:
        embedded: Floats = self._embedding[ids] * np.float32(math.sqrt(self._dim))
        return embedded

    def _nothing(self) -> Floats:
        return np.empty((self._heads, 0, self._dim // self._heads), np.float32)


class _Weights:
    """A model's arrays, checked as they are taken."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], where: Path) -> None:
        self._arrays = arrays
        self._where = where

    def get(self, name: str, *shape: int) -> Floats:
        array = self._arrays.get(name)
        if array is None:
            raise DataError("the model is incomplete", where=self._where, why=f"{name} is missing")
        if array.shape != shape:
            raise DataError(f"{name} has shape {array.shape}, not {shape}", where=self._where)
        return np.ascontiguousarray(array, dtype=np.float32)


class _Attention:
    """Projections of one attention, and the layer normalisation that follows it.

    Args:
        weights: the model's.
        name: such as ``decoder_l1_self``.
        dim: width D.
        joined: which projections read the same input and are computed as one.
    """

    def __init__(self, weights: _Weights, name: str, dim: int, joined: str) -> None:
        self.weight = np.hstack([weights.get(f"{name}_W{one}", dim, dim) for one in joined])
        self.bias = np.hstack([weights.get(f"{name}_b{one}", 1, dim) for one in joined])
        self.output = weights.get(f"{name}_Wo", dim, dim)
        self.output_bias = weights.get(f"{name}_bo", 1, dim)
        self.norm = _norm(weights, f"{name}_Wo", dim)

    def finish(self, x: Floats, mixed: Floats) -> Floats:
        """Projects (N, D), adds the input and normalises."""
        return _normalise(mixed @ self.output + self.output_bias + x, *self.norm)


class _Layer:
    """Self-attention and feed-forward of an encoder or decoder layer."""

    def __init__(self, weights: _Weights, name: str, dim: int, ffn: int, heads: int) -> None:
        self.heads, self.dim = heads, dim
        self.scale = np.float32(1.0 / math.sqrt(dim // heads))
        self.own = _Attention(weights, f"{name}_self", dim, "qkv")
        self.widen = weights.get(f"{name}_ffn_W1", dim, ffn)
        self.widen_bias = weights.get(f"{name}_ffn_b1", 1, ffn)
        self.narrow = weights.get(f"{name}_ffn_W2", ffn, dim)
        self.narrow_bias = weights.get(f"{name}_ffn_b2", 1, dim)
        self.norm = _norm(weights, f"{name}_ffn_ffn", dim)

    def attend(
        self,
        x: Floats,
        pasts: Sequence[tuple[Floats, Floats]],
        lengths: Sequence[int],
        *,
        causal: bool = True,
    ) -> tuple[Floats, list[tuple[Floats, Floats]]]:
        """Attends from (N, D) rows to those of the same line and to its past.

        Returns:
            The rows (N, D), and keys and values (H, P, D/H) of every line, the new ones included.
        """
        projected = x @ self.own.weight + self.own.bias
        queries, keys, values = projected.reshape(len(x), 3, self.heads, -1).transpose(1, 2, 0, 3)
        queries = queries * self.scale
        mixed = np.empty((len(x), self.dim), np.float32)
        extended = []
        start = 0
        for (past_keys, past_values), length in zip(pasts, lengths, strict=True):
            rows = slice(start, start + length)
            all_keys = np.concatenate([past_keys, keys[:, rows]], axis=1)
            all_values = np.concatenate([past_values, values[:, rows]], axis=1)
            scores = queries[:, rows] @ all_keys.transpose(0, 2, 1)
            if causal and length > 1:
                scores += _later(length, all_keys.shape[1])
            mixed[rows] = _joined(_softmax(scores) @ all_values)
            extended.append((all_keys, all_values))
            start += length
        return self.own.finish(x, mixed), extended

    def transform(self, x: Floats) -> Floats:
        """Applies the feed-forward network to (N, D)."""
        widened: Floats = x @ self.widen + self.widen_bias
        np.maximum(widened, 0, out=widened)
        narrowed: Floats = widened @ self.narrow + self.narrow_bias + x
        return _normalise(narrowed, *self.norm)


class _DecoderLayer(_Layer):
    """A layer that also attends to the source."""

    def __init__(self, weights: _Weights, name: str, dim: int, ffn: int, heads: int) -> None:
        super().__init__(weights, name, dim, ffn, heads)
        self.context = _Attention(weights, f"{name}_context", dim, "q")
        self.remember = _Attention(weights, f"{name}_context", dim, "kv")

    def memory(self, encoded: Floats) -> tuple[Floats, Floats]:
        """Returns keys (H, D/H, S) and values (H, S, D/H) of an encoded source (S, D)."""
        projected = encoded @ self.remember.weight + self.remember.bias
        keys, values = projected.reshape(len(encoded), 2, self.heads, -1).transpose(1, 2, 0, 3)
        return np.ascontiguousarray(keys.transpose(0, 2, 1)), np.ascontiguousarray(values)

    def attend_source(self, x: Floats, keys: Floats, values: Floats) -> Floats:
        """Attends from (N, D) rows to the source; returns (N, D)."""
        projected: Floats = (x @ self.context.weight + self.context.bias) * self.scale
        queries = projected.reshape(len(x), self.heads, -1).transpose(1, 0, 2)
        scores: Floats = queries @ keys
        return self.context.finish(x, _joined(_softmax(scores) @ values))


def _norm(weights: _Weights, name: str, dim: int) -> tuple[Floats, Floats]:
    return weights.get(f"{name}_ln_scale", 1, dim), weights.get(f"{name}_ln_bias", 1, dim)


def _normalise(x: Floats, scale: Floats, bias: Floats) -> Floats:
    """Layer normalisation of (N, D), in place."""
    size = np.float32(1.0 / x.shape[-1])
    x -= np.add.reduce(x, axis=-1, keepdims=True) * size
    variance = np.einsum("nd,nd->n", x, x)[:, None] * size
    x /= np.sqrt(variance + LAYER_NORM_EPSILON)
    x *= scale
    x += bias
    return x


def _softmax(scores: Floats) -> Floats:
    """Over the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _joined(heads: Floats) -> Floats:
    """(H, N, D/H) to (N, D)."""
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


def _later(length: int, total: int) -> Floats:
    """Returns (length, total): -inf where a row would see a key after its own."""
    return np.triu(np.full((length, total), -np.inf, np.float32), total - length + 1)
