"""The step that makes a code-engine model's dataset from source shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.code_engine.dataset import build_dataset, raw_paths
from arqon_maestro.config import MappingRecipe
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.corpusgen.modes import FileResult, mapping_lines
from arqon_maestro.errors import UsageError, WorkFailedError
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.repositories import fetch
from arqon_maestro.pipeline.shards import CorpusGenJob, check_failures, read_results, slices
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.steps import Outcome, Step, Work

PARSER = "transcript-parser"
PROSE = "default"
LIBRARIES = ("numpy", "sentencepiece", "tree-sitter", "xxhash")


@dataclass(frozen=True)
class Mappings(CorpusGenJob):
    """Makes the source and target lines of a model."""

    model: str
    language: str
    seed: int

    def say(self, text: str, name: str) -> FileResult[Any]:
        return mapping_lines(text, name, self.language, self.model, self.seed)


def check_language(model: str, language: str) -> None:
    """Raises `UsageError` for a parser in another language than prose."""
    if model == PARSER and language != PROSE:
        raise UsageError(
            f"the transcript parser has one language, {PROSE!r}",
            where="--language",
            remedy=f"--model {PARSER} --language {PROSE}",
        )


def source_languages(pipeline: Pipeline, model: str, language: str) -> dict[str, float]:
    """Returns the languages whose code a dataset is made of, with their weights."""
    mix = pipeline.recipe.code_engine.model_named(model).mapping.mix
    return dict(mix) if model == PARSER and mix else {language: 1.0}


def generate_dataset(pipeline: Pipeline, model: str, language: str) -> Outcome:
    """Brings a model's dataset up to date, its source shards included.

    Raises:
        UsageError: the parser in another language than ``default``.
        WorkFailedError: a split is empty.
    """
    check_language(model, language)
    recipe = pipeline.recipe.code_engine.model_named(model)
    mix = source_languages(pipeline, model, language)
    for source in mix:
        fetch(pipeline, source)
    folder = pipeline.library.dataset(model, language)
    seed = pipeline.recipe.seed

    def action(work: Work) -> None:
        output = work.output("dataset")
        output.mkdir(parents=True, exist_ok=True)
        places = {
            source: pipeline.executor.map(
                Mappings(model, source, seed),
                slices(work.input(source)),
                work.scratch / "shards" / source,
                limit_s=pipeline.recipe.corpusgen.file_limit_s,
                label=f"{model}/{language}: mappings of {source}",
                reporter=work.reporter,
            )
            for source in mix
        }
        check_files(places, pipeline.recipe.corpusgen.failed_share, work)
        merge(output, language, places, mix, recipe.mapping, seed, work)
        summary = build_dataset(output, language, model, recipe.dataset, seed, work.reporter)
        for split, counts in summary.splits.items():
            work.count(f"{split} pairs", counts.read - sum(counts.dropped.values()))
            for reason, number in counts.dropped.items():
                work.reject(f"{split}: {reason}", number)

    return pipeline.runner.run(
        Step(
            name=f"dataset/{model}/{language}",
            version=2,
            action=action,
            inputs={source: pipeline.library.repositories(source) for source in mix},
            outputs={"dataset": folder},
            manifest=folder / "manifest.json",
            configuration={
                "mapping": settings(recipe.mapping),
                "dataset": settings(recipe.dataset),
                "seed": seed,
            },
            libraries=LIBRARIES,
            resumable=True,
        )
    )


def check_files(places: Mapping[str, list[Path]], failed_share: float, work: Work) -> None:
    """Counts what was read and dropped, by language; an error if too many files failed."""
    for source, results in places.items():
        counts: Counter[str] = Counter()
        for result in read_results(results):
            counts.update(result.counts)
            for reason, number in result.rejects.items():
                work.reject(f"{source}: {reason}", number)
        for name, number in counts.items():
            work.count(f"{source} {name}", number)
        check_failures(counts, failed_share, f"{work.step.name}, {source}")


def merge(
    folder: Path,
    language: str,
    places: Mapping[str, Sequence[Path]],
    mix: Mapping[str, float],
    recipe: MappingRecipe,
    seed: int,
    work: Work,
) -> None:
    """Writes the raw files of all splits: at most the recipe's lines, languages by weight.

    Where there are more lines than wanted, a seeded sample is taken; lines stay in order.
    """
    limits = dict(
        zip(SPLITS, (recipe.train_lines, recipe.valid_lines, recipe.test_lines), strict=True)
    )
    available: dict[str, Counter[str]] = {}
    for source in mix:
        available[source] = Counter()
        for result in read_results(list(places[source])):
            available[source].update({split: len(lines) for split, lines in result.lines.items()})
    for split in SPLITS:
        if not any(counts[split] for counts in available.values()):
            raise WorkFailedError(
                f"the {split} split is empty",
                where=work.step.name,
                why="no file of it gave a mapping",
                remedy="fetch more repositories: maestro repositories fetch",
            )
    whole = sum(mix.values())
    with ExitStack() as stack:
        streams: dict[str, tuple[TextIO, TextIO]] = {}
        for split in SPLITS:
            paths = raw_paths(folder, language, split)
            streams[split] = (
                stack.enter_context(atomic_text(paths[0])),
                stack.enter_context(atomic_text(paths[1])),
            )
        for source, weight in mix.items():
            chosen = {
                split: _sample(
                    available[source][split],
                    round(limits[split] * weight / whole),
                    seed_of(seed, "sample", source, split),
                )
                for split in SPLITS
            }
            seen: Counter[str] = Counter()
            for result in read_results(list(places[source])):
                for split, lines in result.lines.items():
                    for index, (words, target) in enumerate(lines, seen[split]):
                        if chosen[split][index]:
                            streams[split][0].write(words + "\n")
                            streams[split][1].write(target + "\n")
                    seen[split] += len(lines)


def _sample(available: int, wanted: int, seed: int) -> np.ndarray:
    """Returns a mask of `available` places with at most `wanted` of them set."""
    mask = np.zeros(available, dtype=bool)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(available)
    mask[order[: min(wanted, available)]] = True
    return mask
