"""From generated line pairs to training text: lexicon, unknown replacement, validation sample.

A dataset folder starts with ``<language>-data-{train,valid,test}.{input,output}``; `build_dataset`
adds the lexicon, ``{train,valid,test}.unk.*`` and ``valid.small.unk.*``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from arqon_maestro.artifacts import atomic_text, open_text
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.corpusgen.choices import RandomChoices, seed_of
from arqon_maestro.corpusgen.unknowns import DropReason, UnknownReplacer, count_lexicon
from arqon_maestro.errors import DataError
from arqon_maestro.progress import SILENT, Reporter, Task

SPLITS = ("train", "valid", "test")
_REPORT_EVERY = 10_000

T = TypeVar("T")


@dataclass
class SplitCounts:
    """What became of one split's pairs.

    Attributes:
        read: pairs of the input.
        kept: pairs of the output.
        dropped: reason → pairs left out.
    """

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str) -> None:
        """Counts one pair left out."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def reasons(self) -> str:
        """Returns the reasons with their counts, as text."""
        if not self.read:
            return "the file is empty"
        parts = [f"{number} x {reason}" for reason, number in sorted(self.dropped.items())]
        return ", ".join(parts)


@dataclass(frozen=True)
class DatasetSummary:
    """What `build_dataset` made.

    Attributes:
        lexicon: entries of the lexicon.
        valid_small: pairs of the sample that training validates on.
        splits: split → counts.
    """

    lexicon: int
    valid_small: int
    splits: dict[str, SplitCounts]


def raw_paths(folder: Path, language: str, split: str) -> tuple[Path, Path]:
    """Returns the generated source and target file of a split."""
    stem = f"{language}-data-{split}"
    return folder / f"{stem}.input", folder / f"{stem}.output"


def encoded_paths(folder: Path, split: str) -> tuple[Path, Path]:
    """Returns the source and target file after unknown replacement (``valid.small`` too)."""
    return folder / f"{split}.unk.input", folder / f"{split}.unk.output"


def lexicon_path(folder: Path, language: str, model: str) -> Path:
    """Returns the lexicon's file; hyphens become underscores, as the runtime expects."""
    return folder / f"{language}_{model}_lexicon.txt".replace("-", "_")


def read_pairs(paths: tuple[Path, Path]) -> Iterator[tuple[str, str]]:
    """Yields line-aligned pairs.

    Raises:
        MissingPartError: a file is missing.
        DataError: one file is longer than the other, or not UTF-8.
    """
    number = 0
    try:
        with open_text(paths[0]) as sources, open_text(paths[1]) as targets:
            for number, source in enumerate(sources, start=1):
                target = targets.readline()
                if not target:
                    raise DataError("the target file ends here", where=f"{paths[1]}:{number}")
                yield source.rstrip("\n"), target.rstrip("\n")
            if targets.readline():
                raise DataError("the source file ends here", where=f"{paths[0]}:{number + 1}")
    except UnicodeDecodeError as error:
        raise DataError(
            "not UTF-8 text", where=f"{paths[0]}:{number + 1}", why=str(error)
        ) from None


def follow(items: Iterable[T], task: Task) -> Iterator[T]:
    """Yields `items` and shows every ten thousandth as progress."""
    for number, item in enumerate(items, start=1):
        yield item
        if not number % _REPORT_EVERY:
            task.advance(_REPORT_EVERY)


def build_dataset(
    folder: Path,
    language: str,
    model: str,
    recipe: DatasetRecipe,
    seed: int,
    reporter: Reporter = SILENT,
    *,
    lexicon: Sequence[str] | None = None,
) -> DatasetSummary:
    """Writes lexicon, ``{train,valid,test}.unk.*`` and ``valid.small.unk.*`` beside the raw files.

    The lexicon is counted on the training split alone. A model of pieces has no unknowns: its
    files are copied unchanged. The same input and seed give the same bytes.

    Args:
        folder: the dataset, with the raw files of all three splits.
        language: name of the language.
        model: name of the model.
        recipe: sizes.
        seed: draws the placeholders' ids and the validation sample.
        reporter: shows progress.
        lexicon: the one to use, that of a model that learns on; None counts it.

    Raises:
        MissingPartError: a raw file is missing.
        DataError: the files are not aligned, or no training pair is left.
    """
    if lexicon is None:
        with reporter.task(f"lexicon of {model} {language}", unit="lines") as task:
            lines = _training_lines(folder, language)
            lexicon = count_lexicon(follow(lines, task), recipe.lexicon_size)
    with atomic_text(lexicon_path(folder, language, model)) as stream:
        stream.writelines(f"{token}\n" for token in lexicon)
    replacer = UnknownReplacer(lexicon) if recipe.vocabulary == "words" else None
    splits: dict[str, SplitCounts] = {}
    with reporter.task(f"unknowns of {model} {language}", unit="pairs") as task:
        for split in SPLITS:
            choices = RandomChoices(seed_of(seed, "unknowns", model, language, split))
            pairs = follow(read_pairs(raw_paths(folder, language, split)), task)
            splits[split] = _encode_split(encoded_paths(folder, split), pairs, replacer, choices)
    if not splits["train"].kept:
        raise DataError(
            "no training pair is left",
            where=raw_paths(folder, language, "train")[0],
            why=splits["train"].reasons(),
            remedy="add source code of the language: maestro repositories add",
        )
    sample_seed = seed_of(seed, "valid.small", model, language)
    small = _sample_validation(folder, splits["valid"].kept, recipe.valid_lines, sample_seed)
    return DatasetSummary(len(lexicon), small, splits)


def _training_lines(folder: Path, language: str) -> Iterator[str]:
    for pair in read_pairs(raw_paths(folder, language, "train")):
        yield from pair


def _encode_split(
    paths: tuple[Path, Path],
    pairs: Iterator[tuple[str, str]],
    replacer: UnknownReplacer | None,
    choices: RandomChoices,
) -> SplitCounts:
    counts = SplitCounts()
    with atomic_text(paths[0]) as sources, atomic_text(paths[1]) as targets:
        for source, target in pairs:
            counts.read += 1
            if replacer is not None:
                encoded = replacer.encode_pair(source, target, choices)
                if isinstance(encoded, DropReason):
                    counts.drop(encoded.value)
                    continue
                source, target = encoded.source, encoded.target
            counts.kept += 1
            sources.write(source + "\n")
            targets.write(target + "\n")
    return counts


def _sample_validation(folder: Path, available: int, wanted: int, seed: int) -> int:
    """Writes ``valid.small.unk.*``: `wanted` pairs of the validation split, in their order."""
    generator = np.random.Generator(np.random.PCG64(seed))
    size = min(available, wanted)
    chosen = np.zeros(available, dtype=bool)
    chosen[generator.permutation(available)[:size]] = True
    paths = encoded_paths(folder, "valid.small")
    with atomic_text(paths[0]) as sources, atomic_text(paths[1]) as targets:
        pairs = read_pairs(encoded_paths(folder, "valid"))
        for keep, (source, target) in zip(chosen.tolist(), pairs, strict=True):
            if keep:
                sources.write(source + "\n")
                targets.write(target + "\n")
    return size
