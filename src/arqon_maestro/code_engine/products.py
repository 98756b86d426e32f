"""Linear layers for training on a CPU: oneDNN's float32 products where they beat PyTorch's own.

On AMD processors PyTorch multiplies float32 matrices with MKL, which keeps to AVX2 there; oneDNN's
AVX-512 kernels are twice as fast. PyTorch hands a product to oneDNN only when it may round to
bfloat16; on a processor without AMX oneDNN then computes in float32 all the same, and only such
processors are chosen here. oneDNN compiles a kernel for every shape it meets, and batches have many
shapes, so a product is cut into blocks of rows of one size; the rows left over go to MKL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCK_ROWS = 256


@cache
def prefers_onednn() -> bool:
    """Says whether this processor has AVX-512, no AMX, and gets AVX2 kernels from MKL."""
    return (
        bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and torch.cpu._is_avx512_supported()
        and torch.cpu._is_avx512_bf16_supported()
        and not torch.cpu._is_amx_tile_supported()
    )


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Computes ``x @ weight.T + bias`` for `x` (…, I), `weight` (O, I) and `bias` (O)."""
    plain = x.device.type != "cpu" or torch.is_autocast_enabled("cpu")
    if plain or not (torch.is_grad_enabled() and prefers_onednn()):
        return F.linear(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])
    product: Tensor = _BlockLinear.apply(rows, weight, bias)  # type: ignore[no-untyped-call]
    return product.view(*x.shape[:-1], weight.shape[0])


class Linear(nn.Linear):
    """`nn.Linear` on `linear`."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


class _BlockLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        product = x.new_empty(x.shape[0], weight.shape[0])
        transposed = weight.t()
        for rows in _blocks(x.shape[0]):
            torch.addmm(bias, x[rows], transposed, out=product[rows])
        return product

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous()
        of_x, of_weight = torch.empty_like(x), torch.zeros_like(weight)
        for rows in _blocks(x.shape[0]):
            torch.mm(gradient[rows], weight, out=of_x[rows])
            of_weight.addmm_(gradient[rows].t(), x[rows])
        return of_x, of_weight, gradient.sum(0)


def _blocks(rows: int) -> Iterator[slice]:
    """Yields blocks of rows, with oneDNN chosen while a whole block is out."""
    whole = rows - rows % BLOCK_ROWS
    with _onednn():
        for start in range(0, whole, BLOCK_ROWS):
            yield slice(start, start + BLOCK_ROWS)
    if whole < rows:
        yield slice(whole, rows)


@contextmanager
def _onednn() -> Iterator[None]:
    settings = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        yield
    finally:
        settings.fp32_precision = before
