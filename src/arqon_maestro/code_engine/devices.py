"""Which devices a training may use."""

from __future__ import annotations

from arqon_maestro.errors import MissingPartError, UsageError


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
