"""Steps of orthogonalised momentum, for matrices of layers that are normalised afterwards.

Such a layer does the same however long its matrix is: only the direction counts. So every matrix is
kept at one length, and is turned by a step that goes equally far along all of its singular
directions, not mostly along the few that the gradient prefers.

Sources: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024 (step and
iteration); Bernstein and Newhouse, "Old optimizer, new norm", 2024 (why).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from arqon_maestro.executors.processes import ALONE, Group

#: Of the quintic by which an iteration brings singular values from (0, 1] near 1, quickly rather
#: than exactly: after five they lie between 0.7 and 1.2.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_SMALLEST = 1e-7


def orthogonalised(matrix: Tensor) -> Tensor:
    """Returns the matrix `(M, N)` with all singular values brought near 1, by Newton-Schulz.

    Iterates on the product of the matrix with itself, which is the smaller one.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.t()
    wide = wide / (wide.norm() + _SMALLEST)
    square = wide @ wide.t()
    turn: Tensor | None = None
    linear, cubic, quintic = _COEFFICIENTS
    for iteration in range(_ITERATIONS):
        step = cubic * square + quintic * (square @ square)
        step.diagonal().add_(linear)
        turn = step if turn is None else step @ turn
        if iteration < _ITERATIONS - 1:
            square = step @ square @ step
    assert turn is not None
    made: Tensor = turn @ wide
    return made if matrix.shape[0] <= matrix.shape[1] else made.t()


class OrthogonalMomentum(torch.optim.Optimizer):
    """Turns matrices, each kept at the length (Frobenius norm) that it came with.

    Args:
        matrices: parameters `(M, N)`.
        momentum: share of the past gradients that is kept (Nesterov's).
        group: processes that share the work; all have the same gradients.
    """

    def __init__(
        self, matrices: Iterable[nn.Parameter], momentum: float = 0.9, group: Group = ALONE
    ) -> None:
        super().__init__(matrices, {"lr": 0.0})
        self._matrices: list[nn.Parameter] = list(self.param_groups[0]["params"])
        self._momentum = momentum
        self._processes = group
        for matrix in self._matrices:
            self.state[matrix]["length"] = matrix.detach().norm()
            self.state[matrix]["past"] = torch.zeros_like(matrix)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Turns every matrix by the learning rate, in radians or nearly so."""
        turns = [
            self._turn(matrix, mine=number % self._processes.processes == self._processes.rank)
            for number, matrix in enumerate(self._matrices)
        ]
        if self._processes.processes > 1:
            vector = torch.cat([one.flatten() for one in turns])
            self._processes.sum_(vector)
            pieces = torch.split(vector, [one.numel() for one in turns])
            turns = [piece.view_as(one) for piece, one in zip(pieces, turns, strict=True)]
        for matrix, turn in zip(self._matrices, turns, strict=True):
            length = self.state[matrix]["length"]
            matrix.sub_(turn * (self.param_groups[0]["lr"] * length))
            matrix.mul_(length / matrix.norm())

    def _turn(self, matrix: nn.Parameter, *, mine: bool) -> Tensor:
        """Returns a direction of length 1, computed by one process; by the others, zeros."""
        assert matrix.grad is not None
        past: Tensor = self.state[matrix]["past"]
        past.mul_(self._momentum).add_(matrix.grad)
        if not mine:
            return torch.zeros_like(matrix)
        turn = orthogonalised(matrix.grad.add(past, alpha=self._momentum))
        turn /= turn.norm() + _SMALLEST
        return turn
