"""The processes that train one network together, each on its rows of every batch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from arqon_maestro.errors import MissingPartError
from arqon_maestro.executors.side_by_side import PeerLostError, run_together
from arqon_maestro.progress import SILENT, Reporter

PATIENCE = timedelta(days=1)
"""How long processes wait for one that still makes the dataset. A death is noticed at once."""

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """A process and how many there are.

    Attributes:
        rank: the number of this process, from 0; it computes the rows `rank`, `rank + processes`,
            … of every batch, and the first writes the files.
        processes: how many there are.
    """

    rank: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def sum_(self, tensor: Tensor) -> None:
        """Replaces `tensor` by its sum over the processes, the same to the bit in all of them."""
        if self.processes > 1:
            with _peers():
                dist.all_reduce(tensor)

    def highest(self, number: int) -> int:
        """Returns the highest of the processes' numbers."""
        if self.processes == 1:
            return number
        with _peers():
            found = torch.tensor(number, device=_device())
            dist.all_reduce(found, dist.ReduceOp.MAX)
            return int(found.item())

    def shared(self, value: T) -> T:
        """Returns the first process' value."""
        if self.processes == 1:
            return value
        with _peers():
            values = [value if self.leads else None]
            dist.broadcast_object_list(values, src=0, device=_device())
        (found,) = values
        return found  # type: ignore[return-value]

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Lets the first process do the work inside before the others begin with it."""
        if not self.leads:
            self.highest(0)
        yield
        if self.leads:
            self.highest(0)


ALONE = Group()


@contextmanager
def joined(rank: int, processes: int, rendezvous: str, *, on_gpus: bool) -> Iterator[Group]:
    """Meets the other processes.

    Args:
        rank: number of this process.
        processes: how many there are.
        rendezvous: where they meet: ``file:///path``, or ``env://`` for what torchrun sets.
        on_gpus: they compute on GPUs, and talk by NCCL; otherwise by gloo.

    Raises:
        MissingPartError: PyTorch was built without the means.
        PeerLostError: the others do not come.
    """
    backend = "nccl" if on_gpus else "gloo"
    if not (dist.is_available() and dist.is_backend_available(backend)):
        raise MissingPartError(
            f"PyTorch cannot connect processes by {backend}",
            why=f"PyTorch {torch.__version__}",
            remedy="install PyTorch's build for Linux" + (" and CUDA" if on_gpus else ""),
        )
    # PyTorch imports this when it makes an optimiser. While a group is there, its functions keep
    # the group as a default, with threads that abort the process when Python ends.
    import_module("torch.distributed.nn.functional")

    with _peers():
        dist.init_process_group(
            backend, init_method=rendezvous, rank=rank, world_size=processes, timeout=PATIENCE
        )
    try:
        yield Group(rank, processes)
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class _Member:
    """One of several processes of this machine."""

    work: Callable[[Group, Reporter], Any]
    rank: int
    processes: int
    rendezvous: str
    on_gpus: bool

    def __call__(self, reporter: Reporter) -> Any:
        if self.on_gpus:
            # A GPU is this process' own before it talks to the others.
            torch.cuda.set_device(self.rank)
        with joined(self.rank, self.processes, self.rendezvous, on_gpus=self.on_gpus) as group:
            return self.work(group, reporter)


def run_as_group(
    work: Callable[[Group, Reporter], T],
    processes: int,
    *,
    on_gpus: bool,
    reporter: Reporter = SILENT,
) -> T:
    """Runs work with several processes of this machine; an error in one ends all.

    Args:
        work: what each of them does; picklable, as what it returns is.
        processes: how many.
        on_gpus: the process of a rank computes on the GPU of that number.
        reporter: shows progress.

    Returns:
        What the first process returns.

    Raises:
        MaestroError: that error.
        KeyboardInterrupt: on SIGINT or SIGTERM.
    """
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = (Path(folder) / "rendezvous").as_uri()
        members = [_Member(work, rank, processes, rendezvous, on_gpus) for rank in range(processes)]
        result: T = run_together(members, reporter)[0]
    return result


def _device() -> torch.device:
    """Where tensors must lie to be sent."""
    if dist.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


@contextmanager
def _peers() -> Iterator[None]:
    """Says in one word that a process is gone, however PyTorch notices it."""
    try:
        yield
    except RuntimeError as error:
        raise PeerLostError(
            "another process of the training is gone",
            why=str(error).strip().split("\n")[0],
            remedy="see its own message; the same command goes on from the last checkpoint",
        ) from None
