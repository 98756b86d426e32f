"""The training loop: whole utterances, lattice-free MMI with a cross-entropy beside it.

Exact to resume, and the same for the same seed, alone or with several processes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from arqon_maestro.artifacts import digest_value
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.executors.processes import ALONE, Group
from arqon_maestro.progress import SILENT, Reporter, Task
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.batches import (
    Hearing,
    Item,
    batches_of,
    usable,
)
from arqon_maestro.speech_engine.acoustic.training.checkpoint import (
    TrainingState,
    load_checkpoint,
    save_checkpoint,
)
from arqon_maestro.speech_engine.acoustic.training.features import Example
from arqon_maestro.speech_engine.acoustic.training.network import SUBSAMPLING, Tdnn, TdnnShape
from arqon_maestro.speech_engine.acoustic.training.objective import (
    DenominatorGraph,
    NumeratorGraph,
    lf_mmi,
)
from arqon_maestro.speech_engine.acoustic.training.perturbation import (
    Perturbation,
    PerturbationRanges,
)
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.supervision import PhoneModel, Pronunciations
from arqon_maestro.speech_engine.acoustic.training.updates import Rates, Update

_OUTPUT_PENALTY = 5e-5
_MEASURED_TOGETHER = 16


@dataclass(frozen=True)
class TrainingSettings:
    """Hyper-parameters.

    Attributes:
        epochs: passes over the data.
        batch_frames: frames of features in a batch, at most.
        batch_parts: parts of a batch that are normalised each by their own statistics; processes
            share them.
        turning_rate: how far a step turns the matrices of hidden layers, in radians, at most.
        learning_rate: of Adam, for all other parameters; both are reached after `warmup_share` of
            the updates.
        final_share: share of them that is left at the end, after an exponential fall.
        warmup_share: share of the updates in which they rise.
        cross_entropy: weight of the cross-entropy on the numerator's occupancies.
        save_every: updates between two checkpoints.
        perturbation: how far features stray in training; None to take them as they are.
        seed: of weights, order, shifts and perturbations.
    """

    epochs: int = 6
    batch_frames: int = 12000
    batch_parts: int = 1
    turning_rate: float = 0.03
    learning_rate: float = 2e-3
    final_share: float = 0.03
    warmup_share: float = 0.05
    cross_entropy: float = 0.1
    save_every: int = 100
    perturbation: PerturbationRanges | None = None
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """What a training made.

    Attributes:
        network: in evaluation mode.
        updates: done in all.
        log: for each epoch: the mean objective a frame, in training and on the valid split.
        rejects: utterances that could not be used, by reason.
    """

    network: Tdnn
    updates: int
    log: list[dict[str, float]]
    rejects: Counter[str]


class Trainer:
    """Trains a network on examples.

    Args:
        phones: the phone set.
        model: trigram of phones.
        lexicon: pronunciations of all words of the examples.
        shape: size of the network.
        settings: hyper-parameters.
        group: the processes that train it together, each with these same arguments.
        reporter: progress.
    """

    def __init__(
        self,
        phones: PhoneSet,
        model: PhoneModel,
        lexicon: Pronunciations,
        shape: TdnnShape,
        settings: TrainingSettings,
        *,
        group: Group = ALONE,
        reporter: Reporter = SILENT,
    ) -> None:
        self.phones = phones
        self.model = model
        self.lexicon = lexicon
        self.shape = shape
        self.settings = settings
        self.group = group
        self.reporter = reporter
        self.denominator = DenominatorGraph(phones, model)
        perturbation = None
        if settings.perturbation is not None:
            perturbation = Perturbation(default_options(), settings.perturbation)
        self.hearing = Hearing(settings.seed, perturbation)

    def train(
        self,
        train: Sequence[Example],
        valid: Sequence[Example],
        folder: Path,
        *,
        initial: dict[str, Tensor] | None = None,
    ) -> Trained:
        """Trains, from the folder's checkpoint where there is one of the same training.

        Args:
            train: examples to learn from.
            valid: examples to measure on after each epoch.
            folder: for the checkpoint.
            initial: weights to start from (to adapt a model) [default: random ones].

        Raises:
            DataError: no example can be used.
            WorkFailedError: the objective is not a number any more.
        """
        items, rejects = self.usable(train)
        held_out, _ = self.usable(valid)
        if not items:
            raise DataError("no utterance to train on", why=str(dict(rejects)))
        with one_thread(), _seeded(self.settings.seed):
            network = Tdnn(items[0].example.features.shape[1], self.phones.num_pdfs, self.shape)
            if initial is not None:
                network.load_state_dict(initial)
            update = Update(network, self.group)
            state = self._resume(folder, items, initial, update)
            total = self.settings.epochs * len(self._batches(items, 0))
            with self.reporter.task("train the acoustic model", total, "updates") as task:
                task.advance(state.update)
                while state.epoch < self.settings.epochs:
                    self._epoch(state, items, held_out, update, folder, total, task)
        network.eval()
        return Trained(network, state.update, state.log, rejects)

    def usable(self, examples: Sequence[Example]) -> tuple[list[Item], Counter[str]]:
        """Returns the examples that can be used, and the others, counted by reason."""
        return usable(examples, self.lexicon, self.phones, self.model)

    def _batches(self, items: list[Item], epoch: int) -> list[list[Item]]:
        return batches_of(items, self.settings.batch_frames, self.settings.seed, epoch)

    def _epoch(
        self,
        state: TrainingState,
        items: list[Item],
        held_out: list[Item],
        update: Update,
        folder: Path,
        total: int,
        task: Task,
    ) -> None:
        update.network.train()
        batches = self._batches(items, state.epoch)
        if len(state.log) == state.epoch:
            state.log.append({"objective": 0.0, "frames": 0.0})
        record = state.log[state.epoch]
        for batch in batches[state.position :]:
            frames = sum(self.hearing.frames(item.example, state.epoch) for item in batch)
            objective = update.apply(
                self._losses(update.network, batch, state.epoch, frames),
                self._rates(state.update, total),
            )
            if not math.isfinite(objective):
                raise WorkFailedError(
                    "the objective is not a number any more",
                    where=f"update {state.update}",
                    remedy="lower the learning rate of the recipe's acoustic model",
                )
            state.update += 1
            state.position += 1
            record["objective"] += objective * frames
            record["frames"] += frames
            task.advance(1, f"objective {objective:.3f}")
            if state.update % self.settings.save_every == 0:
                self._save(folder, state, update)
        record["objective"] /= max(1.0, record["frames"])
        if held_out:
            record["valid"] = self.measure(update.network, held_out)
        state.epoch, state.position = state.epoch + 1, 0
        self._save(folder, state, update)
        shown = ", ".join(f"{name} {record[name]:.4f}" for name in record if name != "frames")
        self.reporter.say(f"epoch {state.epoch}: {shown}")

    def _losses(
        self, network: Tdnn, batch: list[Item], epoch: int, frames: int
    ) -> Iterator[tuple[float, Tensor] | None]:
        """Yields objective and loss of this process' parts, as shares of the batch's means."""
        parts = self.settings.batch_parts
        for part in range(self.group.rank, parts, self.group.processes):
            items = batch[part::parts]
            if not items:
                yield None
                continue
            features = [self.hearing.hear(item.example, epoch) for item in items]
            objective, loss, count = self._loss(network, items, features)
            yield objective * count / frames, loss * (count / frames)

    def measure(self, network: Tdnn, items: Sequence[Item]) -> float:
        """Returns the mean objective a frame of at least one utterance."""
        network.eval()
        total = frames = 0.0
        with torch.no_grad():
            for start in range(0, len(items), _MEASURED_TOGETHER):
                batch = list(items[start : start + _MEASURED_TOGETHER])
                features = [item.example.features.astype(np.float32) for item in batch]
                objective, _, count = self._loss(network, batch, features)
                total += objective * count
                frames += count
        network.train()
        return total / frames

    def _loss(
        self, network: Tdnn, batch: list[Item], features: Sequence[NDArray[np.float32]]
    ) -> tuple[float, Tensor, int]:
        """Returns the objective, what is to be minimised, and the frames of the output."""
        longest = max(len(part) for part in features)
        padded = np.stack(
            [np.pad(part, ((0, longest - len(part)), (0, 0)), mode="edge") for part in features]
        )
        lengths = torch.tensor([-(-len(part) // SUBSAMPLING) for part in features])
        outputs, log_probabilities = network(torch.from_numpy(padded))
        numerator = NumeratorGraph([item.supervision for item in batch])
        objective, right = lf_mmi(outputs, lengths, numerator, self.denominator)
        frames = int(lengths.sum())
        active = (torch.arange(outputs.shape[1]) < lengths[:, None]).unsqueeze(2)
        penalty = (outputs * active).square().sum() / frames
        cross_entropy = -(right * log_probabilities).sum() / frames
        loss = -objective + self.settings.cross_entropy * cross_entropy
        return float(objective.detach()), loss + 0.5 * _OUTPUT_PENALTY * penalty, frames

    def _rates(self, update: int, total: int) -> Rates:
        settings = self.settings
        warmup = max(1, round(settings.warmup_share * total))
        rising = min(1.0, (update + 1) / warmup)
        done = max(0, update - warmup) / max(1, total - warmup)
        highest = Rates(settings.turning_rate, settings.learning_rate)
        return highest.times(rising * settings.final_share**done)

    def _save(self, folder: Path, state: TrainingState, update: Update) -> None:
        if self.group.leads:
            save_checkpoint(folder, state, update)

    def _resume(
        self,
        folder: Path,
        items: list[Item],
        initial: dict[str, Tensor] | None,
        update: Update,
    ) -> TrainingState:
        fingerprint = digest_value(
            {
                "settings": asdict(self.settings),
                "shape": asdict(self.shape),
                "pdfs": self.phones.num_pdfs,
                "names": [item.example.name for item in items],
                "frames": [len(item.example.features) for item in items],
                "start": None
                if initial is None
                else {name: float(value.double().sum()) for name, value in initial.items()},
            }
        )
        state = load_checkpoint(folder)
        if state is None or state.fingerprint != fingerprint:
            return TrainingState(fingerprint)
        update.restore(state.weights, state.optimisers)
        self.reporter.say(f"going on after update {state.update}")
        return state


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets PyTorch and numpy use one core: several wait for one another in small steps."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
