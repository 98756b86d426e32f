"""Steps of orthogonalised momentum."""

from __future__ import annotations

import math

import pytest
import torch

from arqon_maestro.speech_engine.acoustic.training.orthogonal import (
    OrthogonalMomentum,
    orthogonalised,
)


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16), (1, 5)])
def test_singular_values_come_near_one_and_directions_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 3
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    made = orthogonalised(matrix)
    found = torch.diagonal(left.t() @ made @ right.t())
    assert found.min() > 0.6 and found.max() < 1.3
    assert torch.allclose(left @ torch.diag(found) @ right, made, atol=1e-3)
    assert values.max() / values.min() > 1.5 or min(shape) == 1


def test_a_matrix_without_gradient_stays():
    assert not orthogonalised(torch.zeros(3, 4)).any()


def test_a_step_turns_by_the_learning_rate_and_keeps_the_length():
    generator = torch.Generator().manual_seed(2)
    matrix = torch.nn.Parameter(torch.randn(6, 20, generator=generator) * 7)
    before = matrix.detach().clone()
    optimiser = OrthogonalMomentum([matrix])
    optimiser.param_groups[0]["lr"] = 0.01
    # A gradient along the matrix itself would change its length alone.
    gradient = torch.randn(6, 20, generator=generator)
    matrix.grad = gradient - before * (gradient * before).sum() / before.square().sum()
    optimiser.step()
    after = matrix.detach()
    assert float(after.norm()) == pytest.approx(float(before.norm()), rel=1e-5)
    cosine = float((after * before).sum() / before.square().sum())
    assert math.acos(cosine) == pytest.approx(0.01, rel=0.1)
    assert float(((after - before) * matrix.grad).sum()) < 0


def test_it_finds_a_rotation_that_it_is_asked_for():
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(200, 10, generator=generator)
    wanted = torch.linalg.qr(torch.randn(10, 10, generator=generator))[0]
    start = torch.linalg.qr(torch.randn(10, 10, generator=generator))[0]
    # No way of turning leads to a mirror image.
    start[0] *= torch.sign(torch.det(start @ wanted.t()))
    matrix = torch.nn.Parameter(start)
    optimiser = OrthogonalMomentum([matrix])
    for step in range(300):
        optimiser.param_groups[0]["lr"] = 0.1 * (1 - step / 300)
        optimiser.zero_grad()
        (inputs @ matrix.t() - inputs @ wanted.t()).square().mean().backward()
        optimiser.step()
    assert (matrix @ wanted.t() - torch.eye(10)).norm() < 0.05
