"""A training with all that it needs, in one process or in several of this machine."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError
from arqon_maestro.executors.processes import ALONE, Group, run_as_group
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.acoustic.kaldi_bundle import read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.features import Example, read_examples
from arqon_maestro.speech_engine.acoustic.training.kaldi_model import from_kaldi
from arqon_maestro.speech_engine.acoustic.training.loop import Trained, Trainer, TrainingSettings
from arqon_maestro.speech_engine.acoustic.training.network import TdnnShape
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.scoring import score
from arqon_maestro.speech_engine.acoustic.training.supervision import (
    estimate_phone_model,
    sample_phones,
)
from arqon_maestro.speech_engine.acoustic.training.utterances import TEST, TRAIN, VALID

NETWORK_FILE, LOG_FILE = "network.pt", "log.json"


@dataclass(frozen=True)
class Summary:
    """What a training made.

    Attributes:
        updates: done in all.
        rejects: utterances that could not be used, by reason.
        scores: see `score`.
    """

    updates: int
    rejects: dict[str, int]
    scores: dict[str, float]


@dataclass(frozen=True)
class TrainingJob:
    """A training, as every process that takes part is told.

    Attributes:
        features: folder of shards of utterances.
        pronunciations: JSON, of each word its ways to be said.
        output: an existing folder, for the network and the log.
        scratch: for checkpoints.
        phones: the phone set.
        shape: of the network.
        settings: hyper-parameters.
        adapt: folder of a model of this program to start from; it brings its own shape.
    """

    features: Path
    pronunciations: Path
    output: Path
    scratch: Path
    phones: PhoneSet
    shape: TdnnShape
    settings: TrainingSettings
    adapt: Path | None = None

    def run(self, group: Group, reporter: Reporter) -> Summary:
        """Trains in this process, together with the group's others; the first writes the files.

        Raises:
            DataError: data or a model that cannot be used.
            WorkFailedError: see `Trainer.train`.
        """
        shape, initial = self.shape, None
        if self.adapt is not None:
            shape, initial = _start(self.adapt, self.phones)
        examples, _ = read_examples(sorted(self.features.glob("shard-*")))
        lexicon = {
            word: [tuple(self.phones.index[phone] for phone in ways) for ways in entries]
            for word, entries in read_json(self.pronunciations).items()
        }
        parts: dict[str, list[Example]] = {TRAIN: [], VALID: [], TEST: []}
        for example in examples:
            parts[example.split].append(example)
        chooser = random.Random(seed_of(self.settings.seed, "phones"))
        sequences = [sample_phones(e.words, lexicon, self.phones, chooser) for e in parts[TRAIN]]
        model = estimate_phone_model(sequences, self.phones)
        trainer = Trainer(
            self.phones,
            model,
            lexicon,
            shape,
            self.settings,
            group=group,
            reporter=reporter if group.leads else SILENT,
        )
        trained = trainer.train(parts[TRAIN], parts[VALID], self.scratch, initial=initial)
        scores = score(trainer, trained.network, parts[TEST])
        if group.leads:
            self._write(shape, trained, scores)
        return Summary(trained.updates, dict(trained.rejects), scores)

    def _write(self, shape: TdnnShape, trained: Trained, scores: dict[str, float]) -> None:
        network = {"shape": asdict(shape), "weights": trained.network.state_dict()}
        torch.save(network, self.output / NETWORK_FILE)
        write_json(self.output / LOG_FILE, {"epochs": trained.log, "held out": scores})


def run_on_processes(job: TrainingJob, processes: int, reporter: Reporter = SILENT) -> Summary:
    """Trains with several processes of this machine, or in this one alone.

    Args:
        job: the training; its batches have as many parts as processes can share.
        processes: how many there are at most.
        reporter: shows the first process' progress.

    Raises:
        MaestroError: an error in one ends all.
        KeyboardInterrupt: on SIGINT or SIGTERM.
    """
    count = min(processes, job.settings.batch_parts)
    if count <= 1:
        return job.run(ALONE, reporter)
    return run_as_group(job.run, count, on_gpus=False, reporter=reporter)


def _start(folder: Path, phones: PhoneSet) -> tuple[TdnnShape, dict[str, Tensor]]:
    """Returns shape and weights of a model to adapt, which has the same features and phones.

    Raises:
        DataError: another kind of model.
    """
    bundle = read_kaldi_bundle(folder)
    if bundle.phones is None or dict(bundle.phones.ids) != {
        name: number for name, number in phones.symbols.items() if number
    }:
        raise DataError(
            "a model with other phones than the recipe's cannot be trained further",
            where=folder,
            remedy="set position_dependent in the recipe as it was when the model was made",
        )
    if bundle.mfcc != default_options():
        raise DataError(
            "a model with other features than the recipe's cannot be trained further", where=folder
        )
    return from_kaldi(bundle.model)
