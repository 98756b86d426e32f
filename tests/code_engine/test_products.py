"""Products in blocks are the plain products, and leave PyTorch's settings alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from arqon_maestro.code_engine.products import BLOCK_ROWS, Linear, _BlockLinear


@pytest.mark.parametrize("rows", [1, BLOCK_ROWS - 1, BLOCK_ROWS, 2 * BLOCK_ROWS + 7])
def test_blocks_against_pytorch(rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, requires_grad=True)

    x, weight, bias, gradient = draw(rows, 24), draw(40, 24), draw(40), draw(rows, 40)
    before = torch.backends.mkldnn.matmul.fp32_precision
    results = []
    for function in (F.linear, _BlockLinear.apply):
        product = function(x, weight, bias)
        parts = torch.autograd.grad(product, (x, weight, bias), gradient)
        results.append((product.detach(), *parts))
    for plain, blocks in zip(*results, strict=True):
        # 1e-5 of the largest entry: float32 all the way, no bfloat16.
        assert torch.allclose(plain, blocks, rtol=0, atol=1e-5 * float(plain.abs().max()))
    assert torch.backends.mkldnn.matmul.fp32_precision == before


def test_the_layer_keeps_shapes() -> None:
    layer = Linear(8, 5)
    x = torch.randn(2, 3, 8)
    assert layer(x).shape == (2, 3, 5)
    with torch.no_grad():
        assert torch.allclose(layer(x), F.linear(x, layer.weight, layer.bias))
