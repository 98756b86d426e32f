"""How well a network predicts text that it is not trained on."""

from __future__ import annotations

import torch

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.devices import Execution
from arqon_maestro.code_engine.feeding import feed_epoch
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.recipe import TrainingRecipe
from arqon_maestro.executors.processes import ALONE, Group


def validate(
    network: Network,
    pairs: PairArrays,
    recipe: TrainingRecipe,
    execution: Execution,
    group: Group = ALONE,
) -> tuple[float, float]:
    """Measures a network without smoothing and dropout, in float32.

    Returns:
        The cross-entropy in nats a target token, and the share of target tokens that are the
        likeliest after the true ones before them.
    """
    network.eval()
    device = torch.device(execution.device)
    totals = torch.zeros(2, dtype=torch.float64)
    words = 0
    for fed in feed_epoch(pairs, recipe, 0, group=group, padding=execution.padding):
        words += fed.words
        if fed.batch is not None:
            totals += torch.tensor(network.validate(fed.batch.to(device)), dtype=torch.float64)
    totals = totals.to(device)
    group.sum_(totals)
    loss, hits = totals.tolist()
    return loss / words, hits / words
