"""Several processes train the acoustic model that one trains."""

from __future__ import annotations

import pickle
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from arqon_maestro.artifacts import write_json
from arqon_maestro.errors import DataError
from arqon_maestro.executors import Outcome
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.checkpoint import CHECKPOINT_FILE
from arqon_maestro.speech_engine.acoustic.training.features import FeatureJob, Heard
from arqon_maestro.speech_engine.acoustic.training.launching import (
    LOG_FILE,
    NETWORK_FILE,
    TrainingJob,
    run_on_processes,
)
from arqon_maestro.speech_engine.acoustic.training.loop import TrainingSettings
from arqon_maestro.speech_engine.acoustic.training.network import TdnnShape
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.utterances import Synthetic, Utterance

LEXICON = {"a": ["AH", "B"], "b": ["K"], "c": ["D", "IY", "F"]}
SETTINGS = TrainingSettings(
    epochs=2, batch_frames=900, batch_parts=2, learning_rate=0.01, save_every=2
)
VOICE = Synthetic("flite", "slt", 175.0, 1.0)
SPLITS = {"train": 21, "valid": 3, "test": 3}


def write_features(folder: Path) -> None:
    """Writes a shard of utterances whose features are noise."""
    outcomes = []
    for split, count in SPLITS.items():
        for number in range(count):
            chooser = random.Random(f"{split} {number}")
            words = tuple(chooser.choice("abc") for _ in range(3))
            utterance = Utterance(f"{split}-{number}", words, "one", split, VOICE)
            rows = np.random.default_rng(number).standard_normal((chooser.randint(60, 90), 40))
            outcomes.append(Outcome(Heard(utterance, rows.astype(np.float16))))
    FeatureJob(default_options(), seed=0).write(outcomes, folder / "shard-00000")


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    features = tmp_path / "features"
    features.mkdir()
    write_features(features)
    write_json(tmp_path / "pronunciations.json", {word: [LEXICON[word]] for word in LEXICON})
    return TrainingJob(
        features=features,
        pronunciations=tmp_path / "pronunciations.json",
        output=tmp_path / "output",
        scratch=tmp_path / "scratch",
        phones=PhoneSet(),
        shape=TdnnShape(dim=16, slow_layers=1),
        settings=SETTINGS,
    )


def moved(job: TrainingJob, folder: Path) -> TrainingJob:
    folder.mkdir()
    return replace(job, output=folder, scratch=folder)


def test_two_processes_train_what_one_does(job: TrainingJob, tmp_path: Path) -> None:
    one, two = moved(job, tmp_path / "one"), moved(job, tmp_path / "two")
    alone, together = run_on_processes(one, 1), run_on_processes(two, 2)
    assert alone.updates == together.updates > 2
    assert alone.scores == together.scores and alone.scores["utterances"] == SPLITS["test"]
    first, second = (torch.load(place.output / NETWORK_FILE) for place in (one, two))
    for name, value in first["weights"].items():
        assert torch.equal(value, second["weights"][name]), name
    assert (one.output / LOG_FILE).read_text() == (two.output / LOG_FILE).read_text()


def test_parts_are_normalised_each_by_itself(job: TrainingJob, tmp_path: Path) -> None:
    whole = moved(replace(job, settings=replace(SETTINGS, batch_parts=1)), tmp_path / "one")
    parts = moved(job, tmp_path / "parts")
    run_on_processes(whole, 2)
    run_on_processes(parts, 1)
    first, second = (torch.load(place.output / NETWORK_FILE) for place in (whole, parts))
    difference = first["weights"]["prefinal.weight"] - second["weights"]["prefinal.weight"]
    assert difference.abs().max() > 1e-4


def test_an_error_of_one_process_is_the_error(job: TrainingJob, tmp_path: Path) -> None:
    (job.features / "shard-00000").write_bytes(b"no shard")
    with pytest.raises(DataError, match="not a file of features"):
        run_on_processes(moved(job, tmp_path / "bad"), 2)


PROGRAM = """
import pickle, sys
from pathlib import Path
from arqon_maestro.speech_engine.acoustic.training.launching import run_on_processes
run_on_processes(pickle.loads(Path(sys.argv[1]).read_bytes()), 2)
"""


@pytest.mark.slow
def test_killed_processes_go_on_to_the_same_weights(job: TrainingJob, tmp_path: Path) -> None:
    job = replace(job, settings=replace(SETTINGS, epochs=40, save_every=1))
    whole, cut = moved(job, tmp_path / "whole"), moved(job, tmp_path / "cut")
    run_on_processes(whole, 2)
    (tmp_path / "job").write_bytes(pickle.dumps(cut))
    checkpoint = cut.scratch / CHECKPOINT_FILE
    for _ in range(2):
        before = checkpoint.stat().st_mtime_ns if checkpoint.is_file() else None
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path / "job"])
        while not checkpoint.is_file() or checkpoint.stat().st_mtime_ns == before:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (cut.output / NETWORK_FILE).is_file()
    run_on_processes(cut, 2)
    first, second = (torch.load(place.output / NETWORK_FILE) for place in (whole, cut))
    for name, value in first["weights"].items():
        assert torch.equal(value, second["weights"][name]), name
