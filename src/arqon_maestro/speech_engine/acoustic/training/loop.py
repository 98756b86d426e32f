"""The training loop: whole utterances, lattice-free MMI with a cross-entropy beside it, Adam.

Exact to resume, and the same for the same seed and number of threads.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arqon_maestro.artifacts import digest_value
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError, WorkFailedError
from arqon_maestro.evaluation.metrics import edit_distance
from arqon_maestro.progress import SILENT, Reporter, Task
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.checkpoint import (
    TrainingState,
    load_checkpoint,
    save_checkpoint,
)
from arqon_maestro.speech_engine.acoustic.training.decoding import (
    align,
    recognise_phones,
    said_phones,
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
from arqon_maestro.speech_engine.acoustic.training.supervision import (
    PhoneModel,
    Pronunciations,
    Supervision,
    supervise,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import SILENCE_PHONE

TOO_SHORT = "fewer frames than the transcript has phones"
_OUTPUT_PENALTY = 5e-5
_ADAM_BETAS = (0.9, 0.98)
_CLIP_NORM = 1.0


@dataclass(frozen=True)
class TrainingSettings:
    """Hyper-parameters.

    Attributes:
        epochs: passes over the data.
        batch_frames: frames of features in a batch, at most.
        learning_rate: the highest, reached after `warmup_share` of the updates.
        final_share: share of it that is left at the end, after an exponential fall.
        warmup_share: share of the updates in which it rises.
        cross_entropy: weight of the cross-entropy on the numerator's occupancies.
        save_every: updates between two checkpoints.
        threads: cores; another number rounds sums differently.
        perturbation: how far features stray in training; None to take them as they are.
        seed: of weights, order, shifts and perturbations.
    """

    epochs: int = 6
    batch_frames: int = 12000
    learning_rate: float = 2e-3
    final_share: float = 0.03
    warmup_share: float = 0.05
    cross_entropy: float = 0.1
    save_every: int = 100
    threads: int = 1
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


@dataclass(frozen=True)
class _Item:
    example: Example
    supervision: Supervision


class Trainer:
    """Trains a network on examples.

    Args:
        phones: the phone set.
        model: trigram of phones.
        lexicon: pronunciations of all words of the examples.
        shape: size of the network.
        settings: hyper-parameters.
        reporter: progress.
    """

    def __init__(
        self,
        phones: PhoneSet,
        model: PhoneModel,
        lexicon: Pronunciations,
        shape: TdnnShape,
        settings: TrainingSettings,
        reporter: Reporter = SILENT,
    ) -> None:
        self.phones = phones
        self.model = model
        self.lexicon = lexicon
        self.shape = shape
        self.settings = settings
        self.reporter = reporter
        self.denominator = DenominatorGraph(phones, model)
        self.perturbation = (
            Perturbation(default_options(), settings.perturbation)
            if settings.perturbation is not None
            else None
        )

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
        rejects: Counter[str] = Counter()
        items = self._usable(train, rejects)
        held_out = self._usable(valid, Counter())
        if not items:
            raise DataError("no utterance to train on", why=str(dict(rejects)))
        with _deterministic(self.settings):
            network = Tdnn(items[0].example.features.shape[1], self.phones.num_pdfs, self.shape)
            if initial is not None:
                network.load_state_dict(initial)
            optimiser = torch.optim.Adam(network.parameters(), betas=_ADAM_BETAS, eps=1e-8)
            state = self._resume(folder, items, initial, network, optimiser)
            total = self.settings.epochs * len(self._batches(items, 0))
            with self.reporter.task("train the acoustic model", total, "updates") as task:
                task.advance(state.update)
                while state.epoch < self.settings.epochs:
                    self._epoch(state, items, held_out, network, optimiser, folder, total, task)
        network.eval()
        return Trained(network, state.update, state.log, rejects)

    def _usable(self, examples: Sequence[Example], rejects: Counter[str]) -> list[_Item]:
        items = []
        for example in examples:
            supervision = supervise(example.words, self.lexicon, self.phones, self.model)
            # A shift drops up to two frames of features, and so up to one of the output.
            if (len(example.features) - SUBSAMPLING + 1) // SUBSAMPLING < supervision.shortest:
                rejects[TOO_SHORT] += 1
                continue
            items.append(_Item(example, supervision))
        return items

    def _epoch(
        self,
        state: TrainingState,
        items: list[_Item],
        held_out: list[_Item],
        network: Tdnn,
        optimiser: torch.optim.Optimizer,
        folder: Path,
        total: int,
        task: Task,
    ) -> None:
        network.train()
        batches = self._batches(items, state.epoch)
        if len(state.log) == state.epoch:
            state.log.append({"objective": 0.0, "frames": 0.0})
        record = state.log[state.epoch]
        for batch in batches[state.position :]:
            rate = self._rate(state.update, total)
            for group in optimiser.param_groups:
                group["lr"] = rate
            objective, loss, frames = self._loss(network, batch, state.epoch)
            if not math.isfinite(objective):
                raise WorkFailedError(
                    "the objective is not a number any more",
                    where=f"update {state.update}",
                    remedy="lower the learning rate of the recipe's acoustic model",
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
            optimiser.step()
            state.update += 1
            state.position += 1
            record["objective"] += objective * frames
            record["frames"] += frames
            task.advance(1, f"objective {objective:.3f}")
            if state.update % self.settings.save_every == 0:
                save_checkpoint(folder, state, network, optimiser)
        record["objective"] /= max(1.0, record["frames"])
        if held_out:
            record["valid"] = self.measure(network, held_out)
        state.epoch, state.position = state.epoch + 1, 0
        save_checkpoint(folder, state, network, optimiser)
        shown = ", ".join(f"{name} {record[name]:.4f}" for name in record if name != "frames")
        self.reporter.say(f"epoch {state.epoch}: {shown}")

    def measure(self, network: Tdnn, items: Sequence[_Item]) -> float:
        """Returns the mean objective a frame of at least one utterance."""
        network.eval()
        total = frames = 0.0
        with torch.no_grad():
            for start in range(0, len(items), 16):
                batch = list(items[start : start + 16])
                objective, _, count = self._loss(network, batch, None)
                total += objective * count
                frames += count
        network.train()
        return total / frames

    def score(self, network: Tdnn, examples: Sequence[Example]) -> dict[str, float]:
        """Measures a network on utterances that it was not trained on.

        Returns:
            ``utterances``; ``objective``, the mean a frame; ``phone_error_rate``, of phones
            recognised with the trigram alone, against the transcript's likeliest pronunciation,
            silence left out. The latter two only where there is an utterance.
        """
        items = self._usable(examples, Counter())
        if not items:
            return {"utterances": 0}
        silence = self.phones.index[SILENCE_PHONE]
        errors = total = 0
        network.eval()
        with torch.no_grad(), self.reporter.task("recognise phones", len(items), "utterances") as t:
            for item in items:
                features = torch.from_numpy(item.example.features.astype(np.float32))
                outputs = network(features[None])[0][0].double().numpy()
                heard = recognise_phones(outputs, self.phones, self.model)
                nodes = align(outputs, item.supervision)
                said = said_phones(nodes, item.supervision, self.phones)
                wanted = [phone for phone in said if phone != silence]
                errors += edit_distance(wanted, [phone for phone in heard if phone != silence])
                total += len(wanted)
                t.advance()
        return {
            "utterances": len(items),
            "objective": self.measure(network, items),
            "phone_error_rate": errors / total,
        }

    def _loss(
        self, network: Tdnn, batch: list[_Item], epoch: int | None
    ) -> tuple[float, Tensor, int]:
        """Returns the objective, what is to be minimised, and the frames of the output."""
        features = [self._heard(item.example, epoch) for item in batch]
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

    def _heard(self, example: Example, epoch: int | None) -> NDArray[np.float32]:
        """Returns an example's features `(F, C)`; in training shifted and perturbed by lot."""
        if epoch is None:
            return example.features.astype(np.float32)
        shift = seed_of(self.settings.seed, "shift", epoch, example.name) % SUBSAMPLING
        features = example.features[shift:]
        if self.perturbation is None:
            return features.astype(np.float32)
        seed = seed_of(self.settings.seed, "perturbation", epoch, example.name)
        return self.perturbation.apply(features, np.random.default_rng(seed))

    def _rate(self, update: int, total: int) -> float:
        settings = self.settings
        warmup = max(1, round(settings.warmup_share * total))
        rising = min(1.0, (update + 1) / warmup)
        done = max(0, update - warmup) / max(1, total - warmup)
        return float(settings.learning_rate * rising * settings.final_share**done)

    def _batches(self, items: list[_Item], epoch: int) -> list[list[_Item]]:
        """Groups utterances of like length, in an order of the epoch's own."""
        chooser = random.Random(seed_of(self.settings.seed, "order", epoch))
        order = sorted(
            range(len(items)),
            key=lambda i: len(items[i].example.features) * chooser.uniform(0.9, 1.1),
        )
        batches: list[list[_Item]] = [[]]
        longest = 0
        for index in order:
            longest = max(longest, len(items[index].example.features))
            if batches[-1] and longest * (len(batches[-1]) + 1) > self.settings.batch_frames:
                batches.append([])
                longest = len(items[index].example.features)
            batches[-1].append(items[index])
        chooser.shuffle(batches)
        return batches

    def _resume(
        self,
        folder: Path,
        items: list[_Item],
        initial: dict[str, Tensor] | None,
        network: Tdnn,
        optimiser: torch.optim.Optimizer,
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
        network.load_state_dict(state.weights)
        optimiser.load_state_dict(state.optimiser)
        self.reporter.say(f"going on after update {state.update}")
        return state


@contextmanager
def _deterministic(settings: TrainingSettings) -> Iterator[None]:
    """Sets seed and threads, and puts them back."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        torch.set_num_threads(settings.threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
