"""The transformer: post-norm, tied embeddings, number for number what Marian computes.

Legend of shapes: B rows of a batch, S source length, T target length, N target tokens without
padding, D width, H heads, V vocabulary size. Source and target lines end with `EOS`.

Marian's conventions, which the names in `weights` refer to: sub-layers are followed by dropout,
addition and layer normalisation ("dan"); embeddings are multiplied by sqrt(D); the decoder's
first input is a zero vector; one matrix serves as both embeddings and output projection.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from arqon_maestro.code_engine.marian import position_table
from arqon_maestro.code_engine.products import Linear, linear
from arqon_maestro.code_engine.recipe import MAX_POSITIONS, NetworkRecipe
from arqon_maestro.code_engine.vocabulary import EOS, UNK

LAYER_NORM_EPSILON = 1e-6
UNK_BIAS = -10.0
"""First output bias of `UNK`, which targets do not have: it need not be unlearnt first, and
decoders that exclude it give the same scores as those that do not."""

IGNORED = -100
"""The label of what is not to be predicted; PyTorch's loss leaves it out."""


@dataclass(frozen=True)
class Batch:
    """One padded batch.

    Attributes:
        source: token ids (B, S), padded with `EOS`.
        source_mask: (B, 1, 1, S), 0 at tokens and -inf at padding; None without padding.
        target: token ids (B, T), padded with `EOS`.
        positions: indices into the flattened target (B*T) of its N real tokens.
        labels: (B, T) the target with `IGNORED` at padding. If given, all B*T positions are
            computed, so that all shapes follow from B, S and T; `positions` is not read.
    """

    source: Tensor
    source_mask: Tensor | None
    target: Tensor
    positions: Tensor
    labels: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Returns it on a device; from pinned memory without waiting for the copy."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def clone(self, device: torch.device) -> Batch:
        """Returns a copy on a device."""
        return self._map(lambda tensor: tensor.to(device, copy=True))

    def pin(self) -> Batch:
        """Returns it in memory that a GPU can read by itself."""
        return self._map(lambda tensor: tensor.pin_memory())

    def copy_(self, other: Batch) -> None:
        """Overwrites it with a batch of the same shape and with labels."""
        for name in ("source", "source_mask", "target", "labels"):
            getattr(self, name).copy_(getattr(other, name), non_blocking=True)

    def _map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        return Batch(
            function(self.source),
            None if self.source_mask is None else function(self.source_mask),
            function(self.target),
            function(self.positions),
            None if self.labels is None else function(self.labels),
        )


def attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, causal: bool = False
) -> Tensor:
    """Scaled dot-product attention of (B, H, T, D/H) over (B, H, S, D/H).

    On a CPU it is written out: at our lengths this is as fast as PyTorch's fused kernel.

    Args:
        query: (B, H, T, D/H).
        key: (B, H, S, D/H).
        value: (B, H, S, D/H).
        mask: added to the (B, H, T, S) scores; broadcast.
        causal: let position t attend to positions up to t; there is no mask then.
    """
    if query.device.type != "cpu":
        return attend_fused(query, key, value, mask, causal=causal)
    if causal:
        mask = _causal_mask(query.shape[2])
    scores = (query * (1.0 / math.sqrt(query.shape[-1]))) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    return scores.softmax(-1) @ value


def attend_fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, causal: bool
) -> Tensor:
    """`attend` by PyTorch's kernels, which do not write the (B, H, T, S) scores to memory."""
    return F.scaled_dot_product_attention(query, key, value, mask, is_causal=causal)


def _causal_mask(length: int) -> Tensor:
    """Returns (T, T): 0 on and below the diagonal, -inf above."""
    return torch.full((length, length), -math.inf).triu(1)


class Attention(nn.Module):
    """Multi-head attention with one fused projection for the inputs that are shared.

    Args:
        dim: width D.
        heads: heads H.
        cross: queries come from the decoder, keys and values from the encoder.
    """

    def __init__(self, dim: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.heads = heads
        self.query = Linear(dim, dim) if cross else None
        self.project = Linear(dim, 2 * dim if cross else 3 * dim)
        self.output = Linear(dim, dim)

    def initialise(self, scale: float, *, copying: bool) -> None:
        """Draws the weights: Glorot, values and outputs times `scale`, plus 1 if `copying`."""
        if self.query is not None:
            nn.init.xavier_uniform_(self.query.weight)
        *keys, values = self.project.weight.chunk(2 if self.query is not None else 3)
        for block in keys:
            nn.init.xavier_uniform_(block)
        for block in (values, self.output.weight):
            nn.init.xavier_uniform_(block, gain=scale)
            if copying:
                block.diagonal().add_(1.0)

    def forward(
        self, x: Tensor, memory: Tensor | None, mask: Tensor | None, *, causal: bool = False
    ) -> Tensor:
        """Attends from `x` (B, T, D) to itself, or to `memory` (B, S, D); returns (B, T, D)."""
        rows, length, dim = x.shape
        if self.query is None:
            q, k, v = self._split(self.project(x), 3)
        else:
            assert memory is not None
            (q,) = self._split(self.query(x), 1)
            k, v = self._split(self.project(memory), 2)
        mixed = attend(q, k, v, mask, causal=causal)
        joined: Tensor = self.output(mixed.transpose(1, 2).reshape(rows, length, dim))
        return joined

    def _split(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, T, parts*D) to `parts` tensors (B, H, T, D/H)."""
        rows, length, _ = x.shape
        heads = x.view(rows, length, parts, self.heads, -1)
        return heads.permute(2, 0, 3, 1, 4).unbind(0)


class Layer(nn.Module):
    """An encoder layer, or with `cross` a decoder layer."""

    def __init__(self, recipe: NetworkRecipe, *, cross: bool) -> None:
        super().__init__()
        dim = recipe.dim
        self.dropout = recipe.dropout
        self.attention = Attention(dim, recipe.heads, cross=False)
        self.attention_norm = nn.LayerNorm(dim, LAYER_NORM_EPSILON)
        self.context = Attention(dim, recipe.heads, cross=True) if cross else None
        self.context_norm = nn.LayerNorm(dim, LAYER_NORM_EPSILON) if cross else None
        self.widen = Linear(dim, recipe.ffn)
        self.narrow = Linear(recipe.ffn, dim)
        self.ffn_norm = nn.LayerNorm(dim, LAYER_NORM_EPSILON)

    def forward(self, x: Tensor, mask: Tensor | None, memory: Tensor | None = None) -> Tensor:
        """Transforms `x` (B, T, D).

        Args:
            x: the layer's input.
            mask: the source's padding (B, 1, 1, S).
            memory: the encoder's output (B, S, D), in a decoder layer.
        """
        if self.context is None or self.context_norm is None:
            x = self.attention_norm(x + self._drop(self.attention(x, None, mask)))
        else:
            # Padding needs no mask here: it stands to the right of all that looks left.
            x = self.attention_norm(x + self._drop(self.attention(x, None, None, causal=True)))
            x = self.context_norm(x + self._drop(self.context(x, memory, mask)))
        widened = F.relu(self.widen(x), inplace=True)
        result: Tensor = self.ffn_norm(x + self._drop(self.narrow(widened)))
        return result

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class Network(nn.Module):
    """Encoder and decoder.

    Args:
        recipe: the shape.
        vocabulary_size: V, shared by source and target.
    """

    positions: Tensor

    def __init__(self, recipe: NetworkRecipe, vocabulary_size: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.vocabulary_size = vocabulary_size
        self.embedding = nn.Parameter(torch.empty(vocabulary_size, recipe.dim))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.encoder = nn.ModuleList(
            Layer(recipe, cross=False) for _ in range(recipe.encoder_layers)
        )
        self.decoder = nn.ModuleList(
            Layer(recipe, cross=True) for _ in range(recipe.decoder_layers)
        )
        table = torch.from_numpy(position_table(MAX_POSITIONS, recipe.dim))
        self.register_buffer("positions", table, persistent=False)
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Glorot, with value, output and feed-forward weights scaled by `init_scale`.

        Post-norm networks of more than a few layers do not start to learn otherwise (Huang et al.
        2020, "Improving transformer optimization through better initialization").

        With `copy_init` the decoder's cross-attention adds the identity to values and outputs: the
        embedding attended to reaches the output projection, which is the same matrix, and so the
        token that it belongs to. Where to attend is all that is left to learn. (Trockman and
        Kolter 2023, "Mimetic initialization of self-attention layers", do so with what training
        was seen to end at.) After training nothing distinguishes these networks from others.
        """
        scale = self.recipe.init_scale
        bound = math.sqrt(3 / self.recipe.dim)
        nn.init.uniform_(self.embedding, -bound, bound)
        self.output_bias[UNK] = UNK_BIAS
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
            if isinstance(module, Attention):
                copying = self.recipe.copy_init and module.query is not None
                module.initialise(scale, copying=copying)
            elif isinstance(module, Layer):
                nn.init.xavier_uniform_(module.widen.weight, gain=scale)
                nn.init.xavier_uniform_(module.narrow.weight, gain=scale)

    def encode(self, source: Tensor, mask: Tensor | None) -> Tensor:
        """Encodes token ids (B, S) to (B, S, D); `mask` as in `Batch`."""
        x = F.embedding(source, self.embedding) * math.sqrt(self.recipe.dim)
        x = self._drop(x + self.positions[: source.shape[1]])
        for layer in self.encoder:
            x = layer(x, mask)
        return x

    def decode(self, memory: Tensor, mask: Tensor | None, target: Tensor) -> Tensor:
        """Decodes target ids (B, T) to states (B, T, D); state t has seen tokens before t."""
        x = F.embedding(target[:, :-1], self.embedding) * math.sqrt(self.recipe.dim)
        x = F.pad(x, (0, 0, 1, 0))
        x = self._drop(x + self.positions[: target.shape[1]])
        for layer in self.decoder:
            x = layer(x, mask, memory)
        return x

    def logits(self, states: Tensor) -> Tensor:
        """Projects states (…, D) to scores of the vocabulary (…, V)."""
        return linear(states, self.embedding, self.output_bias)

    def forward(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """Returns the cross-entropy of the batch's target tokens, summed, in nats."""
        logits, targets = self._predict(batch)
        return F.cross_entropy(logits, targets, reduction="sum", label_smoothing=label_smoothing)

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[float, int]:
        """Returns the summed cross-entropy in nats, and how many target tokens are the likeliest.

        Every token is predicted from the true ones before it.
        """
        logits, targets = self._predict(batch)
        loss = F.cross_entropy(logits, targets, reduction="sum")
        return loss.item(), int((logits.argmax(-1) == targets).sum())

    def _predict(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the scores (N, V) of the batch's N real target tokens, and their ids (N).

        With labels, of all B*T positions, `IGNORED` where there is no real token.
        """
        states = self.decode(
            self.encode(batch.source, batch.source_mask), batch.source_mask, batch.target
        )
        states = states.reshape(-1, self.recipe.dim)
        if batch.labels is not None:
            return self.logits(states), batch.labels.view(-1)
        states = states.index_select(0, batch.positions)
        return self.logits(states), batch.target.reshape(-1).index_select(0, batch.positions)

    @torch.no_grad()
    def greedy(self, batch: Batch, max_length: int) -> tuple[list[list[int]], list[float]]:
        """Decodes greedily, recomputing each prefix: slow and plain, the tests' reference.

        Args:
            batch: only the source is read.
            max_length: most tokens of an output.

        Returns:
            Per row the ids without `EOS` (never `UNK`, as in Marian), and the summed log
            probability in nats, `EOS` included.
        """
        memory = self.encode(batch.source, batch.source_mask)
        rows = batch.source.shape[0]
        outputs = torch.full((rows, 0), EOS, dtype=torch.long)
        done = torch.zeros(rows, dtype=torch.bool)
        scores = torch.zeros(rows)
        for _ in range(max_length):
            states = self.decode(memory, batch.source_mask, F.pad(outputs, (0, 1)))
            log_probabilities = self.logits(states[:, -1]).log_softmax(-1)
            log_probabilities[:, UNK] = -math.inf
            best, token = log_probabilities.max(-1)
            scores += best.masked_fill(done, 0.0)
            token = token.masked_fill(done, EOS)
            outputs = torch.cat([outputs, token[:, None]], dim=1)
            done |= token == EOS
            if bool(done.all()):
                break
        ids = [[token for token in row if token != EOS] for row in outputs.tolist()]
        return ids, scores.tolist()

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.recipe.dropout, self.training) if self.recipe.dropout else x
