"""One update of a network's weights, on any device: loss, gradient, clipping, Adam, average."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from arqon_maestro.code_engine.devices import Execution
from arqon_maestro.code_engine.feeding import Fed
from arqon_maestro.code_engine.graphs import GraphRecorder, Record, Replayer
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.parameters import FlatParameters
from arqon_maestro.code_engine.recipe import TrainingRecipe
from arqon_maestro.code_engine.schedule import learning_rate
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.executors.processes import ALONE, Group

ADAM_BETAS = (0.9, 0.98)
ADAM_EPSILON = 1e-9
# As in PyTorch's `clip_grad_norm_`: a norm of 0 is no division by 0.
_CLIP_EPSILON = 1e-6


class Updater:
    """A network with all that changes its weights.

    The recipe alone decides what is computed; processes and devices change the rounding.

    Args:
        network: to train; it is moved to the device.
        recipe: the procedure.
        execution: how to compute.
        group: the processes that train it together.
        record: records work to be replayed, if the execution wants that; CUDA graphs by default.

    Attributes:
        network: the network.
        averaged: the moving average of its weights, if the recipe wants one.
        optimiser: Adam.
    """

    def __init__(
        self,
        network: Network,
        recipe: TrainingRecipe,
        execution: Execution,
        group: Group = ALONE,
        record: Record | None = None,
    ) -> None:
        self.network = network.to(execution.device)
        self.device = torch.device(execution.device)
        self._recipe = recipe
        self._execution = execution
        self._group = group
        self._flat = FlatParameters(self.network)
        self._parameters = list(self.network.parameters())
        self._average = FlatParameters(deepcopy(self.network)) if recipe.average_decay else None
        self.averaged = self._average.network if self._average else None
        self.optimiser = torch.optim.Adam(
            [self._flat.weights],
            lr=recipe.learning_rate,
            betas=ADAM_BETAS,
            eps=ADAM_EPSILON,
            fused=True,
        )
        self._one = torch.ones((), device=self.device)
        self._compute: Replayer | None = None
        if execution.graphs:
            self._compute = Replayer(self._add_gradient, record or GraphRecorder())

    @property
    def evaluated(self) -> Network:
        """The network that is validated and exported."""
        return self.averaged or self.network

    def is_finite(self) -> bool:
        """Returns whether all weights are finite numbers; waits for the device."""
        return bool(torch.isfinite(self._flat.weights).all())

    @property
    def recorded(self) -> int:
        """The number of shapes that are replayed."""
        return 0 if self._compute is None else len(self._compute)

    def update(self, feds: list[Fed], update: int) -> Tensor:
        """Does one update, without waiting for the device.

        Args:
            feds: its batches.
            update: updates before it.

        Returns:
            (batches + 1,) on the device: the loss of this process' share of each batch, in nats,
            and the norm of the whole gradient before clipping.
        """
        self.network.train()
        if self.network.recipe.dropout:
            # Drawn anew for every update, dropout needs no memory: any training can go on with it.
            self._seed(seed_of(self._recipe.seed, "dropout", update, self._group.rank))
        self._flat.gradient.zero_()
        scale = self._one / sum(fed.words for fed in feds)
        losses = [self._loss(fed.batch, scale) for fed in feds]
        self._group.sum_(self._flat.gradient)
        norm = self._flat.norm()
        if self._recipe.clip_norm:
            factor = self._recipe.clip_norm / (norm + _CLIP_EPSILON)
            self._flat.gradient.mul_(factor.clamp_(max=1.0))
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = learning_rate(self._recipe, update)
        self.optimiser.step()
        if self._average is not None:
            # Young averages forget faster, or they would remember the initial weights.
            decay = min(self._recipe.average_decay, (update + 2) / (update + 11))
            with torch.no_grad():
                self._average.weights.lerp_(self._flat.weights, 1 - decay)
        return torch.stack([*losses, norm])

    def _seed(self, seed: int) -> None:
        # `torch.manual_seed` does this for all kinds of devices, in some milliseconds.
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)

    def _loss(self, batch: Batch | None, scale: Tensor) -> Tensor:
        if batch is None:
            return torch.zeros_like(scale)
        if self._compute is not None:
            return self._compute(batch, scale)
        return self._add_gradient(batch.to(self.device), scale)

    def _add_gradient(self, batch: Batch, scale: Tensor) -> Tensor:
        """Adds the gradient of a batch's summed loss times `scale`; returns that sum."""
        with torch.autocast(
            self.device.type,
            torch.bfloat16,
            enabled=self._execution.bfloat16,
            # A recording must not use what was made before it.
            cache_enabled=False,
        ):
            loss: Tensor = self.network(batch, self._recipe.label_smoothing)
        gradients = torch.autograd.grad(loss, self._parameters, scale)
        torch._foreach_add_(self._flat.gradients, gradients)
        return loss.detach()
