"""The learning rate, update by update."""

from __future__ import annotations

import math

from arqon_maestro.code_engine.recipe import TrainingRecipe


def learning_rate(recipe: TrainingRecipe, update: int) -> float:
    """Returns the learning rate of the update after `update` ones."""
    step = update + 1
    if step < recipe.warmup:
        return recipe.learning_rate * step / recipe.warmup
    if recipe.schedule == "inverse-sqrt":
        return recipe.learning_rate * math.sqrt(recipe.warmup / step)
    left = max(0.0, (recipe.updates - update) / max(1, recipe.updates - recipe.warmup))
    share = min(1.0, left)
    if recipe.schedule == "cosine":
        share = 0.5 * (1.0 - math.cos(math.pi * share))
    return recipe.learning_rate * share
