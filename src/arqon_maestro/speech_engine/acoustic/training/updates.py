"""One update of the weights: parts of a batch, each normalised by itself, then one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from arqon_maestro.executors.processes import ALONE, Group
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn
from arqon_maestro.speech_engine.acoustic.training.orthogonal import OrthogonalMomentum

_ADAM_BETAS = (0.9, 0.98)
_CLIP_NORM = 1.0


@dataclass(frozen=True)
class Rates:
    """Learning rates.

    Attributes:
        turning: how far the hidden layers' matrices turn, in radians.
        adam: of the other parameters.
    """

    turning: float
    adam: float

    def times(self, share: float) -> Rates:
        """Returns both, multiplied."""
        return Rates(self.turning * share, self.adam * share)


class Update:
    """A network and its optimisers: hidden layers are turned, all other parameters are Adam's.

    Whether one process computes all parts of a batch or several share them, the weights change by
    the same sum of gradients, and the running statistics by the same mean.

    Args:
        network: to train.
        group: the processes that train it together.

    Attributes:
        network: the network.
        turning: of the hidden layers' matrices.
        adam: of all other parameters.
    """

    def __init__(self, network: Tdnn, group: Group = ALONE) -> None:
        self.network = network
        self._group = group
        self._parameters = list(network.parameters())
        hidden = network.hidden_matrices()
        taken = {id(one) for one in hidden}
        self.turning = OrthogonalMomentum(hidden, group=group)
        self.adam = torch.optim.Adam(
            [one for one in self._parameters if id(one) not in taken], betas=_ADAM_BETAS, eps=1e-8
        )
        self._statistics = [one for one in network.buffers() if one.is_floating_point()]

    def apply(self, losses: Iterable[tuple[float, Tensor] | None], rates: Rates) -> float:
        """Does one update.

        Args:
            losses: of each of this process' parts, made one by one: the objective to show, and the
                loss, whose sums over all parts are those of the batch; None for a part without
                utterances.
            rates: learning rates of this update.

        Returns:
            The sum of the objectives.
        """
        before = _joined(self._statistics)
        statistics = torch.zeros_like(before)
        counts = torch.zeros(2)
        self.network.zero_grad()
        for part in losses:
            if part is None:
                continue
            value, loss = part
            loss.backward()  # type: ignore[no-untyped-call]
            counts += torch.tensor([value, 1.0])
            statistics += _joined(self._statistics)
            _separate(before, self._statistics)
        gradients = [
            torch.zeros_like(one) if one.grad is None else one.grad for one in self._parameters
        ]
        message = torch.cat([counts, statistics, _joined(gradients)])
        self._group.sum_(message)
        total, count = (float(one) for one in message[:2])
        _separate(message[2 : 2 + len(before)] / count, self._statistics)
        for one, gradient in zip(self._parameters, gradients, strict=True):
            one.grad = gradient
        _separate(message[2 + len(before) :], gradients)
        nn.utils.clip_grad_norm_(self._parameters, _CLIP_NORM)
        for optimiser, rate in ((self.turning, rates.turning), (self.adam, rates.adam)):
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
        return total

    def optimisers(self) -> dict[str, dict[str, Any]]:
        """Returns all that the optimisers remember."""
        return {"turning": self.turning.state_dict(), "adam": self.adam.state_dict()}

    def restore(self, weights: Mapping[str, Tensor], optimisers: Mapping[str, Any]) -> None:
        """Goes on from what was saved."""
        self.network.load_state_dict(weights)
        self.turning.load_state_dict(optimisers["turning"])
        self.adam.load_state_dict(optimisers["adam"])


def _joined(tensors: list[Tensor]) -> Tensor:
    return torch.cat([one.detach().flatten() for one in tensors])


@torch.no_grad()
def _separate(vector: Tensor, tensors: list[Tensor]) -> None:
    """Copies pieces of a vector, one after another, into tensors."""
    pieces = torch.split(vector, [one.numel() for one in tensors])
    for one, piece in zip(tensors, pieces, strict=True):
        one.copy_(piece.view_as(one))
