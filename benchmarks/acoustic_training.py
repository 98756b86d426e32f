"""Training an acoustic model: two processes against one, orthogonalised momentum against Adam.

    .venv/bin/python benchmarks/acoustic_training.py [--shards N] [--epochs N]

Takes features that ``maestro speech-engine train-acoustic`` left in the library: N shards of 200
utterances, and those to validate on. Every way trains the recipe's network on the same utterances
in the same order for as many epochs. Printed are seconds of the clock, from the start of a process
on, and the mean objective a frame of the valid utterances (0 is the best).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from arqon_maestro.artifacts import read_json
from arqon_maestro.config import load_recipe
from arqon_maestro.executors.processes import ALONE, Group
from arqon_maestro.library import library_root, source_root
from arqon_maestro.pipeline.acoustic import shape_and_settings
from arqon_maestro.speech_engine.acoustic.training import loop
from arqon_maestro.speech_engine.acoustic.training.launching import (
    LOG_FILE,
    TrainingJob,
    run_on_processes,
)
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.updates import Update

VALID_AND_TEST_SHARDS = 3


class AdamForAll(Update):
    """The peer: Adam moves the hidden layers, too."""

    def __init__(self, network: Tdnn, group: Group = ALONE) -> None:
        super().__init__(network, group)
        self.turning = torch.optim.SGD(network.hidden_matrices()[:1], lr=0.0)
        self.adam = torch.optim.Adam(network.parameters(), betas=(0.9, 0.98), eps=1e-8)


def timed(job: TrainingJob, processes: int) -> tuple[float, float]:
    """Returns seconds, and the last valid objective."""
    with tempfile.TemporaryDirectory() as folder:
        there = replace(job, output=Path(folder), scratch=Path(folder))
        start = time.perf_counter()
        run_on_processes(there, processes)
        seconds = time.perf_counter() - start
        return seconds, read_json(Path(folder) / LOG_FILE)["epochs"][-1]["valid"]


def main() -> None:
    """Trains in each way and prints what it took and reached."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shards", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    recipe = load_recipe(source_root(), test_mode=True).speech_engine.acoustic
    found = library_root() / "acoustic"
    shards = sorted((found / "features").glob("shard-*"))
    with tempfile.TemporaryDirectory() as folder:
        for shard in {*shards[: arguments.shards], *shards[-VALID_AND_TEST_SHARDS:]}:
            (Path(folder) / shard.name).symlink_to(shard)
        shape, settings = shape_and_settings(recipe, seed=0)
        job = TrainingJob(
            features=Path(folder),
            pronunciations=found / "pronunciations.json",
            output=Path(folder),
            scratch=Path(folder),
            phones=PhoneSet(recipe.position_dependent),
            shape=shape,
            settings=replace(settings, epochs=arguments.epochs),
        )
        two_s, reached = timed(job, 2)
        one_s, again = timed(job, 1)
        loop.Update = AdamForAll  # type: ignore[misc]
        adam_s, by_adam = timed(job, 1)
    print(f"two processes {two_s:.0f} s, one {one_s:.0f} s: {one_s / two_s:.2f} times as fast")
    print(f"valid objective {reached:.4f} and {again:.4f}")
    print(f"Adam for all: one process {adam_s:.0f} s, valid objective {by_adam:.4f}")


if __name__ == "__main__":
    main()
