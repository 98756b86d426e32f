"""The code engine's training on a GPU: words a second, utilisation, memory, and what it learns.

    PYTHONPATH=src python3 benchmarks/code_engine_gpu.py [--training FOLDER] [--compile]

The network is the reference's (8 and 8 layers, 96 wide, dropout 0.1). Data are the token arrays of
a training's folder, or made: sources of about 45 tokens out of 5,500, and as targets about 12 of
their tokens. Each way of computing trains from the same seed, so that its losses can be compared;
then its speed is measured. It needs PyTorch, numpy, pydantic, PyYAML and xxhash.
"""

from __future__ import annotations

import argparse
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from arqon_maestro.code_engine.arrays import PairArrays
from arqon_maestro.code_engine.devices import Execution
from arqon_maestro.code_engine.feeding import Fed, feed, read_ahead
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.recipe import NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.updates import Updater
from arqon_maestro.code_engine.validation import validate

VOCABULARY = 5500
BATCH_TOKENS = (2500, 20_000, 100_000)
LOOK_EVERY = 10
LOSSES = 50
WARM_UPDATES = 20


@dataclass(frozen=True)
class Way:
    """A way of computing."""

    name: str
    bfloat16: bool = False
    graphs: bool = False
    compiled: bool = False

    def execution(self, device: str) -> Execution:
        """Returns it for a device."""
        return Execution(device, self.bfloat16, self.graphs, check_every=LOOK_EVERY, ahead=4)


WAYS = (
    Way("float32"),
    Way("float32, graphs", graphs=True),
    Way("bfloat16", bfloat16=True),
    Way("bfloat16, graphs", bfloat16=True, graphs=True),
)
COMPILED = (
    Way("bfloat16, compiled", bfloat16=True, compiled=True),
    Way("bfloat16, compiled, graphs", bfloat16=True, graphs=True, compiled=True),
)


@dataclass
class Usage:
    """What nvidia-smi says of the first GPU while something runs."""

    samples: list[tuple[float, float, float]] = field(default_factory=list)

    def mean(self, column: int) -> float:
        """Returns the mean of utilisation (0, %), memory (1, MiB) or power (2, W)."""
        return float(np.mean([sample[column] for sample in self.samples])) if self.samples else 0.0


@contextmanager
def watch(device: str) -> Iterator[Usage]:
    """Polls nvidia-smi five times a second."""
    usage = Usage()
    if not device.startswith("cuda"):
        yield usage
        return
    query = "--query-gpu=utilization.gpu,memory.used,power.draw"
    with subprocess.Popen(
        ["nvidia-smi", query, "--format=csv,noheader,nounits", "-i", "0", "-lms", "200"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                try:
                    use, memory, power = map(float, line.split(","))
                except ValueError:
                    continue
                usage.samples.append((use, memory, power))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield usage
        finally:
            process.terminate()
            reader.join()


def make_pairs(pairs: int, seed: int) -> PairArrays:
    """Makes sources of common and rare tokens; targets are a stretch of their source."""
    generator = np.random.default_rng(seed)
    lengths = np.clip(generator.gamma(4.0, 11.0, pairs), 6, 180).astype(np.int64)
    sizes = np.clip(generator.gamma(2.0, 5.5, pairs), 1, lengths - 4).astype(np.int64)
    sources, targets = [], []
    for length, size in zip(lengths.tolist(), sizes.tolist(), strict=True):
        source = np.minimum(generator.zipf(1.2, length), VOCABULARY - 3) + 2
        start = int(generator.integers(0, 4))
        sources.append(np.append(source, 0))
        targets.append(np.append(source[start : start + size], 0))

    def joined(rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        bounds = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        return np.concatenate(rows).astype(np.uint16), bounds.astype(np.int64)

    return PairArrays(*joined(sources), *joined(targets))


def recipe(batch_tokens: int) -> TrainingRecipe:
    """Returns a training without end."""
    return TrainingRecipe(
        updates=1_000_000,
        batch_tokens=batch_tokens,
        learning_rate=1e-3,
        warmup=100,
        clip_norm=1.0,
        label_smoothing=0.1,
        average_decay=0.999,
        validate_every=1_000_000,
        save_every=1_000_000,
    )


def synchronize(device: str) -> None:
    """Waits for the device."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


class Run:
    """One way of computing with batches of one size."""

    def __init__(
        self, way: Way, batch_tokens: int, pairs: PairArrays, vocabulary: int, layers: int, to: str
    ) -> None:
        self.recipe = recipe(batch_tokens)
        self.execution = way.execution(to)
        self.device = to
        torch.manual_seed(1)
        network = Network(NetworkRecipe(encoder_layers=layers, decoder_layers=layers), vocabulary)
        if way.compiled:
            for layer in [*network.encoder, *network.decoder]:
                layer.compile(dynamic=True)
        record = None if to.startswith("cuda") else (lambda work: work)
        self.updater = Updater(network, self.recipe, self.execution, record=record)
        self.done = 0
        self.losses: list[float] = []
        self.batches = feed(
            pairs, self.recipe, 0, 0, padding=self.execution.padding, pinned=to.startswith("cuda")
        )

    def updates(self, ready: Iterator[Fed], count: int) -> int:
        """Does some updates, looking at the losses as a training does; returns their words."""
        values, words = [], []
        for _ in range(count):
            fed = next(ready)
            values.append(self.updater.update([fed], self.done))
            words.append(fed.words)
            self.done += 1
        losses = torch.stack(values)[:, 0].tolist()
        self.losses += [loss / number for loss, number in zip(losses, words, strict=True)]
        return sum(words)


def measure(
    way: Way,
    tokens: int,
    pairs: PairArrays,
    valid: PairArrays,
    vocabulary: int,
    arguments: argparse.Namespace,
) -> str:
    """Trains and times; returns a row of the table."""
    device = arguments.device
    run = Run(way, tokens, pairs, vocabulary, arguments.layers, device)
    started = time.perf_counter()
    # Small batches learn enough for their losses to be compared.
    learnt = arguments.updates if tokens == BATCH_TOKENS[0] else WARM_UPDATES
    valid_loss = float("nan")
    with read_ahead(run.batches, 4) as ready:
        while run.done < learnt:
            run.updates(ready, LOOK_EVERY)
        if learnt == arguments.updates:
            valid_loss, _ = validate(run.updater.network, valid, run.recipe, run.execution)
        loss = float(np.mean(run.losses[-LOSSES:]))
        while way.graphs and time.perf_counter() - started < arguments.seconds:
            run.updates(ready, LOOK_EVERY)
        synchronize(device)
        warm_s = time.perf_counter() - started
        first, words, begun = run.done, 0, time.perf_counter()
        with watch(device) as usage:
            while time.perf_counter() - begun < arguments.seconds:
                words += run.updates(ready, LOOK_EVERY)
            synchronize(device)
            seconds = time.perf_counter() - begun
    updates = run.done - first
    memory = torch.cuda.max_memory_allocated() / 2**30 if device.startswith("cuda") else 0.0
    recorded = run.updater.recorded
    return (
        f"{way.name:27} {tokens:8,} {words / seconds:11,.0f} {1000 * seconds / updates:9.2f} "
        f"{usage.mean(0):5.0f} {usage.mean(2):6.0f} {memory:8.2f} {warm_s:7.1f} {recorded:7} "
        f"{loss:9.4f} {valid_loss:9.4f}"
    )


def main() -> None:
    """Prints a table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--training", type=Path, help="folder of a training with token arrays")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=200_000, help="pairs to make")
    parser.add_argument("--updates", type=int, default=300, help="updates whose losses are shown")
    parser.add_argument("--seconds", type=float, default=4.0, help="seconds a measurement")
    parser.add_argument("--limit", type=float, default=140.0, help="seconds in all")
    parser.add_argument("--compile", action="store_true", help="compile the layers, too")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.training:
        tokens = arguments.training / "tokens"
        pairs, valid = PairArrays.open(tokens, "train"), PairArrays.open(tokens, "valid.small")
        vocabulary = 1 + int(max(pairs.sources.max(), pairs.targets.max()))
    else:
        pairs, valid = make_pairs(arguments.pairs, 1), make_pairs(2000, 2)
        vocabulary = VOCABULARY
    name = torch.cuda.get_device_name() if arguments.device.startswith("cuda") else "processor"
    print(f"{name}, PyTorch {torch.__version__}, {len(pairs):,} pairs, vocabulary {vocabulary:,}")
    print(
        f"{'':27} {'tokens':>8} {'words/s':>11} {'ms/update':>9} {'use %':>5} {'W':>6} {'GiB':>8} "
        f"{'warm s':>7} {'graphs':>7} {'loss':>9} {'valid':>9}",
        flush=True,
    )
    ways = COMPILED if arguments.compile else WAYS
    for tokens_a_batch in BATCH_TOKENS:
        for way in ways:
            if time.perf_counter() - started > arguments.limit:
                print(f"{way.name:27} {tokens_a_batch:8,} not measured: time is up")
                continue
            if arguments.device.startswith("cuda"):
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            with way.execution(arguments.device).settings(threads=1):
                row = measure(way, tokens_a_batch, pairs, valid, vocabulary, arguments)
            print(row, flush=True)


if __name__ == "__main__":
    main()
