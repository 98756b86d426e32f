"""The step that makes a fine-tuning's data of a person's own code and of old data.

Its folder holds three datasets with the base's lexicon: ``own`` and ``old``, whose held-out lines
tell what was gained and lost, and ``mixed``, which is trained on.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from arqon_maestro import languages
from arqon_maestro.artifacts import atomic_text, digest_value
from arqon_maestro.code_engine.blocks import select_lines
from arqon_maestro.code_engine.dataset import build_dataset, raw_paths
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.code_engine.recipe import DatasetRecipe, FineTuningRecipe
from arqon_maestro.code_engine.sampling import LineSample, sample_pairs
from arqon_maestro.code_engine.starting_model import StartingModel, open_starting_model
from arqon_maestro.code_engine.vocabulary import PieceVocabulary
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import DataError
from arqon_maestro.library import PARSER
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.datasets import LIBRARIES, Mappings, check_files
from arqon_maestro.pipeline.old_data import OldData
from arqon_maestro.pipeline.shards import SLICES, SliceResult, read_results, slices
from arqon_maestro.pipeline.tuning_base import base_folder
from arqon_maestro.repositories.own_code import OwnCode, read_own_code
from arqon_maestro.repositories.records import SPLITS, SourceFile
from arqon_maestro.repositories.selection import size_bytes
from arqon_maestro.repositories.shards import write_shards
from arqon_maestro.repositories.split import SplitShares
from arqon_maestro.steps import Outcome, Step, Work

OWN, OLD, MIXED = "own", "old", "mixed"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """What a fine-tuning learns from."""

    own: OwnCode
    old: OldData


def data_folder(pipeline: Pipeline, model: str, language: str) -> Path:
    """Returns where the three datasets lie."""
    return pipeline.library.tuning(model, language) / "data"


def read_own(pipeline: Pipeline, model: str, language: str, paths: Sequence[Path]) -> OwnCode:
    """Reads a person's own files, for the parser those of any language.

    Raises:
        MissingPartError: a path does not exist.
        DataError: there is no file that can be used, or too few to hold some out.
    """
    recipe = pipeline.recipe.code_engine.fine_tuning
    spoken = languages.names() if model == PARSER else [language]
    own = read_own_code(
        paths,
        spoken,
        SplitShares(recipe.valid_share, recipe.test_share),
        reporter=pipeline.reporter,
    )
    where = ", ".join(map(str, paths))
    if not own.files:
        raise DataError(
            "no file that can be used",
            where=where,
            why=", ".join(f"{number} {reason}" for reason, number in sorted(own.rejects.items()))
            or f"no {language} file",
            remedy="name a folder of your code with --source; docs/how-to/fine-tune.md",
        )
    lacking = [split for split in SPLITS if not own.bytes_of(split)]
    if lacking:
        raise DataError(
            f"{len(own.files)} files are too few to train on some and test on others",
            where=where,
            why=f"nothing is left for {' and '.join(lacking)}; near duplicates count as one",
            remedy="name more of your code with --source",
        )
    return own


def dataset_recipe(pipeline: Pipeline, model: str, base: StartingModel) -> DatasetRecipe:
    """Returns the recipe of a dataset with the base's vocabulary and lexicon."""
    recipe = pipeline.recipe.code_engine
    # A reference's model may have sizes that a recipe of ours refuses; nothing is counted here.
    return recipe.model_named(model).dataset.model_copy(
        update={
            "vocabulary": "pieces" if isinstance(base.vocabulary, PieceVocabulary) else "words",
            "vocabulary_size": len(base.vocabulary),
            "lexicon_size": len(base.lexicon),
            "valid_lines": 2 * recipe.fine_tuning.held_out_lines,
        }
    )


def make_data(pipeline: Pipeline, model: str, language: str, source: Source) -> Outcome:
    """Makes the three datasets.

    Raises:
        DataError: the own code gives too few lines.
        WorkFailedError: too many files failed.
    """
    recipe = pipeline.recipe.code_engine.fine_tuning
    folder = data_folder(pipeline, model, language)
    own, old = source.own, source.old

    def action(work: Work) -> None:
        base = open_starting_model(work.input("base") / MODEL_FILE, model, language)
        pairs, available = _say(pipeline, own, model, work)
        _check_amount(own, available, recipe, work)
        output, seed = work.output("data"), pipeline.recipe.seed
        replayed = round(len(pairs["train"]) * recipe.replay_share / (1 - recipe.replay_share))
        limits = {"train": replayed, "valid": recipe.held_out_lines, "test": recipe.held_out_lines}
        remembered = {
            split: list(
                sample_pairs(
                    raw_paths(old.folder, language, split), limit, seed_of(seed, OLD, split)
                )
            )
            for split, limit in limits.items()
        }
        # Without replay the dataset of old lines still needs some to be one.
        contents = {
            OWN: pairs,
            OLD: remembered | {"train": remembered["train"] or remembered["valid"]},
            MIXED: {
                split: [*pairs[split], *remembered[split]] for split in ("train", "valid", "test")
            },
        }
        for name, content in contents.items():
            (output / name).mkdir(parents=True, exist_ok=True)
            for split, chosen in content.items():
                _write(raw_paths(output / name, language, split), chosen)
            summary = build_dataset(
                output / name,
                language,
                model,
                dataset_recipe(pipeline, model, base),
                seed_of(seed, name),
                work.reporter,
                lexicon=base.lexicon,
            )
            for split, counts in summary.splits.items():
                work.count(f"{name} {split} pairs", counts.kept)
                for reason, number in counts.dropped.items():
                    work.reject(f"{name} {split}: {reason}", number)
        for reason, number in own.rejects.items():
            work.reject(f"own code: {reason}", number)
        seen = set(contents[MIXED]["train"])
        work.note(
            "held-out lines that are trained on too, such as a lone bracket",
            {name: sum(pair in seen for pair in contents[name]["test"]) for name in (OWN, OLD)},
        )
        work.note("own code", _facts(own))
        work.note("old data", old.facts())
        work.note("old data is a substitute", old.substitute)

    return pipeline.runner.run(
        Step(
            name=f"tune-data/{model}/{language}",
            version=1,
            action=action,
            inputs={
                "base": base_folder(pipeline.library, model, language),
                **old.files(language),
            },
            outputs={"data": folder},
            manifest=folder.with_name("data.step.json"),
            configuration={
                "own code": _digest(own.files),
                "fine-tuning": settings(recipe),
                "max_length": pipeline.recipe.code_engine.model_named(model).dataset.max_length,
                "seed": pipeline.recipe.seed,
            },
            libraries=LIBRARIES,
            resumable=True,
        )
    )


def _digest(files: Iterable[SourceFile]) -> str:
    return digest_value(
        [[file.repository, file.path, file.language, file.split, file.digest] for file in files]
    )


def _facts(own: OwnCode) -> dict[str, Any]:
    """Returns what the own code is, in the form of `data_of`."""
    folders = sorted({file.repository for file in own.files})
    return {
        "total": {
            "repositories": len(folders),
            "files": len(own.files),
            "bytes": sum(map(size_bytes, own.files)),
        },
        "splits": {
            split: {
                "files": sum(file.split == split for file in own.files),
                "bytes": own.bytes_of(split),
            }
            for split in SPLITS
        },
        "packages": [
            {
                "repository": folder,
                "version": mine[0].version,
                "licence": mine[0].licence,
                "provenance": mine[0].provenance,
                "files": len(mine),
                "bytes": sum(map(size_bytes, mine)),
            }
            for folder in folders
            if (mine := [file for file in own.files if file.repository == folder])
        ],
    }


def _say(
    pipeline: Pipeline, own: OwnCode, model: str, work: Work
) -> tuple[dict[str, list[Pair]], Counter[str]]:
    """Says the own code: all of it once, and what is trained on several times over.

    Returns:
        Split → pairs, at most as many as the recipe wants; and how many there were.
    """
    recipe, seed = pipeline.recipe.code_engine.fine_tuning, pipeline.recipe.seed
    limits = dict.fromkeys(SPLITS, recipe.held_out_lines)
    limits["train"] = ceil(recipe.train_lines / recipe.sayings)
    pairs: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    available: Counter[str] = Counter()
    for saying in range(recipe.sayings):
        files = [file for file in own.files if not saying or file.split == "train"]
        results: dict[str, list[SliceResult]] = {}
        for spoken in sorted({file.language for file in files}):
            shards = work.scratch / "shards" / str(saying) / spoken
            # A killed run may have left some of them; they are quickly written again.
            shutil.rmtree(shards, ignore_errors=True)
            write_shards([file for file in files if file.language == spoken], shards)
            results[spoken] = read_results(
                pipeline.executor.map(
                    Mappings(model, spoken, seed_of(seed, "saying", saying)),
                    slices(shards),
                    work.scratch / SLICES / str(saying) / spoken,
                    limit_s=pipeline.recipe.corpusgen.file_limit_s,
                    label=f"{model}: own {spoken}, said for time {saying + 1}",
                    reporter=work.reporter,
                )
            )
        if not saying:
            check_files(results, pipeline.recipe.corpusgen.failed_share, work)
        found = [result for language in results.values() for result in language]
        for split, limit in limits.items():
            lines = sum(result.lines[split] for result in found)
            sample = LineSample(lines, limit, seed_of(seed, OWN, split, saying))
            available[split] += lines
            for result in found:
                mask = sample.take(result.lines[split])
                columns = [select_lines(text, mask) for text in result.text(split)]
                pairs[split] += zip(
                    *(column.decode().split("\n")[:-1] for column in columns), strict=True
                )
    return pairs, available


def _check_amount(own: OwnCode, lines: Counter[str], recipe: FineTuningRecipe, work: Work) -> None:
    """Raises `DataError` where the own code gives too few lines to learn from or to measure on."""
    needs = dict.fromkeys(SPLITS, recipe.fewest_held_out_lines)
    needs["train"] = recipe.fewest_train_lines
    short = {split: fewest for split, fewest in needs.items() if lines[split] < fewest}
    if not short:
        return
    total = sum(map(size_bytes, own.files))
    missing = max(fewest / max(lines[split], 1) for split, fewest in short.items())
    rejects = ", ".join(f"{number} x {reason}" for reason, number in sorted(work.rejects.items()))
    raise DataError(
        "too little of your own code: "
        + ", ".join(
            f"{lines[split]:,} lines to {verb} on, of {short[split]:,} needed"
            for split, verb in (("train", "train"), ("valid", "validate"), ("test", "test"))
            if split in short
        ),
        where=f"{len(own.files)} files, {total / 1000:,.0f} kB",
        why=rejects or "every file was said",
        remedy=f"about {total * missing / 1000:,.0f} kB of such code, with --source; or lower "
        "code-engine.fine-tuning.fewest_train_lines and fewest_held_out_lines in the recipe",
    )


def _write(paths: tuple[Path, Path], pairs: Iterable[Pair]) -> None:
    with atomic_text(paths[0]) as sources, atomic_text(paths[1]) as targets:
        for source, target in pairs:
            sources.write(f"{source}\n")
            targets.write(f"{target}\n")
