"""The step that draws held-out cases: lines that a model is measured on, with their places."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import read_json, write_compact_json
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import MissingPartError, WorkFailedError
from arqon_maestro.evaluation.cases import Case, FileCases, cases_of
from arqon_maestro.executors import Outcome
from arqon_maestro.library import check_language
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.datasets import source_languages
from arqon_maestro.repositories.records import SourceFile
from arqon_maestro.repositories.shards import read_shards
from arqon_maestro.steps import Step, Work

TEST = "test"
SCHEMA_VERSION = 1
LIBRARIES = ("sentencepiece", "tree-sitter", "xxhash")
#: Of held-out code, as much is said as gives several times the lines wanted: files are drawn first,
#: so the more of them the better, and then lines.
CHARACTERS_PER_LINE = 1000
FILES_PER_SHARD = 16


class NoHeldOutCodeError(MissingPartError):
    """The library has no source code of a language to measure on."""


@dataclass(frozen=True)
class HeldOut:
    """What a model is measured on.

    Attributes:
        cases: the drawn lines.
        sources: file → its normalised source, where cases have a place in it.
    """

    cases: tuple[Case, ...]
    sources: dict[str, str]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Source and target line of every case."""
        return [(case.source, case.target) for case in self.cases]


@dataclass(frozen=True)
class _Files:
    """A shard of files that are in memory."""

    files: Sequence[SourceFile]

    def items(self) -> Sequence[SourceFile]:
        return self.files


@dataclass(frozen=True)
class _Cases:
    """Says files; a shard's result is the JSON of its files with a case."""

    model: str
    language: str
    seed: int

    def process(self, file: SourceFile, /) -> FileCases:
        name = _name(file)
        return cases_of(file.text, name, self.language, self.model, self.seed)

    def write(self, outcomes: Sequence[Outcome[FileCases]], destination: Path, /) -> None:
        files = [
            {"source": made.source, "cases": [case.to_json() for case in made.cases]}
            for outcome in outcomes
            if (made := outcome.result) is not None
        ]
        write_compact_json(
            destination, {"files": files, "failed": sum(o.result is None for o in outcomes)}
        )


def draw_cases(pipeline: Pipeline, model: str, language: str) -> Path | None:
    """Brings a model's held-out cases up to date; None on a dry run that would draw them.

    They are lines of files of repositories in the test split, as the dataset has them: the same
    seed says the same file in the same way.

    Raises:
        UsageError: the parser in another language than ``default``.
        NoHeldOutCodeError: the library has no source code of a language.
        WorkFailedError: no held-out file gives a line.
    """
    check_language(model, language)
    mix = source_languages(pipeline, model, language)
    for source in mix:
        # Not fetched here: another recipe's sources would take the place of what is there.
        if not pipeline.library.repositories(source).is_dir():
            raise NoHeldOutCodeError(
                "there is no held-out source code",
                where=pipeline.library.repositories(source),
                remedy=f"maestro repositories fetch --language {source}",
            )
    path = pipeline.library.root / "evaluation" / "cases" / f"{model}-{language}.json"
    lines, seed = pipeline.recipe.evaluation.lines, pipeline.recipe.seed
    whole = sum(mix.values())

    def action(work: Work) -> None:
        chosen: list[Case] = []
        sources: dict[str, str] = {}
        for source, weight in mix.items():
            wanted = round(lines * weight / whole)
            for text, case in _draw(pipeline, work, model, source, wanted):
                chosen.append(case)
                if text:
                    sources[case.file] = text
        if not chosen:
            raise WorkFailedError(
                "no held-out file gives a line",
                where=work.step.name,
                why=f"the test split of {', '.join(mix)} is empty, or its files are rejected",
                remedy="fetch more repositories: maestro repositories fetch",
            )
        work.count("cases", len(chosen))
        value = {"sources": sources, "cases": [case.to_json() for case in chosen]}
        write_compact_json(work.output("cases"), {"schema_version": SCHEMA_VERSION, **value})

    outcome = pipeline.runner.run(
        Step(
            name=f"evaluation/cases/{model}/{language}",
            version=1,
            action=action,
            inputs={source: pipeline.library.repositories(source) for source in mix},
            outputs={"cases": path},
            manifest=path.with_name(f"{path.stem}.step.json"),
            configuration={"lines": lines, "seed": seed, "mix": mix},
            libraries=LIBRARIES,
            resumable=True,
        )
    )
    return None if outcome.status == "would run" else path


def read_cases(path: Path) -> HeldOut:
    """Reads what `draw_cases` drew."""
    values = read_json(path)
    return HeldOut(tuple(Case.from_json(case) for case in values["cases"]), values["sources"])


def _draw(
    pipeline: Pipeline, work: Work, model: str, language: str, lines: int
) -> list[tuple[str, Case]]:
    """Draws lines of a language's held-out files, each with its file's source."""
    seed = pipeline.recipe.seed
    files = _choose_files(work.input(language), lines * CHARACTERS_PER_LINE, seed)
    places = pipeline.executor.map(
        _Cases(model, language, seed),
        [_Files(files[at : at + FILES_PER_SHARD]) for at in range(0, len(files), FILES_PER_SHARD)],
        work.scratch / "shards" / language,
        limit_s=pipeline.recipe.corpusgen.file_limit_s,
        label=f"held-out lines of {language}",
        reporter=work.reporter,
    )
    found: list[tuple[str, Case]] = []
    counts: Counter[str] = Counter()
    for place in places:
        result = read_json(place)
        counts["failed files"] += result["failed"]
        for file in result["files"]:
            found += [(file["source"], Case.from_json(case)) for case in file["cases"]]
    work.count(f"{language} files", len(files))
    work.count(f"{language} lines", len(found))
    if counts["failed files"]:
        work.reject(f"{language}: failed files", counts["failed files"])
    source = random.Random(seed_of(seed, "evaluation", language))
    return source.sample(found, min(lines, len(found)))


def _choose_files(folder: Path, characters: int, seed: int) -> list[SourceFile]:
    """Returns held-out files in an order drawn by their names, as many as have `characters`."""
    sizes = {_rank(file, seed): len(file.text) for file in read_shards(folder, TEST)}
    chosen: set[int] = set()
    left = characters
    for rank in sorted(sizes):
        if left <= 0:
            break
        chosen.add(rank)
        left -= sizes[rank]
    files = {
        rank: file for file in read_shards(folder, TEST) if (rank := _rank(file, seed)) in chosen
    }
    return [files[rank] for rank in sorted(chosen)]


def _rank(file: SourceFile, seed: int) -> int:
    return seed_of(seed, "held-out files", _name(file))


def _name(file: SourceFile) -> str:
    return f"{file.repository}/{file.path}"
