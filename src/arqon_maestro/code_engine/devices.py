"""Which devices a training may use, and how it computes on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arqon_maestro.errors import MissingPartError, UsageError

if TYPE_CHECKING:
    from arqon_maestro.code_engine.batching import Padding

GRAPH_TOKENS = 30_000
"""Batches of more tokens keep a GPU busy without CUDA graphs."""


def check_gpus(wanted: int) -> None:
    """Checks that as many GPUs as asked for can be used.

    Raises:
        UsageError: a negative number.
        MissingPartError: there are fewer.
    """
    if wanted < 0:
        raise UsageError(f"{wanted} GPUs", where="--gpus", remedy="0 or more")
    if wanted == 0:
        return
    import torch

    found = torch.cuda.device_count()
    if wanted > found:
        raise MissingPartError(
            f"{wanted} GPUs asked for, {found} found",
            where="--gpus",
            why=f"PyTorch {torch.__version__}",
            remedy="--gpus 0 trains on the processor; for GPUs install PyTorch's CUDA build",
        )


@dataclass(frozen=True)
class Execution:
    """How a training computes. The recipe says what.

    Attributes:
        device: ``cpu``, or ``cuda:N``.
        bfloat16: compute in bfloat16 where that is safe; weights and sums stay float32.
        graphs: record CUDA graphs of batches whose shape comes again.
        check_every: updates between looks at the loss, each of which waits for the device.
        ahead: batches made ahead by a thread.
    """

    device: str = "cpu"
    bfloat16: bool = False
    graphs: bool = False
    check_every: int = 1
    ahead: int = 0

    @property
    def padding(self) -> Padding:
        """What batches are padded to."""
        from arqon_maestro.code_engine.batching import EXACT, Padding

        if self.graphs:
            return Padding(source=8, target=8, rows=8, fixed=True)
        # GPUs' attention wants the mask's rows to begin at multiples of 16 bytes.
        return EXACT if self.device == "cpu" else Padding(source=8, target=4)

    @contextmanager
    def settings(self, threads: int) -> Iterator[None]:
        """Sets PyTorch up, and back as it was.

        Args:
            threads: cores to use.
        """
        import torch

        before = torch.get_num_threads(), torch.get_float32_matmul_precision()
        torch.set_num_threads(threads)
        try:
            if self.device == "cpu":
                with torch.random.fork_rng(devices=[]):
                    yield
                return
            # Products of float32 take their inputs as TF32, 10 bits of mantissa.
            torch.set_float32_matmul_precision("high")
            torch.cuda.set_device(self.device)
            # Graphs cannot be recorded on the default stream, so everything runs on another.
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.random.fork_rng(devices=[self.device]), torch.cuda.stream(stream):
                yield
            torch.cuda.current_stream().wait_stream(stream)
        finally:
            torch.set_num_threads(before[0])
            torch.set_float32_matmul_precision(before[1])


CPU = Execution()


def gpu_execution(number: int, batch_tokens: int) -> Execution:
    """Returns how to compute on a GPU: in float32, products in TF32.

    bfloat16 was measured and did not pay: networks this narrow wait for kernels to be launched, and
    its casts are more of them (docs/how-to/train-on-gpus.md).

    Args:
        number: which GPU.
        batch_tokens: the recipe's largest batch.
    """
    return Execution(
        device=f"cuda:{number}",
        graphs=batch_tokens <= GRAPH_TOKENS,
        check_every=10,
        ahead=4,
    )
