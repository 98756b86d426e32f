"""The step that makes a code-engine model's dataset from source shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.blocks import select_lines
from arqon_maestro.code_engine.dataset import DatasetSummary, build_dataset, raw_paths
from arqon_maestro.code_engine.sampling import LineSample
from arqon_maestro.config import MappingRecipe
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.corpusgen.modes import AUTO_STYLE, FileResult, mapping_lines
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.library import PARSER, check_language
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.repositories import fetch
from arqon_maestro.pipeline.shards import (
    SLICES,
    CorpusGenJob,
    SliceResult,
    check_failures,
    read_results,
    slices,
)
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.steps import Outcome, Step, Work

LIBRARIES = ("numpy", "sentencepiece", "tree-sitter", "xxhash")


@dataclass(frozen=True)
class Mappings(CorpusGenJob):
    """Makes the source and target lines of a model."""

    columns = 2

    model: str
    language: str
    seed: int

    def say(self, text: str, name: str) -> FileResult[Any]:
        return mapping_lines(text, name, self.language, self.model, self.seed)


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
        results = {
            source: read_results(
                pipeline.executor.map(
                    Mappings(model, source, seed),
                    slices(work.input(source)),
                    work.scratch / SLICES / source,
                    limit_s=pipeline.recipe.corpusgen.file_limit_s,
                    label=f"{model}/{language}: mappings of {source}",
                    reporter=work.reporter,
                )
            )
            for source in mix
        }
        check_files(results, pipeline.recipe.corpusgen.failed_share, work)
        merge(output, language, results, mix, recipe.mapping, seed, work)
        summary = build_dataset(output, language, model, recipe.dataset, seed, work.reporter)
        record(summary, model, work)

    return pipeline.runner.run(
        Step(
            name=f"dataset/{model}/{language}",
            version=3,
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


def check_files(
    results: Mapping[str, Sequence[SliceResult]], failed_share: float, work: Work
) -> None:
    """Counts what was read and dropped, by language; an error if too many files failed."""
    for source, slices_of_source in results.items():
        counts: Counter[str] = Counter()
        for result in slices_of_source:
            counts.update(result.counts)
            for reason, number in result.rejects.items():
                work.reject(f"{source}: {reason}", number)
        for name, number in counts.items():
            work.count(f"{source} {name}", number)
        check_failures(counts, failed_share, f"{work.step.name}, {source}")


def merge(
    folder: Path,
    language: str,
    results: Mapping[str, Sequence[SliceResult]],
    mix: Mapping[str, float],
    recipe: MappingRecipe,
    seed: int,
    work: Work,
) -> None:
    """Writes the raw files of all splits: at most the recipe's lines, languages by weight.

    Where there are more lines than wanted, a seeded sample is taken; lines stay in order.

    Raises:
        WorkFailedError: a split is empty.
    """
    limits = (recipe.train_lines, recipe.valid_lines, recipe.test_lines)
    whole = sum(mix.values())
    for split, limit in zip(SPLITS, limits, strict=True):
        written = 0
        with ExitStack() as stack:
            streams = [
                stack.enter_context(atomic_binary(path))
                for path in raw_paths(folder, language, split)
            ]
            for source, weight in mix.items():
                available = sum(result.lines[split] for result in results[source])
                wanted = round(limit * weight / whole)
                sample = LineSample(available, wanted, seed_of(seed, "sample", source, split))
                for result in results[source]:
                    mask = sample.take(result.lines[split])
                    for stream, text in zip(streams, result.text(split), strict=True):
                        stream.write(select_lines(text, mask))
                written += min(available, wanted)
        if not written:
            raise WorkFailedError(
                f"the {split} split is empty",
                where=work.step.name,
                why="no file of it gave a mapping",
                remedy="fetch more repositories: maestro repositories fetch",
            )


def record(summary: DatasetSummary, model: str, work: Work) -> None:
    """Puts what became of the pairs into the manifest."""
    for split, counts in summary.splits.items():
        work.count(f"{split} pairs", counts.kept)
        for reason, number in counts.dropped.items():
            work.reject(f"{split}: {reason}", number)
        if model == AUTO_STYLE:
            work.count(f"{split} pairs that add", summary.added[split])
    if model == AUTO_STYLE and not summary.added["train"]:
        work.note("add data", "none: no syntax node of this language's files is said")
