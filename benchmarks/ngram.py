"""From text to ARPA: our estimator beside MITLM's and, where it is built, KenLM's.

    .venv/bin/python benchmarks/ngram.py --tokens 5000000 --lmplz path/to/lmplz

MITLM's ``estimate-ngram`` comes with the phonetisaurus wheel. KenLM's ``lmplz`` is built from the
source package ``kenlm`` of PyPI (cmake, a compiler and Boost). All three estimate unpruned
interpolated modified Kneser-Ney models of the same generated text, each in its own process;
time is the best of the rounds, memory the largest resident size.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import phonetisaurus
from numpy.typing import NDArray

# Many more than are seen, so that many are seen once: Kneser-Ney needs such text.
WORDS = 1_000_000
MEAN_SENTENCE = 9.0
SENTENCES_AT_ONCE = 20_000
SUCCESSORS = 8
SUCCESSOR_SHARE = 0.55
ZIPF_EXPONENT = 1.3
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Usage:
    """What a process used."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


def write_text(path: Path, tokens: int, seed: int = 1) -> None:
    """Writes sentences with Zipf's law, where each word has some likely successors."""
    generator = np.random.default_rng(seed)
    shares = 1.0 / np.arange(1, WORDS + 1) ** ZIPF_EXPONENT
    steps = np.cumsum(shares / shares.sum())
    successors = np.searchsorted(steps, generator.random((WORDS, SUCCESSORS))).clip(max=WORDS - 1)
    with open(path, "w", encoding="utf-8") as stream:
        written = 0
        while written < tokens:
            lengths = generator.geometric(1 / MEAN_SENTENCE, size=SENTENCES_AT_ONCE)
            sentences = _sentences(generator, lengths, steps, successors)
            for sentence, length in zip(sentences, lengths.tolist(), strict=True):
                stream.write(" ".join([f"w{word:x}" for word in sentence[:length]]) + "\n")
                written += length
                if written >= tokens:
                    break


def _sentences(
    generator: np.random.Generator,
    lengths: NDArray[np.int64],
    steps: NDArray[np.float64],
    successors: NDArray[np.int64],
) -> list[list[int]]:
    """Returns the words of sentences, made side by side, one place after the other."""
    sentences = np.zeros((lengths.size, int(lengths.max())), np.int64)
    previous = np.zeros(lengths.size, np.int64)
    for place in range(sentences.shape[1]):
        rows = np.flatnonzero(lengths > place)
        fresh = np.searchsorted(steps, generator.random(rows.size)).clip(max=WORDS - 1)
        likely = (SUCCESSORS * generator.random(rows.size) ** 2).astype(np.int64)
        follows = (generator.random(rows.size) < SUCCESSOR_SHARE) & (place > 0)
        words = np.where(follows, successors[previous[rows], likely], fresh)
        previous[rows] = words
        sentences[rows, place] = words
    rows_of_words: list[list[int]] = sentences.tolist()
    return rows_of_words


def measured(command: list[str], environment: dict[str, str] | None = None) -> Usage:
    """Runs a command and returns what it used."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Usage(wall_s, usage.ru_utime + usage.ru_stime, peak_bytes(usage))


def peak_bytes(usage: resource.struct_rusage) -> int:
    """Returns the largest resident size; Linux counts it in kibibytes."""
    return int(usage.ru_maxrss * 1024)


def commands(
    text: Path, folder: Path, order: int, lmplz: Path | None, memory: str | None
) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Returns each tool's command and environment."""
    package = Path(phonetisaurus.__file__).parent
    source, number = str(text), str(order)
    ours = [str(Path(sys.executable).parent / "maestro"), "lm", "train"]
    ours += ["--order", number, "--text", source, "--output", str(folder / "maestro.arpa")]
    if memory is not None:
        ours += ["--memory", memory]
    mitlm = [str(package / "bin/x86_64/estimate-ngram"), "-order", number]
    mitlm += ["-smoothing", "FixModKN", "-text", source, "-write-lm", str(folder / "mitlm.arpa")]
    result = {
        "maestro lm train": (ours, {}),
        "MITLM estimate-ngram": (mitlm, {"LD_LIBRARY_PATH": str(package / "lib/x86_64")}),
    }
    if lmplz is not None:
        kenlm = [str(lmplz), "-o", number, "-S", "2G", "-T", str(folder)]
        kenlm += ["--text", source, "--arpa", str(folder / "kenlm.arpa")]
        result["KenLM lmplz"] = (kenlm, {})
    return result


def main() -> None:
    """Measures and prints one table for each order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, nargs="+", default=[3, 4])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--text", type=Path, help="measure on this text instead")
    parser.add_argument("--memory", help="bound of ours, as in maestro lm train --memory")
    parser.add_argument("--lmplz", type=Path, help="KenLM's program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = options.text
        if text is None:
            text = folder / "text.txt"
            write_text(text, options.tokens)
        print(f"text: {text.stat().st_size / MEBIBYTE:.1f} MiB, about {options.tokens} tokens")
        print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before")
        for order in options.orders:
            programs = commands(text, folder, order, options.lmplz, options.memory)
            usages = {
                tool: [measured(command, more) for _ in range(options.rounds)]
                for tool, (command, more) in programs.items()
            }
            print(f"\norder {order}" + f"{'wall s':>23} {'cpu s':>8} {'peak MiB':>9}")
            for tool, rounds in usages.items():
                wall, cpu = min(u.wall_s for u in rounds), min(u.cpu_s for u in rounds)
                peak = max(u.peak_bytes for u in rounds) / MEBIBYTE
                print(f"{tool:22} {wall:8.2f} {cpu:8.2f} {peak:9.0f}")
            ours, *others = (min(u.wall_s for u in rounds) for rounds in usages.values())
            cpu_ours, *cpu_others = (min(u.cpu_s for u in rounds) for rounds in usages.values())
            print(f"ratio to the fastest other: wall {ours / min(others):.2f}", end="")
            print(f", cpu {cpu_ours / min(cpu_others):.2f}")
        print(f"\nload {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
