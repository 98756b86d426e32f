"""From generated line pairs to training text: lexicon, unknown replacement, validation sample.

A dataset folder starts with ``<language>-data-{train,valid,test}.{input,output}``; `build_dataset`
adds the lexicon, ``{train,valid,test}.unk.*`` and ``valid.small.unk.*``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.artifacts import atomic_binary, atomic_text, open_text
from arqon_maestro.code_engine.blocks import LineWriter, read_blocks, read_tokens, select_lines
from arqon_maestro.code_engine.counts import SplitCounts, count_tokens
from arqon_maestro.code_engine.placeholders import BlockReplacer
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.code_engine.sampling import LineSample
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.corpusgen.context import SNIPPET
from arqon_maestro.corpusgen.unknowns import choose_lexicon
from arqon_maestro.errors import DataError
from arqon_maestro.progress import SILENT, Reporter

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class DatasetSummary:
    """What `build_dataset` made.

    Attributes:
        lexicon: entries of the lexicon.
        valid_small: pairs of the sample that training validates on.
        splits: split → counts.
        added: split → pairs of the output that add a syntax node.
    """

    lexicon: int
    valid_small: int
    splits: dict[str, SplitCounts]
    added: dict[str, int]


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
    files are copied unchanged. The same input and seed give the same bytes. Memory does not grow
    with the files.

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
        DataError: the files are not aligned, are not UTF-8, or no pair of a split is left.
    """
    if lexicon is None:
        label = f"lexicon of {model} {language}"
        counts = count_tokens(raw_paths(folder, language, "train"), label, reporter)
        lexicon = choose_lexicon(counts, recipe.lexicon_size)
        del counts
    with atomic_text(lexicon_path(folder, language, model)) as stream:
        stream.writelines(f"{token}\n" for token in lexicon)
    splits: dict[str, SplitCounts] = {}
    added: dict[str, int] = {}
    for split in SPLITS:
        raw, encoded = raw_paths(folder, language, split), encoded_paths(folder, split)
        label = f"unknowns of {model} {language} {split}"
        if recipe.vocabulary == "words":
            replacer = BlockReplacer(lexicon, seed_of(seed, "unknowns", model, language, split))
            splits[split], added[split] = _replace_unknowns(raw, encoded, replacer, label, reporter)
        else:
            splits[split], added[split] = _copy(raw, encoded), 0
        if not splits[split].kept:
            raise DataError(
                f"no {split} pair is left",
                where=raw[0],
                why=splits[split].reasons(),
                remedy="add source code of the language: maestro repositories add",
            )
    sample = LineSample(
        splits["valid"].kept, recipe.valid_lines, seed_of(seed, "valid.small", model, language)
    )
    small = _sample_validation(folder, sample)
    return DatasetSummary(len(lexicon), small, splits, added)


def _replace_unknowns(
    raw: tuple[Path, Path],
    encoded: tuple[Path, Path],
    replacer: BlockReplacer,
    label: str,
    reporter: Reporter,
) -> tuple[SplitCounts, int]:
    """Writes a split's pairs with placeholders; returns the counts, and how many pairs add."""
    counts, added = SplitCounts(), 0
    writer = LineWriter(replacer.tokens)
    adds = np.array([token.startswith(SNIPPET) for token in replacer.tokens])
    with ExitStack() as stack:
        sources, targets = (stack.enter_context(atomic_binary(path)) for path in encoded)
        task = stack.enter_context(reporter.task(label, unit="pairs"))
        for pairs in read_tokens(raw):
            left = replacer.encode(pairs)
            sources.write(writer.lines(left.sources))
            targets.write(writer.lines(left.targets))
            counts.add(len(pairs.sources), {r.value: n for r, n in left.dropped.items()})
            added += int(np.count_nonzero(adds[left.sources.values]))
            task.advance(len(pairs.sources))
    return counts, added


def _copy(raw: tuple[Path, Path], copies: tuple[Path, Path]) -> SplitCounts:
    """Copies a split's files, and checks that they are aligned and UTF-8."""
    counts = SplitCounts()
    with ExitStack() as stack:
        streams = [stack.enter_context(atomic_binary(path)) for path in copies]
        for pairs in read_blocks(raw):
            for stream, text in zip(streams, pairs.texts, strict=True):
                stream.write(text)
            counts.add(len(pairs), {})
    return counts


def _sample_validation(folder: Path, sample: LineSample) -> int:
    """Writes ``valid.small.unk.*``: a sample of the validation split, in its order."""
    size = 0
    with ExitStack() as stack:
        streams = [
            stack.enter_context(atomic_binary(path))
            for path in encoded_paths(folder, "valid.small")
        ]
        for pairs in read_blocks(encoded_paths(folder, "valid")):
            mask = sample.take(len(pairs))
            for stream, text in zip(streams, pairs.texts, strict=True):
                stream.write(select_lines(text, mask))
            size += int(np.count_nonzero(mask))
    return size
