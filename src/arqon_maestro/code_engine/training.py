"""Training of a network: a plain loop, exact to resume, the same for the same seed and threads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.code_engine.checkpoint import CHECKPOINT_FILE
from arqon_maestro.code_engine.devices import CPU, Execution
from arqon_maestro.code_engine.interruption import stop_signals
from arqon_maestro.code_engine.loop import Loop, Stopped
from arqon_maestro.code_engine.preparation import prepare
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.vocabulary import Vocabulary
from arqon_maestro.executors.processes import ALONE, Group
from arqon_maestro.progress import SILENT, Reporter


@dataclass(frozen=True)
class TrainingSummary:
    """What a training did.

    Attributes:
        updates: updates done, those of earlier runs included.
        epochs: passes over the data that were completed.
        words: target tokens trained on, ends of lines included.
        best_loss: lowest validation loss, in nats a target token.
        best_update: the update after which it was measured; its weights are exported.
        stopped: whether all updates were done, validation made no progress any more, or the
            time was up.
        seconds: time of this run.
        words_per_s: target tokens a second of this run.
        pairs: split → pairs read, kept, and dropped by reason.
    """

    updates: int
    epochs: int
    words: int
    best_loss: float
    best_update: int
    stopped: Stopped
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
    execution: Execution = CPU,
    group: Group = ALONE,
    time_limit_s: float | None = None,
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
        execution: the device and how to use it.
        group: the processes that train together, each calling this with the same arguments.
        time_limit_s: end after about this many seconds with what is learnt by then. How much that
            is differs from run to run.
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
    if restart and group.leads:
        (output / CHECKPOINT_FILE).unlink(missing_ok=True)
    with group.leader_first():
        prepared = prepare(data, output, dataset, reporter, vocabulary=vocabulary)
    with execution.settings(threads), stop_signals() as stop:
        loop = Loop(prepared, output, network, training, execution, group, initial)
        first_words = loop.state.words
        with reporter.task(label, total=training.updates, unit="updates") as task:
            stopped = loop.run(stop, task, time_limit_s)
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
