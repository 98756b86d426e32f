"""The loop of a training: updates, log, validation, checkpoints, and when to stop."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from arqon_maestro.artifacts import digest_value, sha256_file
from arqon_maestro.code_engine.checkpoint import (
    CHECKPOINT_FILE,
    TrainingState,
    load_checkpoint,
    save_checkpoint,
)
from arqon_maestro.code_engine.devices import Execution
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.code_engine.feeding import Fed, feed, read_ahead
from arqon_maestro.code_engine.journal import LOG_FILE, Journal
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.preparation import Prepared
from arqon_maestro.code_engine.recipe import NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.schedule import learning_rate
from arqon_maestro.code_engine.updates import Updater
from arqon_maestro.code_engine.validation import validate
from arqon_maestro.code_engine.weights import load_initial, write_model
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors.processes import Group
from arqon_maestro.progress import Task

LOG_EVERY = 50

# What a process wants after an update; the highest of all processes counts.
_GO_ON, _LATE, _STOP = range(3)

Stopped = Literal["updates", "patience", "time"]


@dataclass(frozen=True)
class _Done:
    """An update whose loss is not looked at yet.

    Attributes:
        update: its number, from 1.
        feds: its batches.
        values: (batches + 1,) on the device: their losses and the norm of the gradient.
    """

    update: int
    feds: list[Fed]
    values: Tensor


class Loop:
    """One run of a training, from a checkpoint or from scratch.

    Args:
        prepared: the data.
        output: the training's folder.
        network: the shape.
        recipe: the procedure.
        execution: how to compute.
        group: the processes that train it together; only the first writes.
        initial: the ``model.npz`` to start from, if any.

    Raises:
        DataError: the checkpoint or `initial` does not fit.
        MissingPartError: there is no file `initial`.
    """

    def __init__(
        self,
        prepared: Prepared,
        output: Path,
        network: NetworkRecipe,
        recipe: TrainingRecipe,
        execution: Execution,
        group: Group,
        initial: Path | None,
    ) -> None:
        self.output = output
        self.recipe = recipe
        self.execution = execution
        self.group = group
        self.train_pairs = prepared.train
        self.valid_pairs = prepared.valid
        torch.manual_seed(recipe.seed)
        made = Network(network, len(prepared.vocabulary))
        parts = [prepared.fingerprint, network.model_dump(), recipe.model_dump()]
        if initial is not None:
            load_initial(made, initial)
            parts.append(sha256_file(initial))
        self.updater = Updater(made, recipe, execution, group)
        # The first process may be the only one that has the checkpoint.
        found = load_checkpoint(output, digest_value(parts)) if group.leads else None
        self.state = group.shared(found or TrainingState(digest_value(parts)))
        if self.state.update:
            self._restore(self.state)
        self.saved_update = self.state.update or -1
        self.journal = Journal(output / LOG_FILE, self.state.update) if group.leads else None
        self.pending: list[_Done] = []

    def run(self, stop: threading.Event, task: Task, time_limit_s: float | None = None) -> Stopped:
        """Updates until the recipe's end, or the limit; writes the model.

        Raises:
            WorkFailedError: a loss or a gradient is no finite number.
            KeyboardInterrupt: `stop` was set; the checkpoint is written.
        """
        state, recipe = self.state, self.recipe
        started, words_before = time.monotonic(), state.words
        task.advance(state.update)
        note = ""
        batches = feed(
            self.train_pairs,
            recipe,
            state.epoch,
            state.position,
            self.group,
            self.execution.padding,
            pinned=self.execution.device != "cpu",
        )
        with read_ahead(batches, self.execution.ahead) as ready:
            while state.update < recipe.updates and not self._out_of_patience():
                self._update([next(ready) for _ in range(recipe.accumulation)])
                last = state.update == recipe.updates
                logging = state.update % LOG_EVERY == 0
                validating = last or state.update % recipe.validate_every == 0
                saving = state.update % recipe.save_every == 0
                looking = len(self.pending) == self.execution.check_every
                if not (logging or validating or saving or looking):
                    task.advance(1, note)
                    continue
                self._settle()
                if logging:
                    speed = (state.words - words_before) / (time.monotonic() - started)
                    note = self._log(speed)
                if validating:
                    self._validate()
                task.advance(
                    1, f"{note}  valid {state.best_loss:.3f}" if state.best_update else note
                )
                late = time_limit_s is not None and time.monotonic() - started >= time_limit_s
                wish = self.group.highest(_STOP if stop.is_set() else _LATE if late else _GO_ON)
                if saving or wish == _STOP:
                    self._save()
                if wish == _STOP:
                    raise KeyboardInterrupt
                if wish == _LATE and not last:
                    if not validating:
                        self._validate()
                    self._finish()
                    return "time"
        self._finish()
        return "updates" if state.update >= recipe.updates else "patience"

    def _update(self, feds: list[Fed]) -> None:
        try:
            values = self.updater.update(feds, self.state.update)
        except torch.OutOfMemoryError as error:
            raise WorkFailedError(
                f"update {self.state.update + 1} needs more memory than the GPU has",
                where=self.output,
                why=str(error).split("\n")[0],
                remedy="lower batch_tokens, or use more GPUs",
            ) from None
        self.state.update += 1
        self.state.epoch, self.state.position = feds[-1].epoch, feds[-1].position + 1
        self.state.words += sum(fed.words for fed in feds)
        self.pending.append(_Done(self.state.update, feds, values))

    def _settle(self) -> None:
        """Looks at the losses of the updates since the last time."""
        rows = torch.stack([done.values for done in self.pending])
        losses = rows[:, :-1].contiguous()
        self.group.sum_(losses)
        for done, batch_losses, norm in zip(
            self.pending, losses.tolist(), rows[:, -1].tolist(), strict=True
        ):
            loss = sum(batch_losses)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                self._fail(done, batch_losses, norm)
            self.state.window_loss += loss
            self.state.window_words += sum(fed.words for fed in done.feds)
        self.pending.clear()

    def _fail(self, done: _Done, losses: list[float], norm: float) -> None:
        # Where all losses are finite it was the gradient, to which every batch has added.
        bad = [
            fed for fed, loss in zip(done.feds, losses, strict=True) if not math.isfinite(loss)
        ] or done.feds
        raise WorkFailedError(
            f"the loss of update {done.update} is {sum(losses)}, its gradient {norm}",
            where=self.output,
            why=", ".join(f"batch {fed.position + 1} of epoch {fed.epoch}" for fed in bad),
            remedy="lower learning_rate or set clip_norm; the last checkpoint is kept",
        )

    def _log(self, words_per_s: float) -> str:
        """Writes the mean loss since the last time; returns what to show."""
        state = self.state
        loss = state.window_loss / state.window_words
        self._write(
            loss=loss,
            learning_rate=learning_rate(self.recipe, state.update - 1),
            words=state.words,
            words_per_s=round(words_per_s),
        )
        state.window_loss, state.window_words = 0.0, 0
        return f"loss {loss:.3f}  {words_per_s:,.0f} words/s"

    def _validate(self) -> None:
        state, evaluated = self.state, self.updater.evaluated
        loss, accuracy = validate(
            evaluated, self.valid_pairs, self.recipe, self.execution, self.group
        )
        self._write(valid_loss=loss, valid_accuracy=accuracy)
        if loss < state.best_loss:
            state.best_loss, state.best_update, state.stale_validations = loss, state.update, 0
            state.best = {name: value.clone() for name, value in evaluated.state_dict().items()}
        else:
            state.stale_validations += 1

    def _write(self, **values: float) -> None:
        if self.journal is not None:
            self.journal.write(update=self.state.update, **values)

    def _out_of_patience(self) -> bool:
        return 0 < self.recipe.patience <= self.state.stale_validations

    def _save(self) -> None:
        state, updater = self.state, self.updater
        if self.saved_update == state.update:
            return
        if not self.updater.is_finite():
            raise WorkFailedError(
                f"update {state.update} has left weights that are no finite numbers",
                where=self.output,
                remedy="lower learning_rate or set clip_norm; the last checkpoint is kept",
            )
        self.saved_update = state.update
        if not self.group.leads:
            return
        state.weights = updater.network.state_dict()
        state.averaged = updater.averaged.state_dict() if updater.averaged is not None else {}
        state.optimiser = updater.optimiser.state_dict()
        save_checkpoint(self.output, state)

    def _restore(self, state: TrainingState) -> None:
        try:
            self.updater.network.load_state_dict(state.weights)
            if self.updater.averaged is not None:
                self.updater.averaged.load_state_dict(state.averaged)
            self.updater.optimiser.load_state_dict(state.optimiser)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "the checkpoint does not fit the network",
                where=self.output / CHECKPOINT_FILE,
                why=str(error).split("\n")[0],
                remedy="train with restart",
            ) from None

    def _finish(self) -> None:
        self._save()
        if not self.group.leads:
            return
        best = Network(self.updater.network.recipe, self.updater.network.vocabulary_size)
        best.load_state_dict(self.state.best)
        write_model(self.output / MODEL_FILE, best)
