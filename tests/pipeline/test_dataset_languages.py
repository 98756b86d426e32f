"""Every language gives datasets: of its seed source, and of the library's real code (slow).

The slow test reads the shards of the library root that ``ARQON_MAESTRO_LIBRARY_ROOT`` names, and
leaves it as it is.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arqon_maestro import languages
from arqon_maestro.code_engine.counts import SplitCounts
from arqon_maestro.code_engine.dataset import (
    SPLITS,
    DatasetSummary,
    encoded_paths,
    lexicon_path,
    raw_paths,
    read_pairs,
)
from arqon_maestro.code_engine.preparation import prepare
from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS
from arqon_maestro.executors import LocalExecutor, SerialExecutor
from arqon_maestro.library import CODE_MODELS
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.datasets import generate_dataset, record
from arqon_maestro.progress import SILENT
from arqon_maestro.repositories.records import SourceFile, text_digest
from arqon_maestro.repositories.shards import read_shards, write_shards
from arqon_maestro.steps import Step, Work
from tests.checkouts import ROOT, make_checkout

AUTO_STYLE, CONTEXTUAL, PARSER = CODE_MODELS
SEEDS = ROOT / "tests" / "fuzz" / "seeds"
SPOKEN = sorted(path.stem for path in SEEDS.glob("*.txt") if path.stem != "default")
DATASETS = [*((m, name) for m in (AUTO_STYLE, CONTEXTUAL) for name in SPOKEN), (PARSER, "default")]
LEAST_LINES = 9


def ids(parameter: tuple[str, str]) -> str:
    return "-".join(parameter)


def open_library(folder: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Returns a pipeline on a library whose shards are taken as they are."""
    monkeypatch.setattr("arqon_maestro.pipeline.datasets.fetch", lambda *_: None)
    return open_pipeline(folder, checkout, test_mode=True, workers=1)


def check_dataset(pipeline: Pipeline, model: str, language: str) -> dict[str, Any]:
    """Generates a dataset, looks through its files, and returns its manifest."""
    generate_dataset(pipeline, model, language)
    recipe = pipeline.recipe.code_engine.model_named(model).dataset
    folder = pipeline.library.dataset(model, language)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    lexicon = lexicon_path(folder, language, model).read_text().split("\n")[:-1]
    assert 0 < len(lexicon) <= recipe.lexicon_size
    known = {*lexicon, *(f"UNK{number}" for number in range(MAX_UNKNOWNS))}
    for split in ("train", "valid", "test"):
        raw = list(read_pairs(raw_paths(folder, language, split)))
        encoded = list(read_pairs(encoded_paths(folder, split)))
        dropped = [
            number
            for reason, number in manifest["rejects"].items()
            if reason.startswith(f"{split}: ")
        ]
        assert len(encoded) == manifest["counts"][f"{split} pairs"] == len(raw) - sum(dropped)
        if model == CONTEXTUAL:
            assert encoded == raw
        else:
            assert all({*source.split(), *target.split()} <= known for source, target in encoded)
    prepared = prepare(folder, folder.parent / f"{language}-prepared", recipe)
    counts = prepared.counts["train"]
    assert len(prepared.train) == counts.kept == counts.read - sum(counts.dropped.values())
    if recipe.vocabulary == "words":
        assert counts.strange == 0
    return manifest


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose shards hold every language's seed source, a few times over."""
    root = tmp_path_factory.mktemp("seeds")
    for path in SEEDS.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") < LEAST_LINES:
            text *= 3  # for the filter of files
        files = [
            SourceFile(
                text=text,
                path=f"{split}{number}/file",
                repository=split,
                version="1",
                licence="Apache-2.0",
                digest=text_digest(text),
                language=path.stem,
                split=split,
                provenance=f"pkg:generic/{split}",
            )
            for split, copies in (("train", 5), ("valid", 1), ("test", 1))
            for number in range(copies)
        ]
        write_shards(files, root / "repositories" / path.stem)
    return root


def test_all_fourteen_languages_are_there() -> None:
    assert {*SPOKEN, "default"} == set(languages.names())
    assert len(SPOKEN) == 13


def test_the_manifest_says_that_nothing_is_added(tmp_path: Path) -> None:
    step = Step("dataset/auto-style/new", 1, lambda _: None, {}, tmp_path / "manifest.json")
    splits = {split: SplitCounts(read=3, kept=2, dropped={"why": 1}) for split in SPLITS}
    for added in (0, 1):
        work = Work(step, tmp_path, SILENT)
        record(DatasetSummary(5, 2, splits, dict.fromkeys(SPLITS, added)), AUTO_STYLE, work)
        assert work.counts["train pairs"] == 2
        assert work.counts["train pairs that add"] == added
        assert work.rejects["train: why"] == 1
        assert ("add data" in work.notes) == (not added)


@pytest.mark.parametrize("job", DATASETS, ids=ids)
def test_seed_sources(
    seeds: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch, job: tuple[str, str]
) -> None:
    model, language = job
    pipeline = open_library(seeds, checkout, monkeypatch)
    manifest = check_dataset(replace(pipeline, executor=SerialExecutor()), model, language)
    if model == AUTO_STYLE:
        assert manifest["counts"]["train pairs that add"] > 0


def copy_some(language: str, folder: Path) -> None:
    """Copies 600,000 characters of the library root's source code.

    Splits are dealt out anew, file by file: a small library may have nothing fit to test on.
    """
    root = os.environ.get("ARQON_MAESTRO_LIBRARY_ROOT")
    shards = Path(root or "") / "repositories" / language
    if not root or not any(shards.glob("*.parquet")):
        pytest.skip(f"ARQON_MAESTRO_LIBRARY_ROOT has no {language} source code")
    files: list[SourceFile] = []
    characters = 0
    for number, file in enumerate(read_shards(shards)):
        split = {0: "valid", 1: "test"}.get(number % 6, "train")
        files.append(replace(file, split=split))
        characters += len(file.text)
        if characters > 600_000:
            break
    write_shards(files, folder)


@pytest.mark.slow
@pytest.mark.parametrize("job", DATASETS, ids=ids)
def test_real_source(
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    job: tuple[str, str],
) -> None:
    model, language = job
    pipeline = open_library(tmp_path, checkout, monkeypatch)
    mix = pipeline.recipe.code_engine.model_named(model).mapping.mix if model == PARSER else ()
    for source in mix or [language]:
        copy_some(source, pipeline.library.repositories(source))
    # On a machine with other jobs, thirty seconds may be too few for a good file.
    patient = pipeline.recipe.corpusgen.model_copy(update={"file_limit_s": 300.0})
    recipe = pipeline.recipe.model_copy(update={"corpusgen": patient})
    pipeline = replace(pipeline, executor=LocalExecutor(2), recipe=recipe)
    manifest = check_dataset(pipeline, model, language)
    if model == AUTO_STYLE:
        assert manifest["counts"]["train pairs that add"] > 0
    kept = manifest["counts"]["train pairs"]
    dropped = [n for reason, n in manifest["rejects"].items() if reason.startswith("train: ")]
    assert kept + sum(dropped) == 2000  # the recipe's limit
    assert kept > 1500
