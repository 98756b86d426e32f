"""How fast datasets are built, stage by stage, and how much memory that takes; plain Python beside.

    .venv/bin/python benchmarks/code_engine_data.py --megabytes 100

Mappings are made of this Python's standard library, and repeated until there are enough: that is
not timed. Speeds are megabytes of mapping text (source and target) a second of processor time, on
one core. "Plain Python" does the same line by line with the functions that serve single lines, on a
tenth of the text, in the same run. Memory is the largest resident set of the process until then.
"""

from __future__ import annotations

import argparse
import resource
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from arqon_maestro.code_engine.arrays import build_arrays
from arqon_maestro.code_engine.batching import plan_batches
from arqon_maestro.code_engine.counts import count_tokens
from arqon_maestro.code_engine.dataset import (
    build_dataset,
    encoded_paths,
    lexicon_path,
    raw_paths,
    read_pairs,
)
from arqon_maestro.code_engine.preparation import prepare
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.code_engine.vocabulary import EOS, WordVocabulary
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.modes import mapping_lines
from arqon_maestro.corpusgen.unknowns import EncodedPair, UnknownReplacer, count_lexicon

MODEL, LANGUAGE = "auto-style", "python"
WORDS = DatasetRecipe(
    lexicon_size=5000, vocabulary="words", vocabulary_size=5500, max_length=200, valid_lines=10_000
)
PIECES = WORDS.model_copy(update={"vocabulary": "pieces", "vocabulary_size": 10_000})
DISTINCT_PAIRS = 150_000
HELD_OUT_PAIRS = 20_000
FULL_PAIRS = 20_000_000


def write_mappings(folder: Path, megabytes: float) -> None:
    """Writes the raw files of a dataset with so much training text."""
    folder.mkdir()
    pairs: list[tuple[str, str]] = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        pairs += mapping_lines(text, path.name, LANGUAGE, MODEL).lines
        if len(pairs) >= DISTINCT_PAIRS:
            break
    whole = [join(pairs, side) for side in (0, 1)]
    copies = max(1, round(megabytes * 1e6 / sum(map(len, whole))))
    held_out = pairs[-HELD_OUT_PAIRS:]
    for split in ("train", "valid", "test"):
        for side, path in enumerate(raw_paths(folder, LANGUAGE, split)):
            with open(path, "wb") as stream:
                if split == "train":
                    stream.writelines([whole[side]] * copies)
                else:
                    stream.write(join(held_out, side))


def join(pairs: Iterable[tuple[str, str]], side: int) -> bytes:
    """Returns the lines of one side."""
    return "".join(f"{pair[side]}\n" for pair in pairs).encode()


def size_mb(paths: tuple[Path, Path]) -> float:
    """Returns megabytes of text."""
    return sum(path.stat().st_size for path in paths) / 1e6


def cpu_seconds(work: Callable[[], object]) -> float:
    """Returns the processor time that `work` takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def memory_mb() -> float:
    """Returns the largest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def stages(folder: Path) -> Iterator[tuple[str, float]]:
    """Yields each stage of building with its speed in MB a CPU-second."""
    raw, encoded = raw_paths(folder, LANGUAGE, "train"), encoded_paths(folder, "train")
    size = size_mb(raw)
    whole_s = cpu_seconds(lambda: build_dataset(folder, LANGUAGE, MODEL, WORDS, seed=1))
    counting_s = cpu_seconds(lambda: count_tokens(raw))
    yield "lexicon", size / counting_s
    yield "unknowns, validation sample", size / (whole_s - counting_s)
    vocabulary = WordVocabulary.of_counts(count_tokens(encoded), WORDS.vocabulary_size)
    yield "vocabulary", size / cpu_seconds(lambda: count_tokens(encoded))
    arrays_s = cpu_seconds(
        lambda: build_arrays(encoded, folder / "arrays", "train", vocabulary, WORDS.max_length)
    )
    yield "token arrays", size / arrays_s
    prepare_s = cpu_seconds(lambda: prepare(folder, folder / "words", WORDS))
    yield "all, digests included", size / (whole_s + prepare_s)


def plain_stages(folder: Path) -> Iterator[tuple[str, float]]:
    """Yields the speeds of plain Python, line by line."""
    raw, encoded = raw_paths(folder, LANGUAGE, "train"), encoded_paths(folder, "plain")
    size = size_mb(raw)

    def lines(paths: tuple[Path, Path]) -> Iterator[str]:
        for pair in read_pairs(paths):
            yield from pair

    def replace_unknowns() -> None:
        lexicon = lexicon_path(folder, LANGUAGE, MODEL).read_text().split("\n")[:-1]
        replacer, choices = UnknownReplacer(lexicon), RandomChoices(1)
        with open(encoded[0], "w") as sources, open(encoded[1], "w") as targets:
            for pair in read_pairs(raw):
                made = replacer.encode_pair(*pair, choices)
                if isinstance(made, EncodedPair):
                    sources.write(made.source + "\n")
                    targets.write(made.target + "\n")

    def encode() -> None:
        vocabulary = WordVocabulary.count(lines(encoded), WORDS.vocabulary_size)
        ids: tuple[list[int], list[int]] = ([], [])
        bounds: tuple[list[int], list[int]] = ([0], [0])
        for pair in read_pairs(encoded):
            made = [vocabulary.encode(line) for line in pair]
            if max(map(len, made)) <= WORDS.max_length:
                for side in (0, 1):
                    ids[side].extend([*made[side], EOS])
                    bounds[side].append(len(ids[side]))
        for side in (0, 1):
            np.save(folder / f"plain{side}.npy", np.array(ids[side], dtype=np.uint16))
            np.save(folder / f"bounds{side}.npy", np.array(bounds[side]))

    times = [
        cpu_seconds(lambda: count_lexicon(lines(raw), WORDS.lexicon_size)),
        cpu_seconds(replace_unknowns),
        cpu_seconds(lambda: WordVocabulary.count(lines(encoded), WORDS.vocabulary_size)),
    ]
    encoding_s = cpu_seconds(encode)
    times += [encoding_s - times[2], sum(times[:2]) + encoding_s]
    names = ("lexicon", "unknowns, validation sample", "vocabulary", "token arrays")
    for name, seconds in zip((*names, "all, digests included"), times, strict=True):
        yield name, size / seconds


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=float, default=100, help="training text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours_folder, plain_folder = Path(folder) / "ours", Path(folder) / "plain"
        write_mappings(ours_folder, arguments.megabytes)
        print(f"{size_mb(raw_paths(ours_folder, LANGUAGE, 'train')):,.0f} MB of training text")
        before = memory_mb()
        ours = dict(stages(ours_folder))
        peak = memory_mb()
        write_mappings(plain_folder, arguments.megabytes / 10)
        build_dataset(plain_folder, LANGUAGE, MODEL, WORDS, seed=1)
        print(f"{'stage':30} {'MB/CPU-s':>9} {'plain':>7} {'ratio':>6}")
        for name, speed in plain_stages(plain_folder):
            print(f"{name:30} {ours[name]:9.1f} {speed:7.1f} {ours[name] / speed:6.1f}")
        print(f"memory before {before:,.0f} MB, peak {peak:,.0f} MB")
        size = size_mb(encoded_paths(ours_folder, "train"))
        seconds = cpu_seconds(lambda: prepare(ours_folder, ours_folder / "pieces", PIECES))
        print(f"pieces, learnt and applied: {seconds:.0f} s, {size / seconds:.1f} MB/CPU-s")
        print(f"memory peak {memory_mb():,.0f} MB")
    lengths = np.random.default_rng(0).integers(1, 200, (2, FULL_PAIRS))
    seconds = cpu_seconds(lambda: plan_batches(lengths[0], lengths[1], 20_000, seed=1, epoch=0))
    print(f"batches of {FULL_PAIRS:,} pairs: {seconds:.1f} s, memory peak {memory_mb():,.0f} MB")


if __name__ == "__main__":
    main()
