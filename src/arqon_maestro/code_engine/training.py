"""Training of a network: a plain loop, exact to resume, the same for the same seed and threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from arqon_maestro.artifacts import digest_value, sha256_file
from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.batching import BatchPlan, make_batch, plan_batches
from arqon_maestro.code_engine.checkpoint import (
    CHECKPOINT_FILE,
    TrainingState,
    load_checkpoint,
    save_checkpoint,
)
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.code_engine.interruption import stop_signals
from arqon_maestro.code_engine.journal import LOG_FILE, Journal
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.preparation import Prepared, prepare
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.schedule import learning_rate
from arqon_maestro.code_engine.vocabulary import Vocabulary
from arqon_maestro.code_engine.weights import load_initial, write_model
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.progress import SILENT, Reporter, Task

LOG_EVERY = 50
ADAM_BETAS = (0.9, 0.98)
ADAM_EPSILON = 1e-9


@dataclass(frozen=True)
class TrainingSummary:
    """What a training did.

    Attributes:
        updates: updates done, those of earlier runs included.
        epochs: passes over the data that were completed.
        words: target tokens trained on, ends of lines included.
        best_loss: lowest validation loss, in nats a target token.
        best_update: the update after which it was measured; its weights are exported.
        stopped: whether all updates were done, or validation made no progress any more.
        seconds: time of this run.
        words_per_s: target tokens a second of this run.
        pairs: split → pairs read, kept, and dropped by reason.
    """

    updates: int
    epochs: int
    words: int
    best_loss: float
    best_update: int
    stopped: Literal["updates", "patience"]
    seconds: float
    words_per_s: float
    pairs: dict[str, dict[str, Any]]


def train(
    data: Path,
    output: Path,
    dataset: DatasetRecipe,
    network: NetworkRecipe,
    training: TrainingRecipe,
    *,
    threads: int = 1,
    restart: bool = False,
    initial: Path | None = None,
    vocabulary: Vocabulary | None = None,
    label: str = "training",
    reporter: Reporter = SILENT,
) -> TrainingSummary:
    """Trains a network, or goes on with one that was interrupted.

    Writes the vocabulary, token arrays, a checkpoint, the log and at the end ``model.npz``
    with the best weights. On a CPU the same arguments, data and number of threads give the same
    ``model.npz``, interrupted or not.

    Args:
        data: a dataset after `build_dataset`.
        output: folder of this training.
        dataset: sizes of vocabulary and lines.
        network: the shape.
        training: the procedure.
        threads: cores to use.
        restart: begin anew even if there is a checkpoint.
        initial: a ``model.npz`` of the same shape and vocabulary whose weights to start from.
        vocabulary: tokens and ids to use, those of `initial`; None counts them.
        label: name of the progress.
        reporter: shows progress.

    Raises:
        MissingPartError: the dataset is incomplete, or `initial` is no file.
        DataError: nothing to train on; or the checkpoint is corrupt, or another recipe's; or
            `initial` has another shape.
        WorkFailedError: the loss or the gradient is no finite number. The checkpoint stays as it
            was before.
        KeyboardInterrupt: on SIGINT or SIGTERM, after saving a checkpoint.
    """
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    prepared = prepare(data, output, dataset, reporter, vocabulary=vocabulary)
    if restart:
        (output / CHECKPOINT_FILE).unlink(missing_ok=True)
    with _threads(threads), torch.random.fork_rng(devices=[]), stop_signals() as stop:
        loop = _Loop(prepared, output, network, training, initial)
        first_words = loop.state.words
        with reporter.task(label, total=training.updates, unit="updates") as task:
            stopped = loop.run(stop, task)
    seconds = time.monotonic() - started
    state = loop.state
    return TrainingSummary(
        updates=state.update,
        epochs=state.epoch,
        words=state.words,
        best_loss=state.best_loss,
        best_update=state.best_update,
        stopped=stopped,
        seconds=seconds,
        words_per_s=(state.words - first_words) / seconds,
        pairs={split: vars(counts) for split, counts in prepared.counts.items()},
    )


class _Loop:
    """One run of the loop, from a checkpoint or from scratch."""

    def __init__(
        self,
        prepared: Prepared,
        output: Path,
        network: NetworkRecipe,
        training: TrainingRecipe,
        initial: Path | None,
    ) -> None:
        self.output = output
        self.recipe = training
        self.train_pairs = prepared.train
        self.valid_pairs = prepared.valid
        torch.manual_seed(training.seed)
        self.network = Network(network, len(prepared.vocabulary))
        parts = [prepared.fingerprint, network.model_dump(), training.model_dump()]
        if initial is not None:
            load_initial(self.network, initial)
            parts.append(sha256_file(initial))
        self.optimiser = torch.optim.Adam(
            self.network.parameters(),
            lr=training.learning_rate,
            betas=ADAM_BETAS,
            eps=ADAM_EPSILON,
            fused=True,
        )
        self.averaged = deepcopy(self.network) if training.average_decay else None
        fingerprint = digest_value(parts)
        found = load_checkpoint(output, fingerprint)
        self.state = found or TrainingState(fingerprint)
        if found:
            self._restore(found)
        self.saved_update = self.state.update if found else -1
        self.journal = Journal(output / LOG_FILE, self.state.update)
        self.plan = self._plan()

    def run(self, stop: threading.Event, task: Task) -> Literal["updates", "patience"]:
        """Updates until the recipe's end; writes the model."""
        state, recipe = self.state, self.recipe
        started, words_before = time.monotonic(), state.words
        task.advance(state.update)
        note = ""
        while state.update < recipe.updates and not self._out_of_patience():
            self._update()
            if state.update % LOG_EVERY == 0:
                loss = state.window_loss / state.window_words
                speed = (state.words - words_before) / (time.monotonic() - started)
                self.journal.write(
                    update=state.update,
                    loss=loss,
                    learning_rate=learning_rate(recipe, state.update - 1),
                    words=state.words,
                    words_per_s=round(speed),
                )
                note = f"loss {loss:.3f}  {speed:,.0f} words/s"
                state.window_loss, state.window_words = 0.0, 0
            if state.update % recipe.validate_every == 0 or state.update == recipe.updates:
                self._validate()
            shown = f"{note}  valid {state.best_loss:.3f}" if state.best_update else note
            task.advance(1, shown)
            if stop.is_set():
                self._save()
                raise KeyboardInterrupt
            if state.update % recipe.save_every == 0:
                self._save()
        self._save()
        self._write_best()
        return "updates" if state.update >= recipe.updates else "patience"

    def _update(self) -> None:
        batches = [self._next_batch() for _ in range(self.recipe.accumulation)]
        words = sum(len(batch.positions) for batch in batches)
        rate = learning_rate(self.recipe, self.state.update)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        loss = 0.0
        for batch in batches:
            batch_loss = self.network(batch, self.recipe.label_smoothing)
            (batch_loss / words).backward()
            loss += batch_loss.item()
        norm = torch.nn.utils.clip_grad_norm_(
            self.network.parameters(), self.recipe.clip_norm or math.inf
        )
        if not (math.isfinite(loss) and math.isfinite(norm.item())):
            raise WorkFailedError(
                f"the loss of update {self.state.update + 1} is {loss}, its gradient {norm.item()}",
                where=self.output,
                why=f"batch {self.state.position} of epoch {self.state.epoch}",
                remedy="lower learning_rate or set clip_norm; the last checkpoint is kept",
            )
        self.optimiser.step()
        self.state.update += 1
        self.state.words += words
        self.state.window_loss += loss
        self.state.window_words += words
        if self.averaged is not None:
            self._average()

    @torch.no_grad()
    def _average(self) -> None:
        assert self.averaged is not None
        update = self.state.update
        # Young averages forget faster, or they would remember the initial weights.
        decay = min(self.recipe.average_decay, (update + 1) / (update + 10))
        torch._foreach_lerp_(
            list(self.averaged.parameters()), list(self.network.parameters()), 1 - decay
        )

    def _next_batch(self) -> Batch:
        if self.state.position == len(self.plan):
            self.state.epoch += 1
            self.state.position = 0
            self.plan = self._plan()
        batch = make_batch(self.train_pairs, self.plan[self.state.position])
        self.state.position += 1
        return batch

    def _plan(self) -> BatchPlan:
        return _plan(self.train_pairs, self.recipe, self.state.epoch)

    def _validate(self) -> None:
        state = self.state
        evaluated = self.averaged or self.network
        loss, accuracy = validate(evaluated, self.valid_pairs, self.recipe)
        self.journal.write(update=state.update, valid_loss=loss, valid_accuracy=accuracy)
        if loss < state.best_loss:
            state.best_loss, state.best_update, state.stale_validations = loss, state.update, 0
            state.best = {name: value.clone() for name, value in evaluated.state_dict().items()}
        else:
            state.stale_validations += 1

    def _out_of_patience(self) -> bool:
        return 0 < self.recipe.patience <= self.state.stale_validations

    def _save(self) -> None:
        state = self.state
        if self.saved_update == state.update:
            return
        state.weights = self.network.state_dict()
        state.averaged = self.averaged.state_dict() if self.averaged is not None else {}
        state.optimiser = self.optimiser.state_dict()
        state.generator = torch.get_rng_state()
        save_checkpoint(self.output, state)
        self.saved_update = state.update

    def _restore(self, state: TrainingState) -> None:
        try:
            self.network.load_state_dict(state.weights)
            if self.averaged is not None:
                self.averaged.load_state_dict(state.averaged)
            self.optimiser.load_state_dict(state.optimiser)
            torch.set_rng_state(state.generator)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "the checkpoint does not fit the network",
                where=self.output / CHECKPOINT_FILE,
                why=str(error).split("\n")[0],
                remedy="train with restart",
            ) from None

    def _write_best(self) -> None:
        best = deepcopy(self.network)
        best.load_state_dict(self.state.best)
        write_model(self.output / MODEL_FILE, best)


def _plan(pairs: PairArrays, recipe: TrainingRecipe, epoch: int) -> BatchPlan:
    source_lengths = pairs.source_bounds[1:] - pairs.source_bounds[:-1]
    target_lengths = pairs.target_bounds[1:] - pairs.target_bounds[:-1]
    return plan_batches(source_lengths, target_lengths, recipe.batch_tokens, recipe.seed, epoch)


def validate(network: Network, pairs: PairArrays, recipe: TrainingRecipe) -> tuple[float, float]:
    """Measures a network without smoothing and dropout.

    Returns:
        The cross-entropy in nats a target token, and the share of target tokens that are the
        likeliest after the true ones before them.
    """
    network.eval()
    plan = _plan(pairs, recipe, epoch=0)
    loss, hits, words = 0.0, 0, 0
    for position in range(len(plan)):
        batch = make_batch(pairs, plan[position])
        batch_loss, batch_hits = network.validate(batch)
        loss += batch_loss
        hits += batch_hits
        words += len(batch.positions)
    return loss / words, hits / words


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
