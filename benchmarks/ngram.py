"""From text to ARPA: our estimator beside MITLM's and, where it is built, KenLM's.

    .venv/bin/python benchmarks/ngram.py --tokens 5000000 --lmplz path/to/lmplz

MITLM's ``estimate-ngram`` comes with the phonetisaurus wheel. KenLM's ``lmplz`` is built from the
source package ``kenlm`` of PyPI (cmake, a compiler and Boost). All three estimate unpruned
interpolated modified Kneser-Ney models of the same text, each in its own processes, in turn; times
are the best of the rounds, memory is the largest sum of what the processes of a tool hold.

With ``--check`` the models are compared, ours by KenLM's rules with KenLM's: every probability, and
the perplexity of part of the text. At the end our ARPA file is read, and hypotheses are rescored.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import phonetisaurus
from numpy.typing import NDArray

from arqon_maestro.speech_engine.ngram import NgramModel, perplexity_of, train
from arqon_maestro.speech_engine.ngram.interpolation import Pruning

# Many more than are seen, so that many are seen once: Kneser-Ney needs such text.
WORDS = 1_000_000
MEAN_SENTENCE = 9.0
SENTENCES_AT_ONCE = 20_000
SUCCESSORS = 8
SUCCESSOR_SHARE = 0.55
ZIPF_EXPONENT = 1.3
MEBIBYTE = 1 << 20
WATCH_S = 0.02
SAMPLE_LINES = 20_000
HYPOTHESES = 10_000


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
    ended = threading.Event()
    peak = [0]

    def watch() -> None:
        while not ended.wait(WATCH_S):
            peak[0] = max(peak[0], resident_bytes(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    ended.set()
    watcher.join()
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Usage(wall_s, usage.ru_utime + usage.ru_stime, peak[0])


def resident_bytes(pid: int) -> int:
    """Returns what a process and its children hold; pages that they share count for each."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(int(c)) for c in children)


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


def compare(text: Path, folder: Path, order: int, with_kenlm: bool) -> None:
    """Prints how far other tools' models are from ours of the same rules."""
    own = NgramModel.read(folder / "maestro.arpa")
    print_distance("MITLM estimate-ngram", own, NgramModel.read(folder / "mitlm.arpa"), text)
    if with_kenlm:
        train(text, folder / "ours.arpa", order=order, pruning=Pruning.KENLM)
        own = NgramModel.read(folder / "ours.arpa")
        print_distance("KenLM lmplz", own, NgramModel.read(folder / "kenlm.arpa"), text)


def print_distance(tool: str, own: NgramModel, other: NgramModel, text: Path) -> None:
    """Prints the largest difference between probabilities, and both perplexities."""
    ids = np.array([own.word_ids[word] for word in other.vocabulary], np.int32)
    worst = 0.0
    for level in range(1, other.order + 1):
        for rows in other.rows(level):
            columns = [ids[column] for column in rows.words]
            found = own.ngram_log10_probabilities(columns)
            # What is said of <s>, which is never predicted, means nothing.
            real = rows.words[-1] != other.word_ids["<s>"]
            apart = np.abs(found - rows.log10_probabilities)[real]
            worst = max(worst, float(apart.max(initial=0.0)))
    with open(text, encoding="utf-8") as stream:
        sample = [line.split() for _, line in zip(range(SAMPLE_LINES), stream, strict=False)]
    figures = [perplexity_of(model, sample).perplexity for model in (own, other)]
    same = "the same n-grams" if own.sizes == other.sizes else f"{own.sizes} {other.sizes}"
    print(f"{tool}: {same}, log10 probabilities within {worst:.1e},", end=" ")
    print(f"perplexity {figures[0]:.4f} and {figures[1]:.4f}")


def read_and_rescore(arpa: Path, text: Path) -> None:
    """Prints how long our ARPA file takes to read, and many sentences to score."""
    started, cpu = time.perf_counter(), time.process_time()
    model = NgramModel.read(arpa)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    print(f"reading {sum(model.sizes)} n-grams: {wall_s:.2f} s, cpu {cpu_s:.2f} s")
    with open(text, encoding="utf-8") as stream:
        lines = (line.split() for line in stream)
        sentences = [line for _, line in zip(range(HYPOTHESES), lines, strict=False)]
    started, cpu = time.perf_counter(), time.process_time()
    model.score_sentences(sentences)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    words = sum(map(len, sentences))
    print(f"rescoring {len(sentences)} hypotheses, {words} words:", end=" ")
    print(f"{wall_s:.2f} s, cpu {cpu_s:.2f} s")


def main() -> None:
    """Measures and prints one table for each order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, nargs="+", default=[3, 4])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--text", type=Path, help="measure on this text instead")
    parser.add_argument("--memory", help="bound of ours, as in maestro lm train --memory")
    parser.add_argument("--lmplz", type=Path, help="KenLM's program")
    parser.add_argument("--check", action="store_true", help="compare the models, too")
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
            usages: dict[str, list[Usage]] = {tool: [] for tool in programs}
            for _ in range(options.rounds):
                for tool, (command, more) in programs.items():
                    usages[tool].append(measured(command, more))
            print(f"\norder {order}" + f"{'wall s':>23} {'cpu s':>8} {'peak MiB':>9}")
            for tool, rounds in usages.items():
                wall, cpu = min(u.wall_s for u in rounds), min(u.cpu_s for u in rounds)
                peak = max(u.peak_bytes for u in rounds) / MEBIBYTE
                print(f"{tool:22} {wall:8.2f} {cpu:8.2f} {peak:9.0f}")
            ours, *others = (min(u.wall_s for u in rounds) for rounds in usages.values())
            cpu_ours, *cpu_others = (min(u.cpu_s for u in rounds) for rounds in usages.values())
            print(f"ratio to the fastest other: wall {ours / min(others):.2f}", end="")
            print(f", cpu {cpu_ours / min(cpu_others):.2f}")
            if options.check:
                compare(text, folder, order, options.lmplz is not None)
        print()
        read_and_rescore(folder / "maestro.arpa", text)
        print(f"load {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
