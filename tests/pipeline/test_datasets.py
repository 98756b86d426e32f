"""Datasets and corpora: the same bytes for any number of workers, sampled, counted."""

from __future__ import annotations

import json
import shutil
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
import yaml

from arqon_maestro.artifacts import digest
from arqon_maestro.errors import UsageError
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.corpora import corpus_path, generate_text
from arqon_maestro.pipeline.datasets import check_language, generate_dataset
from arqon_maestro.pipeline.shards import SLICES, slices
from tests.checkouts import make_checkout

# Small modules of the running Python: real code for a test that must be quick.
MODULES = [
    *("abc", "bisect", "cmd", "code", "colorsys", "copy", "fnmatch", "getopt", "glob"),
    *("hashlib", "linecache", "numbers", "netrc", "queue", "sched", "shelve", "stat", "timeit"),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose only Python source is a local folder of small modules."""
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    code = folder / "code"
    code.mkdir()
    library = Path(sysconfig.get_path("stdlib"))
    rows = []
    for number, module in enumerate(MODULES):
        split = ("test", "valid", "train", "train", "train", "train")[number % 6]
        place = code / module
        place.mkdir()
        shutil.copy(library / f"{module}.py", place / f"{module}.py")
        rows.append(
            {
                "registry": "local-folder",
                "name": module,
                "languages": ["python"],
                "licence": "PSF-2.0",
                "path": str(place),
                "split": split,
            }
        )
    sources = folder / "config" / "sources.yaml"
    sources.write_text(yaml.safe_dump({"schema_version": 1, "sources": rows}))
    recipe = folder / "config" / "recipes" / "test.yaml"
    recipe.write_text(recipe.read_text().replace("python: [standard-library]", "python: []"))
    return folder


def pipeline_in(root: Path, checkout: Path, workers: int) -> Pipeline:
    return open_pipeline(root, checkout, test_mode=True, workers=workers)


@pytest.fixture(scope="module")
def made(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A library with a dataset and a text, made by one worker."""
    pipeline = pipeline_in(tmp_path_factory.mktemp("library"), checkout, 1)
    generate_dataset(pipeline, "auto-style", "python")
    generate_text(pipeline, "python")
    return pipeline


def dataset_content(pipeline: Pipeline) -> str:
    return digest(pipeline.library.dataset("auto-style", "python"), ignore=("manifest.json",))


def contents(pipeline: Pipeline) -> list[str]:
    library = pipeline.library
    return [
        digest(library.repositories("python")),
        dataset_content(pipeline),
        *(digest(corpus_path(library, "python", split)) for split in ("train", "test")),
    ]


def test_any_number_of_workers_gives_the_same_bytes(
    made: Pipeline, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Smaller slices as well: neither workers nor slices may be seen in the result.
    monkeypatch.setattr("arqon_maestro.pipeline.shards.ROWS", 3)
    pipeline = pipeline_in(tmp_path, checkout, 2)
    generate_dataset(pipeline, "auto-style", "python")
    generate_text(pipeline, "python")
    assert len(slices(pipeline.library.repositories("python"))) >= 5
    assert contents(pipeline) == contents(made)


def test_a_killed_run_goes_on_at_the_slice(
    made: Pipeline, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arqon_maestro.pipeline.shards.ROWS", 3)
    pipeline = pipeline_in(tmp_path, checkout, 1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("arqon_maestro.pipeline.datasets.build_dataset", stop)
        generate_dataset(pipeline, "auto-style", "python")
    (folder,) = tmp_path.glob(f".work/*@*/{SLICES}/python")
    first, *others = sorted(folder.iterdir())
    times = [path.stat().st_mtime_ns for path in others]
    first.unlink()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("arqon_maestro.pipeline.datasets.build_dataset", stop)
        generate_dataset(pipeline, "auto-style", "python")
    assert first.is_file()
    assert [path.stat().st_mtime_ns for path in others] == times
    generate_dataset(pipeline, "auto-style", "python")
    assert dataset_content(pipeline) == dataset_content(made)


def test_a_dataset_has_its_manifest_and_its_limits(made: Pipeline, checkout: Path) -> None:
    folder = made.library.dataset("auto-style", "python")
    text = (folder / "manifest.json").read_text()
    manifest = json.loads(text)
    lines = {
        split: (folder / f"python-data-{split}.input").read_text().count("\n")
        for split in ("train", "valid", "test")
    }
    assert lines == {"train": 2000, "valid": 100, "test": 100}
    assert manifest["counts"]["python files"] == len(MODULES)
    assert (
        manifest["counts"]["train pairs"]
        + sum(
            number for reason, number in manifest["rejects"].items() if reason.startswith("train:")
        )
        == 2000
    )
    assert 0 < manifest["counts"]["train pairs that add"] < manifest["counts"]["train pairs"]
    assert "add data" not in manifest["notes"]
    assert manifest["configuration"]["seed"] == 1111
    assert manifest["inputs"]["python"]["path"] == "repositories/python"
    assert str(made.library.root) not in text
    again = pipeline_in(made.library.root, checkout, 1)
    assert generate_dataset(again, "auto-style", "python").status == "up to date"


def test_training_never_sees_a_test_module(made: Pipeline) -> None:
    splits: dict[str, Counter[str]] = {}
    for shard in slices(made.library.repositories("python")):
        for file in shard.items():
            splits.setdefault(file.split, Counter())[file.repository] += 1
    assert set(splits) == {"train", "valid", "test"}
    assert not splits["train"].keys() & (splits["valid"].keys() | splits["test"].keys())


def test_the_parser_has_one_language() -> None:
    check_language("transcript-parser", "default")
    with pytest.raises(UsageError, match="one language"):
        check_language("transcript-parser", "python")
