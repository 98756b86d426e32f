"""The network to train: a time-delay neural network (TDNN) as in Kaldi's chain recipes.

Source: Peddinti et al., "A time delay neural network architecture for efficient modeling of long
temporal contexts", 2015. `B` utterances, `F` frames of features, `T` frames of the output (a third
of them), `C` coefficients, `D` pdfs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Frames of features to one of the output.
SUBSAMPLING = 3


@dataclass(frozen=True)
class TdnnShape:
    """Size of the network.

    Attributes:
        dim: width of each hidden layer.
        fast_layers: layers before the rate falls to a third, each seeing a frame on either side;
            the last of them is computed at the lower rate already.
        slow_layers: layers after it, each seeing three frames on either side.
    """

    dim: int = 256
    fast_layers: int = 2
    slow_layers: int = 5

    @property
    def contexts(self) -> tuple[int, ...]:
        """Frames of features that each layer sees on either side."""
        return (1,) * self.fast_layers + (SUBSAMPLING,) * self.slow_layers

    @property
    def context(self) -> int:
        """Frames of features on either side of an output's frame that it depends on."""
        return sum(self.contexts)


class BatchNorm(nn.Module):
    """Brings each dimension to mean 0 and variance 1, as Kaldi's component does.

    In training by the batch's own statistics over all frames, padding included; afterwards by their
    running mean.

    Args:
        width: dimensions, `W`.
    """

    EPSILON = 1e-3
    MOMENTUM = 0.05

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, values: Tensor) -> Tensor:
        """Normalises `(B, T, W)`."""
        flat = nn.functional.batch_norm(
            values.reshape(-1, values.shape[2]),
            self.running_mean,
            self.running_var,
            training=self.training,
            momentum=self.MOMENTUM,
            eps=self.EPSILON,
        )
        return flat.view(values.shape)


class Tdnn(nn.Module):
    """Layers of affine transform, rectifier and batch normalisation; two outputs.

    Args:
        features: `C`.
        pdfs: `D`.
        shape: see `TdnnShape`.
    """

    def __init__(self, features: int, pdfs: int, shape: TdnnShape) -> None:
        super().__init__()
        self.shape = shape
        self.features = features
        self.pdfs = pdfs
        self.input_norm = BatchNorm(features)
        widths = [features] + [shape.dim] * len(shape.contexts)
        self.affines = nn.ModuleList(nn.Linear(3 * width, shape.dim) for width in widths[:-1])
        self.norms = nn.ModuleList(BatchNorm(shape.dim) for _ in shape.contexts)
        self.prefinal = nn.Linear(shape.dim, shape.dim)
        self.prefinal_norm = BatchNorm(shape.dim)
        self.output = nn.Linear(shape.dim, pdfs)
        self.cross_entropy = nn.Linear(shape.dim, pdfs)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
                nn.init.zeros_(layer.bias)
        # The chain objective starts from uniform outputs.
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.cross_entropy.weight)

    def hidden_matrices(self) -> list[nn.Parameter]:
        """Returns the weights of all layers that are normalised afterwards."""
        return [layer.weight for layer in (*self.affines, self.prefinal)]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Computes both outputs.

        Args:
            features: `(B, F, C)`; the ends are repeated as context.

        Returns:
            `(B, T, D)` of the chain's output and log-probabilities `(B, T, D)` of the
            cross-entropy's, with T = ceil(F / 3).
        """
        frames = features.shape[1]
        count = (frames + SUBSAMPLING - 1) // SUBSAMPLING
        context = self.shape.context
        # As many frames as the last output's context needs.
        right = context + (count - 1) * SUBSAMPLING + 1 - frames
        left_edge = features[:, :1].expand(-1, context, -1)
        right_edge = features[:, -1:].expand(-1, max(0, right), -1)
        hidden = torch.cat([left_edge, features, right_edge], dim=1)
        hidden = hidden[:, : 2 * context + (count - 1) * SUBSAMPLING + 1]
        hidden = self.input_norm(hidden)
        for number, (affine, norm) in enumerate(zip(self.affines, self.norms, strict=True)):
            step = SUBSAMPLING if number == self.shape.fast_layers - 1 else 1
            length = hidden.shape[1] - 2
            pieces = [hidden[:, shift : shift + length : step] for shift in range(3)]
            hidden = norm(torch.relu(affine(torch.cat(pieces, dim=2))))
        hidden = self.prefinal_norm(torch.relu(self.prefinal(hidden)))
        return self.output(hidden), torch.log_softmax(self.cross_entropy(hidden), dim=2)
