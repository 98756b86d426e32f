"""The processes that train one network together, each on its rows of every batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


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

    def sum_(self, tensor: Tensor) -> None:
        """Replaces `tensor` by its sum over the processes, the same to the bit in all of them."""
        if self.processes > 1:
            dist.all_reduce(tensor)

    def any(self, value: bool, device: torch.device) -> bool:
        """Returns whether `value` is true in any of the processes."""
        if self.processes == 1:
            return value
        flag = torch.tensor(float(value), device=device)
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag.item())


ALONE = Group()
