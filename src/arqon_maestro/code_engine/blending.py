"""Blends of two networks of one shape: between what a model was and what fine-tuning made of it.

A weighted mean of the weights keeps most of what either knows (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"). It costs no training: how much of each is best is read off the
validation sets of old and new data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import torch

from arqon_maestro.code_engine.network import Network
from arqon_maestro.errors import WorkFailedError


@dataclass(frozen=True)
class Blend:
    """What a blend loses on validation data.

    Attributes:
        share: of the tuned weights; the rest is the base's. 0 is the base.
        own_loss: of the new data, in nats a target token.
        old_loss: of the old data.
    """

    share: float
    own_loss: float
    old_loss: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@torch.no_grad()
def blend(base: Network, tuned: Network, share: float) -> Network:
    """Returns the network of ``(1 - share) * base + share * tuned``."""
    mixed = deepcopy(base)
    torch._foreach_lerp_(list(mixed.parameters()), list(tuned.parameters()), share)
    return mixed


def measure_blends(
    base: Network,
    tuned: Network,
    shares: Sequence[float],
    own_loss: Callable[[Network], float],
    old_loss: Callable[[Network], float],
) -> list[Blend]:
    """Returns the base, as share 0, and the blends of `shares`, by share."""
    blends = []
    for share in (0.0, *sorted(set(shares))):
        network = blend(base, tuned, share)
        blends.append(Blend(share, own_loss(network), old_loss(network)))
    return blends


def choose_blend(blends: Sequence[Blend], allowed_loss: float) -> Blend:
    """Returns the blend that knows the new data best without forgetting the old.

    Args:
        blends: the base, share 0, among them.
        allowed_loss: by how much, as a share, the loss of the old data may exceed the base's.

    Raises:
        WorkFailedError: none is better than the base on the new data within what is allowed.
    """
    (base,) = (found for found in blends if found.share == 0)
    ceiling = base.old_loss * (1 + allowed_loss)
    allowed = [found for found in blends if found.share > 0 and found.old_loss <= ceiling]
    best = min(allowed, key=lambda found: (found.own_loss, found.share), default=None)
    if best is not None and best.own_loss < base.own_loss:
        return best
    shown = ", ".join(
        f"{found.share:g}: {found.own_loss:.3f} and {found.old_loss:.3f}" for found in blends
    )
    raise WorkFailedError(
        "fine-tuning gained nothing: the base stays as it is",
        why=f"loss of new and old validation data by share of the tuned weights: {shown}",
        remedy="a lower learning_rate, a larger replay_share or smaller blends in "
        "code-engine.fine-tuning of the recipe; or more code",
    )
