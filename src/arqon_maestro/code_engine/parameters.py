"""All weights of a network in one vector: one operation updates, averages, clips or sends them."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import nn

from arqon_maestro.code_engine.network import Network

# Every parameter begins where an allocation of its own would, 256 bytes apart: kernels want it so.
_ALIGNMENT = 64


class FlatParameters:
    """The weights of a network, moved into one vector, and their gradients in another.

    The network goes on as before: its parameters are views of the vector.

    Args:
        network: whose parameters are moved; it must be on its device already.

    Attributes:
        network: the network.
        weights: (P,) all weights; between the parameters lie zeros.
        gradient: (P,) the gradient of `weights`.
        gradients: views of `gradient`, in the order and shapes of the network's parameters.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        parameters = list(network.parameters())
        sizes = [-(-one.numel() // _ALIGNMENT) * _ALIGNMENT for one in parameters]
        starts = [0, *accumulate(sizes)]
        with torch.no_grad():
            vector = parameters[0].new_zeros(starts[-1])
            for one, start in zip(parameters, starts, strict=False):
                view = vector[start : start + one.numel()].view(one.shape)
                view.copy_(one)
                one.data = view
        self.weights = nn.Parameter(vector)
        self.gradient = torch.zeros_like(vector)
        self.weights.grad = self.gradient
        self.gradients = [
            self.gradient[start : start + one.numel()].view(one.shape)
            for one, start in zip(parameters, starts, strict=False)
        ]

    def norm(self) -> torch.Tensor:
        """Returns the Euclidean length of the gradient, a scalar on its device."""
        norms = torch.stack(torch._foreach_norm(self.gradients))
        length: torch.Tensor = torch.linalg.vector_norm(norms)
        return length
