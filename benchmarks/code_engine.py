"""The code engine's speed: dataset building, training, translation; Marian beside it.

    .venv/bin/python benchmarks/code_engine.py --threads 2

Data are auto-style mappings of this Python's standard library. The network is the reference's (8
and 8 layers, 96 wide). Where pymarian is installed, Marian trains on the same lines with the same
vocabulary: as the reference runs it (10,000 words a batch, unsorted) and at its best (2,500 words,
sorted by target); and translates the same lines. Speeds are target words (ends of lines included)
a second of wall clock, which need an idle machine, and a second of CPU time, which say something on
a busy one, too.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.code_engine.dataset import build_dataset, encoded_paths, raw_paths, read_pairs
from arqon_maestro.code_engine.export import export_model
from arqon_maestro.code_engine.journal import LOG_FILE, read_log
from arqon_maestro.code_engine.launching import TrainingJob, local_trainer
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.translator import Translator
from arqon_maestro.corpusgen.modes import mapping_lines
from arqon_maestro.progress import SILENT

MODEL, LANGUAGE = "auto-style", "python"
DATASET = DatasetRecipe(
    lexicon_size=5000, vocabulary="words", vocabulary_size=5500, max_length=200, valid_lines=100
)
NETWORK = NetworkRecipe(encoder_layers=8, decoder_layers=8)
BATCH_TOKENS = 2500
"""A core's share of a batch, as each of Marian's threads has a batch of its own."""
TRANSLATED = 200
SPEED = re.compile(r"\* ([\d,]+) @ ")


@dataclass(frozen=True)
class Speed:
    """A measured speed and how it was reached."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Training:
    """How fast a training is.

    Attributes:
        per_s: target words a second of wall clock.
        per_cpu_s: target words a second of CPU time, all threads together.
    """

    per_s: float
    per_cpu_s: float

    @classmethod
    def between(cls, words: list[int], cpu_s: list[float], times_s: list[float]) -> Training:
        """Returns the speed between the first and the last of several readings."""
        done = words[-1] - words[0]
        return cls(done / (times_s[-1] - times_s[0]), done / (cpu_s[-1] - cpu_s[0]))

    def rows(self, name: str) -> list[Speed]:
        """Returns both speeds as rows of the table."""
        return [Speed(name, self.per_s, "words/s"), Speed("", self.per_cpu_s, "words/CPU-second")]

    def rows_beside(self, other: Training) -> list[Speed]:
        """Returns how many times as fast this is as `other`."""
        return [
            Speed("  ours is", self.per_s / other.per_s, "times as fast"),
            Speed("", self.per_cpu_s / other.per_cpu_s, "times as fast, by CPU time"),
        ]


def write_mappings(folder: Path, lines: int) -> int:
    """Writes the raw files of a dataset; returns the bytes of the training split."""
    folder.mkdir()
    root = Path(sysconfig.get_paths()["stdlib"])
    pairs: list[tuple[str, str]] = []
    for path in sorted(root.glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        pairs += mapping_lines(text, path.name, LANGUAGE, MODEL).lines
        if len(pairs) >= lines:
            break
    for split, part in (("train", pairs), ("valid", pairs[:500]), ("test", pairs[:500])):
        for path, side in zip(raw_paths(folder, LANGUAGE, split), (0, 1), strict=True):
            path.write_text("".join(pair[side] + "\n" for pair in part))
    return sum(path.stat().st_size for path in raw_paths(folder, LANGUAGE, "train"))


def recipe(updates: int, cores: int = 1) -> TrainingRecipe:
    """Returns a training of some updates, without validations on the way."""
    return TrainingRecipe(
        updates=updates,
        batch_tokens=BATCH_TOKENS * cores,
        learning_rate=1e-3,
        warmup=100,
        clip_norm=1.0,
        validate_every=updates,
        save_every=updates,
    )


def time_training(data: Path, output: Path, updates: int, cores: int) -> Training:
    """Times our training between its first line of log and its last."""
    job = TrainingJob(data, output, DATASET, NETWORK, recipe(updates, cores), threads=cores)
    before = os.times()
    started = time.time()
    local_trainer(gpus=0)(job, SILENT)
    used = os.times()
    seconds = time.time() - started
    cpu_s = sum(used[:4]) - sum(before[:4])
    lines = [line for line in read_log(output / LOG_FILE) if "words" in line]
    times_s = [line["time"] for line in lines]
    # The CPU time of other processes is known only at their end: the same share of it is taken.
    share = (times_s[-1] - times_s[0]) / seconds
    return Training.between([line["words"] for line in lines], [0.0, cpu_s * share], times_s)


def time_marian(data: Path, work: Path, seconds: int, threads: int, *options: str) -> Training:
    """Times Marian's training between its first report and the last in `seconds`."""
    work.mkdir()
    sources, targets = encoded_paths(data, "train")
    vocabulary = str(data.parent / "training" / "vocab.yml")
    command = [sys.executable, "-m", "pymarian", "train", "--type", "transformer"]
    command += ["--model", str(work / "model.npz"), "--train-sets", str(sources), str(targets)]
    command += ["--vocabs", vocabulary, vocabulary, "--tied-embeddings-all", "--seed", "1"]
    command += ["--enc-depth", "8", "--dec-depth", "8", "--dim-emb", "96"]
    command += ["--transformer-heads", "4", "--transformer-dim-ffn", "512"]
    command += ["--transformer-ffn-activation", "relu", "--transformer-dropout", "0.1"]
    command += ["--cpu-threads", str(threads), "--workspace", "2000", "--max-length", "200"]
    command += ["--disp-freq", "2", "--disp-first", "0", "--sync-sgd", "--no-shuffle", *options]
    words, cpu_s, times_s = [0], [], []
    log: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        for line in process.stderr:
            log.append(line)
            if match := SPEED.search(line):
                words.append(words[-1] + int(match.group(1).replace(",", "")))
                cpu_s.append(cpu_time_s(process.pid))
                times_s.append(time.time())
        timer.cancel()
    if len(cpu_s) < 2:
        raise SystemExit(f"Marian reported nothing in {seconds} s:\n{''.join(log[-20:])}")
    return Training.between(words[1:], cpu_s, times_s)


def cpu_time_s(process: int) -> float:
    """Returns the CPU time of a process, its threads' together."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def time_translation(folder: Path, lines: list[str]) -> list[float]:
    """Returns milliseconds a line, one line at a time, one core, the model's own beam."""
    translator = Translator(folder, threads=1)
    translator.translate(lines[:5])
    durations = []
    for line in lines:
        started = time.perf_counter()
        translator.translate([line])
        durations.append(1000 * (time.perf_counter() - started))
    return durations


def time_marian_translation(folder: Path, lines: list[str]) -> list[float]:
    """As `time_translation`, with pymarian."""
    from pymarian import Translator as MarianTranslator

    vocabulary = str(folder / "vocab.yml")
    translator = MarianTranslator(
        models=str(folder / "model.npz"),
        vocabs=[vocabulary, vocabulary],
        beam_size=2,
        cpu_threads=1,
        max_length_factor=3,
        workspace=500,
        quiet=True,
    )
    durations = []
    for line in [*lines[:5], *lines]:
        started = time.perf_counter()
        translator.translate([line])
        durations.append(1000 * (time.perf_counter() - started))
    return durations[5:]


def run(root: Path, lines: int, updates: int, threads: int) -> list[Speed]:
    """Measures everything in `root`."""
    data, training, folder = root / "data", root / "training", root / LANGUAGE
    size_bytes = write_mappings(data, lines)
    started = time.process_time()
    build_dataset(data, LANGUAGE, MODEL, DATASET, seed=1)
    cpu_s = time.process_time() - started
    speeds = [Speed("dataset building", size_bytes / 1e6 / cpu_s, "MB of mappings/CPU-second")]
    ours = time_training(data, training, updates, threads)
    speeds += ours.rows(f"training, threads: {threads}")
    export_model(training, data, folder, MODEL, LANGUAGE)
    translated = [source for source, _ in read_pairs(encoded_paths(data, "test"))][:TRANSLATED]
    engines = [("translation", time_translation)]
    if importlib.util.find_spec("pymarian"):
        engines.append(("Marian's translation", time_marian_translation))
        for name, options in (
            ("as the reference runs it", ("--mini-batch-words", "10000", "--maxi-batch", "1")),
            (
                "at its best",
                ("--mini-batch-words", "2500", "--maxi-batch", "100", "--maxi-batch-sort", "trg"),
            ),
        ):
            work = root / name.replace(" ", "-")
            theirs = time_marian(data, work, 90, threads, *options)
            speeds += theirs.rows(f"Marian's training, {name}")
            speeds += ours.rows_beside(theirs)
    for name, measure in engines:
        durations = measure(folder, translated)
        for share in (50, 90):
            speeds.append(Speed(f"{name}, p{share}", float(np.percentile(durations, share)), "ms"))
    return speeds


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=60_000, help="mapping lines to train on")
    parser.add_argument("--updates", type=int, default=100, help="updates to time")
    parser.add_argument("--threads", type=int, default=2, help="cores of the training")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for speed in run(Path(folder), arguments.lines, arguments.updates, arguments.threads):
            print(f"{speed.name:45} {speed.value:10,.1f} {speed.unit}")
    if not importlib.util.find_spec("pymarian"):
        print("Marian is not installed: pip install -e '.[marian]'")


if __name__ == "__main__":
    main()
