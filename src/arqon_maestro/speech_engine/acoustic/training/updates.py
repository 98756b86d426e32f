"""One update of the weights: parts of a batch, each normalised by itself, then one step of Adam."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from arqon_maestro.executors.processes import ALONE, Group
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn

_ADAM_BETAS = (0.9, 0.98)
_CLIP_NORM = 1.0


class Update:
    """A network and its optimiser.

    Whether one process computes all parts of a batch or several share them, the weights change by
    the same sum of gradients, and the running statistics by the same mean.

    Args:
        network: to train.
        group: the processes that train it together.

    Attributes:
        network: the network.
        optimiser: Adam.
    """

    def __init__(self, network: Tdnn, group: Group = ALONE) -> None:
        self.network = network
        self.optimiser = torch.optim.Adam(network.parameters(), betas=_ADAM_BETAS, eps=1e-8)
        self._group = group
        self._parameters = list(network.parameters())
        self._statistics = [one for one in network.buffers() if one.is_floating_point()]

    def apply(self, losses: Iterable[tuple[float, Tensor] | None], learning_rate: float) -> float:
        """Does one update.

        Args:
            losses: of each of this process' parts, made one by one: the objective to show, and the
                loss, whose sums over all parts are those of the batch; None for a part without
                utterances.
            learning_rate: of Adam.

        Returns:
            The sum of the objectives.
        """
        before = _joined(self._statistics)
        statistics = torch.zeros_like(before)
        objective, parts = 0.0, 0
        self.optimiser.zero_grad()
        for part in losses:
            if part is None:
                continue
            value, loss = part
            loss.backward()  # type: ignore[no-untyped-call]
            objective, parts = objective + value, parts + 1
            statistics += _joined(self._statistics)
            _separate(before, self._statistics)
        gradients = [
            torch.zeros_like(one) if one.grad is None else one.grad for one in self._parameters
        ]
        counts = torch.tensor([objective, float(parts)])
        message = torch.cat([counts, statistics, _joined(gradients)])
        self._group.sum_(message)
        total, count = (float(one) for one in message[:2])
        _separate(message[2 : 2 + len(before)] / count, self._statistics)
        for one, gradient in zip(self._parameters, gradients, strict=True):
            one.grad = gradient
        _separate(message[2 + len(before) :], gradients)
        nn.utils.clip_grad_norm_(self._parameters, _CLIP_NORM)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        return total


def _joined(tensors: list[Tensor]) -> Tensor:
    return torch.cat([one.detach().flatten() for one in tensors])


@torch.no_grad()
def _separate(vector: Tensor, tensors: list[Tensor]) -> None:
    """Copies pieces of a vector, one after another, into tensors."""
    pieces = torch.split(vector, [one.numel() for one in tensors])
    for one, piece in zip(tensors, pieces, strict=True):
        one.copy_(piece.view_as(one))
