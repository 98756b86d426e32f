"""The folder for vosk: labelled as a tarball is, and never in the place of something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.library import Library
from arqon_maestro.models.registry import ACOUSTIC_MODEL, set_version
from arqon_maestro.models.verify import verify
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.decoding_graph import engine_parts, export_for_vosk
from arqon_maestro.pipeline.speech_engine import acoustic_model
from tests.checkouts import make_checkout
from tests.speech_engine.decoder.engines import make_engine

VERSION = "a" * 40
PACKAGE = {
    "repository": "pypi/tool",
    "version": "1.0",
    "licence": "MIT",
    "provenance": "pinned",
    "files": 3,
    "bytes": 2_000_000,
}


def trained(folder: Path) -> Pipeline:
    """Returns a pipeline whose library has a trained engine with a Kaldi acoustic model."""
    library, checkout = Library(folder / "library"), folder / "checkout"
    made = make_engine(folder / "made")
    place = ACOUSTIC_MODEL.folder(library)
    shutil.copytree(made.acoustic_model, place)
    (place / "v").write_text(VERSION + "\n")
    set_version(make_checkout(checkout) / "config" / "models.yaml", ACOUSTIC_MODEL, VERSION)
    pipeline = open_pipeline(library.root, checkout, test_mode=True)
    parts = engine_parts(pipeline, acoustic_model(pipeline))
    for name in ("lang", "graph"):
        shutil.copytree(getattr(made, name), getattr(parts, name))
    library.lm_model_data.mkdir(parents=True)
    for name in ("lexicon", "search", "rescoring"):
        with atomic_text(getattr(parts, name)) as stream:
            stream.write(getattr(made, name).read_text())
    write = library.lm_model_data.joinpath
    lexicon = {"configuration": {}, "counts": {"vocabulary": 7}, "inputs": {"python": {}}}
    write("manifest.json").write_text(json.dumps(lexicon))
    for role in ("search", "rescoring"):
        counted = {"configuration": {"order": 3}, "counts": {"1-grams": 7, "2-grams": 9}}
        write(f"{role}.manifest.json").write_text(json.dumps(counted))
    source = {"total": {"files": 3}, "packages": [PACKAGE]}
    library.repositories("python").mkdir(parents=True)
    (library.repositories("python") / "manifest.json").write_text(json.dumps(source))
    return pipeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return trained(tmp_path_factory.mktemp("trained"))


def test_it_has_manifest_and_card(pipeline: Pipeline, tmp_path: Path) -> None:
    output = tmp_path / "vosk"
    for _ in range(2):  # one of its kind is replaced
        export_for_vosk(pipeline, output)
    checked = verify(output)
    assert (checked.problems, checked.warnings) == ((), ())
    assert checked.manifest is not None
    assert checked.manifest.model == "speech-engine/export"
    assert checked.manifest.data["python"]["packages"] == [PACKAGE]
    assert {"am/final.mdl", "graph/HCLG.fst", "rescore/G.carpa"} <= {
        record.path for record in checked.records
    }
    card = (output / "MODEL_CARD.md").read_text()
    assert "| python: 1 repositories | MIT | 2.0 MB |" in card
    assert "maestro speech-engine export --format vosk" in card
    assert [entry.name for entry in tmp_path.iterdir()] == ["vosk"]


def test_nobody_loses_a_file(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"would be lost \(letter.txt\)"):
        export_for_vosk(pipeline, tmp_path)
    with pytest.raises(UsageError, match="a file, where a folder"):
        export_for_vosk(pipeline, tmp_path / "letter.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_a_dry_run_writes_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    dry = open_pipeline(pipeline.library.root, pipeline.source_root, test_mode=True, dry_run=True)
    export_for_vosk(dry, tmp_path / "vosk")
    assert not (tmp_path / "vosk").exists()


def test_another_version_than_the_named_one_is_not_taken(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    set_version(checkout / "config" / "models.yaml", ACOUSTIC_MODEL, "b" * 40)
    other = open_pipeline(pipeline.library.root, checkout, test_mode=True)
    with pytest.raises(MissingPartError, match=f"{'b' * 40} is not installed"):
        export_for_vosk(other, tmp_path / "vosk")
