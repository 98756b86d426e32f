"""From lexicon, n-grams and acoustic model to HCLG: our builder beside the wheels', and its growth.

    .venv/bin/python benchmarks/graph.py
    .venv/bin/python benchmarks/graph.py --words 100000 --tokens 17000000 --no-peer

The text is random, with the words of the CMU dictionary; by default it gives about 11,000 words,
105,000 bigrams and 190,000 trigrams. The acoustic model is a left-biphone chain model with random
questions. Each builder runs in a process of its own; memory is the most that it and the processes
that it starts hold at one time. The wheels (kaldifst, kaldi_hmm_gmm) know no nonterminals, so the
two are compared on a lang folder without hints.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.speech_engine.graph.info import graph_info
from arqon_maestro.speech_engine.graph.lang_folder import LangSettings, write_lang
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.io import KaldiWriter
from arqon_maestro.speech_engine.kaldi.topology import chain_topology
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel
from arqon_maestro.speech_engine.kaldi.tree import (
    PDF_CLASS_KEY,
    Constant,
    ContextDependency,
    EventMap,
    Split,
    table,
    write_tree,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary, letters
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT
from arqon_maestro.speech_engine.ngram import train

MEBIBYTE = 1 << 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SAMPLE_EVERY_S = 0.05
LONGEST_SENTENCE, MEAN_SENTENCE = 40, 8.0
SUCCESSORS, SUCCESSOR_SHARE = 6, 0.85
MIN_COUNTS = [1, 3, 2]
# Trigrams that are seen, and bigrams that are not, are told apart by these.
HASH_FACTORS = (1_000_003, 7_919, 104_729, 2_654_435_761)

PEER = """
import copyreg, sys, kaldifst, kaldi_hmm_gmm as hg
from pathlib import Path
folder, output = Path(sys.argv[1]), sys.argv[2]
lang, delta = folder / "plain-lang", 2.0 ** -16
symbols = [int(x) for x in (lang / "phones" / "disambig.int").read_text().split()]
import kaldilm
kaldilm.arpa2fst(input_arpa=str(folder / "model.arpa"), output_fst=output, disambig_symbol="#0",
                 read_symbol_table=str(lang / "words.txt"), max_order=3)
grammar = kaldifst.StdVectorFst.read(output)
kaldifst.arcsort(grammar, "ilabel")
fst = kaldifst.compose(kaldifst.StdVectorFst.read(str(lang / "L_disambig.fst")), grammar)
kaldifst.determinize_star(fst, delta=delta, use_log=True)
kaldifst.minimize_encoded(fst, delta=delta)
kaldifst.arcsort(fst, "ilabel")
fst, windows = kaldifst.compose_context(symbols, 2, 1, fst)
kaldifst.arcsort(fst, "ilabel")
tree = copyreg.__newobj__(hg.ContextDependency)
data = (folder / "model" / "tree").read_bytes()[2:]
tree.__setstate__(([x - 256 if x > 127 else x for x in data],))
topology = hg.HmmTopology()
topology.read((folder / "topo").read_text())
model = hg.TransitionModel(tree, topology)
transducer, silent = hg.get_h_transducer(windows, tree, model, hg.HTransducerConfig(1.0))
kaldifst.arcsort(transducer, "olabel")
fst = kaldifst.compose(transducer, fst)
kaldifst.determinize_star(fst, delta=delta, use_log=True)
silent, lines = set(silent), []
for line in fst.to_str().strip().split("\\n"):
    fields = line.split()
    if len(fields) >= 4 and int(fields[2]) in silent:
        fields[2] = "0"
    lines.append("\\t".join(fields))
fst = kaldifst.compile("\\n".join(lines))
kaldifst.minimize_encoded(fst, delta=delta)
hg.add_self_loops(1.0, [], True, model, fst).write(output)
"""


@dataclass(frozen=True)
class Usage:
    """What a process and those that it started used."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


def write_text(path: Path, words: list[str], tokens: int, seed: int = 1) -> None:
    """Writes sentences with Zipf's law, where each pair of words has some likely successors."""
    generator = np.random.default_rng(seed)
    shares = 1.0 / np.arange(1, len(words) + 1)
    steps = np.cumsum(shares / shares.sum())
    count = int(tokens / MEAN_SENTENCE)
    lengths = generator.geometric(1 / MEAN_SENTENCE, size=count).clip(max=LONGEST_SENTENCE)
    sentences = np.zeros((count, LONGEST_SENTENCE), np.int32)
    last, before = np.full(count, -1), np.full(count, -1)
    for place in range(LONGEST_SENTENCE):
        rows = np.flatnonzero(lengths > place)
        fresh = np.searchsorted(steps, generator.random(rows.size))
        choice = (SUCCESSORS * generator.random(rows.size) ** 2).astype(np.int64)
        first, second, third, spread = HASH_FACTORS
        mixed = (last[rows] * first + before[rows] * second + choice * third) * spread
        likely = np.searchsorted(steps, (mixed % (1 << 32)) / (1 << 32))
        follows = (generator.random(rows.size) < SUCCESSOR_SHARE) & (place > 0)
        chosen = np.where(follows, likely, fresh).clip(max=len(words) - 1)
        before[rows], last[rows] = last[rows], chosen
        sentences[rows, place] = chosen
    with open(path, "w", encoding="utf-8") as stream:
        for sentence, length in zip(sentences.tolist(), lengths.tolist(), strict=True):
            stream.write(" ".join([words[word] for word in sentence[:length]]) + "\n")


def random_tree(phones: PhoneTable, seed: int = 1) -> ContextDependency:
    """A left-biphone tree with four pdfs for each phone and class, places in words together."""
    chooser = random.Random(seed)
    numbers = [0, *sorted(phones.ids.values())]
    pdfs = iter(range(1 << 20))

    def question(depth: int) -> EventMap:
        if depth == 0:
            return Constant(next(pdfs))
        yes = frozenset(chooser.sample(numbers, len(numbers) // 3))
        return Split(0, yes, question(depth - 1), question(depth - 1))

    by_base: dict[str, EventMap] = {}
    by_phone = {}
    for name in phones.ordered:
        base = phones.base(name)
        if base not in by_base:
            by_base[base] = table(PDF_CLASS_KEY, {0: question(2), 1: question(2)})
        by_phone[phones.ids[name]] = by_base[base]
    return ContextDependency(2, 1, table(1, by_phone))


def prepare(folder: Path, words: int, tokens: int) -> tuple[int, ...]:
    """Writes lexicon, language model and acoustic model; returns the numbers of n-grams."""
    everything = Lexicon.of([*cmu_dictionary(), *letters()]).without_stress()
    spelled = [f"{letter}(spell)" for letter in "abcdefghijklmnopqrstuvwxyz"]
    chosen = random.Random(1).sample(sorted(set(everything.words()) - set(spelled)), words - 27)
    ranked = [*chosen[:20], HINT, *spelled, *chosen[20:]]
    write_text(folder / "text.txt", ranked, tokens)
    summary = train(folder / "text.txt", folder / "model.arpa", order=3, min_counts=MIN_COUNTS)
    (folder / "text.txt").unlink()
    lexicon = everything.restricted(ranked)
    spoken = sorted({phone for entry in everything for phone in entry.phones})
    phones = PhoneTable.of(spoken, ["SIL", "SPN"], position_dependent=True)
    write_lang(folder / "lang", lexicon, phones)
    write_lang(folder / "plain-lang", lexicon, phones, LangSettings(nonterminals=()))
    topology = chain_topology(sorted(phones.ids.values()))
    tree = random_tree(phones)
    writer = KaldiWriter()
    TransitionModel.of(tree, topology).write(writer)
    (folder / "model").mkdir()
    (folder / "model" / "final.mdl").write_bytes(bytes(writer))
    write_tree(folder / "model" / "tree", tree)
    (folder / "topo").write_text(topology.to_text())
    return summary.ngrams


def tree_of(process: int) -> list[int]:
    """Returns a process and all that it started."""
    found = [process]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        found += map(int, children)
    return found


def resident_bytes(process: int) -> int:
    """Returns the memory of a process and of those that it started, 0 if it has ended."""
    total = 0
    for number in tree_of(process):
        try:
            total += int(Path(f"/proc/{number}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            continue
    return total


def measure(command: list[str]) -> Usage:
    """Runs a program and returns what it used."""
    started = time.monotonic()
    before = os.times()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.returncode is None:
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(SAMPLE_EVERY_S)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    _, errors = process.communicate()
    watcher.join()
    if process.returncode:
        sys.exit(errors.decode())
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Usage(time.monotonic() - started, cpu, peak)


def build(folder: Path, lang: str, output: Path) -> Usage:
    program = [sys.executable, "-c", "from arqon_maestro.cli.main import main; main()"]
    options = {
        "--lang": folder / lang,
        "--model": folder / "model.arpa",
        "--acoustic-model": folder / "model",
        "--output": output,
    }
    flat = [str(part) for pair in options.items() for part in pair]
    return measure([*program, "graph", "build", *flat])


def show(name: str, usage: Usage, graph: Path) -> None:
    info = graph_info(graph)
    print(
        f"{name:34} {usage.cpu_s:8.1f} {usage.wall_s:8.1f} {usage.peak_bytes / MEBIBYTE:9.0f}"
        f" {info.states:11,} {info.arcs:11,} {info.size_bytes / MEBIBYTE:8.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words", type=int, nargs="+", default=[2_750, 5_500, 11_000])
    parser.add_argument("--tokens", type=int, help="of text [default: 205 for each word]")
    parser.add_argument("--no-peer", action="store_true", help="leave out the wheels' builder")
    arguments = parser.parse_args()
    print(
        f"{'':34} {'CPU s':>8} {'wall s':>8} {'peak MiB':>9} {'states':>11} {'arcs':>11} {'MiB':>8}"
    )
    for words in arguments.words:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ngrams = prepare(folder, words, arguments.tokens or 205 * words)
            print(", ".join(f"{n:,} {order}-grams" for order, n in enumerate(ngrams, 1)))
            show("  with hints", build(folder, "lang", folder / "hints"), folder / "hints")
            if arguments.no_peer:
                continue
            show("  without", build(folder, "plain-lang", folder / "plain"), folder / "plain")
            command = [sys.executable, "-c", PEER, str(folder), str(folder / "peer.fst")]
            show("  without, by the wheels", measure(command), folder / "peer.fst")


if __name__ == "__main__":
    main()
