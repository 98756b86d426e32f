"""The steps that make the speech engine's text from source shards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.corpusgen.modes import FileResult, text_lines
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.library import Library
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.repositories import fetch
from arqon_maestro.pipeline.shards import (
    SLICES,
    CorpusGenJob,
    check_failures,
    read_results,
    slices,
)
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.speech_engine.corpus import combine_corpora
from arqon_maestro.steps import Outcome, Step, Work

LIBRARIES = ("tree-sitter", "xxhash")


@dataclass(frozen=True)
class Transcripts(CorpusGenJob):
    """Makes the transcripts of a language's files."""

    columns = 1

    language: str
    seed: int

    def say(self, text: str, name: str) -> FileResult[Any]:
        found = text_lines(text, name, self.language, self.seed)
        return FileResult([(line,) for line in found.lines], found.rejects)


def corpus_path(library: Library, language: str, split: str) -> Path:
    """Returns where the text of a language's split lies; training text has the plain name."""
    path = library.language_corpus(language)
    return path if split == "train" else path.with_name(f"{path.stem}-{split}{path.suffix}")


def held_out_path(library: Library) -> Path:
    """Returns where the text lies that language models are measured on."""
    return library.lm / "held-out.txt"


def generate_text(pipeline: Pipeline, language: str) -> Outcome:
    """Brings a language's text up to date, its source shards included."""
    fetch(pipeline, language)
    library, seed = pipeline.library, pipeline.recipe.seed

    def action(work: Work) -> None:
        places = pipeline.executor.map(
            Transcripts(language, seed),
            slices(work.input("sources")),
            work.scratch / SLICES,
            limit_s=pipeline.recipe.corpusgen.file_limit_s,
            label=f"text of {language}",
            reporter=work.reporter,
        )
        results = read_results(places)
        for split in SPLITS:
            with atomic_binary(work.output(split)) as stream:
                for result in results:
                    stream.writelines(result.text(split))
                    work.count(f"{split} lines", result.lines[split])
        for result in results:
            work.counts.update(result.counts)
            work.rejects.update(result.rejects)
        check_failures(work.counts, pipeline.recipe.corpusgen.failed_share, work.step.name)
        if not work.counts["train lines"]:
            raise WorkFailedError(
                "no transcript came of the source code",
                where=work.step.name,
                remedy="fetch more repositories: maestro repositories fetch",
            )

    manifest = library.language_corpus(language).with_name("manifest.json")
    return pipeline.runner.run(
        Step(
            name=f"corpus/{language}",
            version=1,
            action=action,
            inputs={"sources": library.repositories(language)},
            outputs={split: corpus_path(library, language, split) for split in SPLITS},
            manifest=manifest,
            configuration={"seed": seed},
            libraries=LIBRARIES,
            resumable=True,
        )
    )


def generate_corpus(pipeline: Pipeline, languages: list[str]) -> Outcome:
    """Brings the mixed corpus of several languages up to date.

    The held-out text is the test split of all of them.
    """
    for language in languages:
        generate_text(pipeline, language)
    library, recipe = pipeline.library, pipeline.recipe.speech_engine
    shares = {language: recipe.shares[language] for language in languages}

    def action(work: Work) -> None:
        for name, split, lines in (
            ("corpus", "train", recipe.corpus_lines),
            ("held-out", "test", pipeline.recipe.evaluation.perplexity_lines),
        ):
            taken = combine_corpora(
                work.output(name),
                {language: work.input(f"{language} {split}") for language in languages},
                shares=shares,
                maximum_sentences=lines,
                seed=pipeline.recipe.seed,
                reporter=work.reporter,
            )
            for language, number in taken.items():
                work.count(f"{name} lines of {language}", number)

    return pipeline.runner.run(
        Step(
            name="corpus",
            version=1,
            action=action,
            inputs={
                f"{language} {split}": corpus_path(library, language, split)
                for language in languages
                for split in ("train", "test")
            },
            outputs={"corpus": library.lm_corpus, "held-out": held_out_path(library)},
            manifest=library.lm / "corpus.manifest.json",
            configuration={
                "shares": shares,
                "corpus_lines": recipe.corpus_lines,
                "held_out_lines": pipeline.recipe.evaluation.perplexity_lines,
                "seed": pipeline.recipe.seed,
            },
        )
    )
