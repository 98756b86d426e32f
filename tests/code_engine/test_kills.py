"""A training killed anywhere, again and again, ends as an undisturbed one does, to the bit."""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from arqon_maestro.artifacts import sha256_file
from arqon_maestro.code_engine import checkpoint
from arqon_maestro.code_engine.recipe import TrainingRecipe
from arqon_maestro.code_engine.training import TrainingSummary, train
from arqon_maestro.code_engine.updates import Updater

from .conftest import DATASET, NETWORK
from .test_training import losses

# Everything that a checkpoint must remember: averages, dropout, accumulation, patience, and
# validations and log lines that do not fall on checkpoints.
RECIPE = TrainingRecipe(
    updates=400,
    batch_tokens=400,
    accumulation=2,
    learning_rate=0.03,
    warmup=20,
    clip_norm=1.0,
    label_smoothing=0.1,
    average_decay=0.8,
    validate_every=12,
    save_every=17,
    patience=2,
    seed=5,
)
SHAPE = NETWORK.model_copy(update={"dropout": 0.1})


def run(data: Path, output: Path) -> TrainingSummary:
    return train(data, output, DATASET, SHAPE, RECIPE)


def run_killed(data: Path, output: Path, where: str, number: int) -> int:
    """Trains in a process that kills itself; returns its exit status."""
    command = [sys.executable, "-m", "tests.code_engine.test_kills", str(data), str(output)]
    done = subprocess.run(
        [*command, where, str(number)],
        capture_output=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return done.returncode


@pytest.mark.slow
def test_killed_again_and_again(dataset: Path, tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    summary = run(dataset, undisturbed)
    assert summary.stopped == "patience"
    assert summary.updates > 80
    source = random.Random(11)
    kills = [
        ("update", source.randrange(3, 34)),
        # It goes on from update 0 or 17, saves once, and dies in the middle of the next time.
        ("save", 1),
        ("update", source.randrange(52, 66)),
        ("update", source.randrange(66, summary.updates - 1)),
    ]
    for where, number in kills:
        assert run_killed(dataset, disturbed, where, number) == -signal.SIGKILL
        assert not (disturbed / "model.npz").exists()
    resumed = run(dataset, disturbed)
    assert resumed.stopped == "patience"
    assert (resumed.updates, resumed.words) == (summary.updates, summary.words)
    assert (resumed.best_update, resumed.best_loss) == (summary.best_update, summary.best_loss)
    assert losses(disturbed) == losses(undisturbed)
    assert sha256_file(disturbed / "model.npz") == sha256_file(undisturbed / "model.npz")


def main() -> None:
    """Trains until it is time to die: before an update, or while a checkpoint is written."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("where", choices=("update", "save"))
    parser.add_argument("number", type=int)
    arguments = parser.parse_args()
    update, save, saves = Updater.update, torch.save, 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly_update(self: Updater, feds: list, number: int) -> torch.Tensor:  # type: ignore[type-arg]
        if number == arguments.number:
            die()
        return update(self, feds, number)

    def deadly_save(content: object, stream: object) -> None:
        nonlocal saves
        saves += 1
        if saves > arguments.number:
            stream.write(b"half a checkpoint")  # type: ignore[attr-defined]
            die()
        save(content, stream)

    if arguments.where == "update":
        Updater.update = deadly_update  # type: ignore[method-assign]
    else:
        checkpoint.torch.save = deadly_save  # type: ignore[attr-defined]
    run(arguments.data, arguments.output)


if __name__ == "__main__":
    main()
