"""Evaluation of installed models, beside the version before and the speech engine's n-grams."""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from arqon_maestro.cli.code_engine import app
from arqon_maestro.code_engine.dataset import raw_paths
from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.evaluation.summary import summarise
from arqon_maestro.models.install import install
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.tarball import pack
from arqon_maestro.models.version import installed_version
from arqon_maestro.pipeline import code_engine
from arqon_maestro.pipeline.code_evaluation import (
    evaluate_code_model,
    evaluate_installed,
    find_baseline,
    installed_models,
    with_lines,
)
from arqon_maestro.pipeline.code_report import code_model_section, training_curves
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.evaluation import CONTEXTUAL
from arqon_maestro.pipeline.held_out import draw_cases, read_cases
from arqon_maestro.pipeline.speech_engine import EXPORT_KEY, arpa_path
from arqon_maestro.pipeline.transcript_choice import speech_inputs
from arqon_maestro.speech_engine.export import (
    LEXICON_FILE,
    RESCORING_MODEL_FILE,
    export_speech_engine,
)
from arqon_maestro.speech_engine.lexicon.build import build_lexicon
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
from arqon_maestro.speech_engine.lexicon.vocabulary import Vocabulary, write_vocabulary
from arqon_maestro.speech_engine.ngram import train as train_ngram
from tests.checkouts import make_checkout

MODULES = {"abc": "test", "bisect": "train", "colorsys": "valid", "linecache": "train"}
LINES = 30


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    rows = []
    for module, split in MODULES.items():
        place = folder / "code" / module
        place.mkdir(parents=True)
        shutil.copy(Path(sysconfig.get_path("stdlib")) / f"{module}.py", place)
        facts = {"name": module, "languages": ["python"], "path": str(place), "split": split}
        rows.append({"registry": "local-folder", "licence": "PSF-2.0", **facts})
    sources = folder / "config" / "sources.yaml"
    sources.write_text(yaml.safe_dump({"schema_version": 1, "sources": rows}))
    recipe = folder / "config" / "recipes" / "test.yaml"
    recipe.write_text(recipe.read_text().replace("python: [standard-library]", "python: []"))
    return folder


def pipeline_in(root: Path, checkout: Path) -> Pipeline:
    return with_lines(open_pipeline(root, checkout, test_mode=True, workers=1), LINES)


@pytest.fixture(scope="module")
def pipeline(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A library with two models, each installed in two versions."""
    pipeline = pipeline_in(tmp_path_factory.mktemp("library"), checkout)
    for model in ("auto-style", CONTEXTUAL):
        code_engine.train(pipeline, model, "python")
        installed = code_engine.export(pipeline, model, "python")[1]
        assert installed is not None
        unpacked = pipeline.library.root / "copy" / model
        kept = shutil.ignore_patterns("*.tar.gz", "v", "manifest.json", "MODEL_CARD.md")
        shutil.copytree(installed.folder, unpacked, ignore=kept)
        packed = pack(unpacked, unpacked.parent, {"model": installed.key.path}, "# Again\n")
        # What was packed last is the newest of the earlier ones from now on.
        os.utime(installed.folder / f"{installed.version}.tar.gz", (1, 1))
        install(packed.path, pipeline.library, installed.key)
    return pipeline


def add_speech_engine(pipeline: Pipeline, folder: Path) -> None:
    """Installs a speech engine that knows the words of the contextual model's data."""
    data = pipeline.library.dataset(CONTEXTUAL, "python")
    texts = [raw_paths(data, "python", split)[1].read_text() for split in ("train", "test")]
    lines = [f"insert {line}" for text in texts for line in text.splitlines()]
    counts = Counter(word for line in lines for word in line.split())
    lexicon = build_lexicon(sorted(counts))
    words = tuple(word for word in lexicon.words() if word in counts)
    write_lexicon(folder / "lexicon.txt", lexicon.restricted(words))
    write_vocabulary(folder / "vocab.txt", Vocabulary(words, {}))
    known = [line for line in lines if set(line.split()) <= set(words)]
    (folder / "text").write_text("\n".join(known) + "\n")
    for order, name in ((2, "search"), (3, "rescoring")):
        train_ngram(folder / "text", folder / f"{name}.arpa.gz", order=order)
    engine = pipeline.library.speech_model("export")
    export_speech_engine(
        engine,
        lexicon=folder / "lexicon.txt",
        vocabulary=folder / "vocab.txt",
        search=folder / "search.arpa.gz",
        rescoring=folder / "rescoring.arpa.gz",
    )
    (engine / "v").write_text("0" * 40 + "\n")


def test_cases_are_held_out_and_repeat(pipeline: Pipeline, checkout: Path, tmp_path: Path) -> None:
    path = draw_cases(pipeline, "auto-style", "python")
    assert path is not None
    held = read_cases(path)
    assert len(held.cases) == LINES
    held_out = {module for module, split in MODULES.items() if split == "test"}
    assert {Path(case.file).stem for case in held.cases} <= held_out
    assert all(case.start < case.stop <= len(held.sources[case.file]) for case in held.cases)
    other = pipeline_in(tmp_path, checkout)
    shutil.copytree(pipeline.library.repositories("python"), other.library.repositories("python"))
    again = draw_cases(other, "auto-style", "python")
    assert again is not None
    assert again.read_bytes() == path.read_bytes()
    # They are lines of the dataset, said in the same way.
    raw = raw_paths(pipeline.library.dataset("auto-style", "python"), "python", "test")
    sources = set(raw[0].read_text().splitlines())
    everything = with_lines(pipeline, 100_000)
    whole = draw_cases(everything, "auto-style", "python")
    assert whole is not None
    assert sources <= {case.source for case in read_cases(whole).cases}


def test_scores_beside_the_version_before(pipeline: Pipeline) -> None:
    scores = evaluate_code_model(pipeline, "auto-style", "python")
    folder = code_key("auto-style", "python").folder(pipeline.library)
    assert scores["version"] == installed_version(folder)
    assert scores["schema_version"] == 2
    assert scores["lines"] == LINES
    assert sum(rate["total"] for rate in scores["exact_match_by_kind"].values()) == LINES
    assert scores["groups"]["length"]
    rates = scores["parse_rate"]
    assert rates["parses"]["total"] + rates["unjudged"] == LINES
    baseline = scores["baseline"]
    # The same weights under another version: every line is the same.
    assert baseline["version"] != scores["version"]
    assert baseline["exact_match"] == scores["exact_match"]
    assert baseline["parse_rate"] == rates
    paired = baseline["paired"]
    assert (paired["difference"], paired["p_value"]) == (0, 1)
    assert paired["both"] + paired["neither"] == LINES
    assert any("before" in line for line in summarise(scores))
    curves = training_curves(pipeline.library, "auto-style", "python")
    assert [x for x, _ in curves["valid_loss"]] == [4, 8, 12]
    section = code_model_section("auto-style", "python", scores, curves)
    assert section.parts


def test_contextual_model_without_and_with_a_speech_engine(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    scores = evaluate_code_model(pipeline, CONTEXTUAL, "python")
    assert scores["choice_among_ten"] is None
    assert scores["baseline"]["difference"]["value"] == pytest.approx(0, abs=1e-6)
    add_speech_engine(pipeline, tmp_path)
    scores = evaluate_code_model(pipeline, CONTEXTUAL, "python")
    choice = scores["choice_among_ten"]
    assert list(choice["scorers"]) == ["contextual model", "3-gram", "contextual model + 3-gram"]
    left_out = sum(choice["left_out"].values())
    assert choice["contests"] + left_out == LINES
    assert choice["contests"] >= 5
    # The 3-gram has learnt these very sentences.
    assert choice["scorers"]["3-gram"]["accuracy"]["value"] > 0.3
    assert [found["second"] for found in choice["comparisons"]] == [*choice["scorers"]][1:]
    assert len(summarise(scores)) >= 6
    assert len(code_model_section(CONTEXTUAL, "python", scores, {}).parts) == 4


def test_an_engine_with_a_graph_has_words_and_models_as_they_were_made(
    checkout: Path, tmp_path: Path
) -> None:
    pipeline = pipeline_in(tmp_path, checkout)
    engine, made = EXPORT_KEY.folder(pipeline.library), pipeline.library.lm_model_data
    theirs = {"lexicon": engine / LEXICON_FILE, "rescoring": engine / RESCORING_MODEL_FILE}
    ours = {"lexicon": made / LEXICON_FILE, "rescoring": arpa_path(pipeline, "rescoring")}
    for path in (engine / "v", *theirs.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0" * 40 + "\n")
    assert speech_inputs(pipeline) == theirs
    made.mkdir(parents=True)
    for name, path in theirs.items():
        path.rename(ours[name])
    assert speech_inputs(pipeline) == ours
    ours["lexicon"].unlink()
    assert speech_inputs(pipeline) == {}


def test_baselines_by_name(pipeline: Pipeline) -> None:
    folder = code_key("auto-style", "python").folder(pipeline.library)
    current = installed_version(folder)
    (earlier,) = (path for path in folder.glob("*.tar.gz") if current not in path.name)
    assert find_baseline(folder, "previous") == earlier
    assert find_baseline(folder, earlier.name[:6]) == earlier
    assert find_baseline(folder, str(earlier)) == earlier
    assert find_baseline(folder, "none") is None
    for unknown in ("zzz", ""):
        if unknown or len(list(folder.glob("*.tar.gz"))) != 2:
            with pytest.raises(UsageError, match="earlier versions"):
                find_baseline(folder, unknown)


def test_without_an_earlier_version_there_is_no_baseline(pipeline: Pipeline) -> None:
    scores = evaluate_code_model(pipeline, "auto-style", "python", baseline="none")
    assert scores["baseline"] is None


def test_all_that_are_installed(pipeline: Pipeline) -> None:
    both = [("auto-style", "python"), (CONTEXTUAL, "python")]
    assert installed_models(pipeline.library) == both
    assert installed_models(pipeline.library, CONTEXTUAL) == both[1:]
    with pytest.raises(MissingPartError, match="transcript-parser"):
        installed_models(pipeline.library, "transcript-parser")
    measured, skipped = evaluate_installed(pipeline, None, None)
    assert [(scores["model"], scores["language"]) for scores in measured] == both
    assert skipped == []


def test_models_without_held_out_code_are_named(
    pipeline: Pipeline, checkout: Path, tmp_path: Path
) -> None:
    other = pipeline_in(tmp_path, checkout)
    place = other.library.code_model("auto-style", "python")
    shutil.copytree(pipeline.library.code_model("auto-style", "python"), place)
    with pytest.raises(MissingPartError, match="held-out") as caught:
        evaluate_installed(other, None, None)
    assert "maestro repositories fetch --language python" in str(caught.value)


def test_the_command(pipeline: Pipeline, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(pipeline.library.root))
    monkeypatch.setenv("ARQON_MAESTRO_SOURCE_ROOT", str(checkout))
    options = ["evaluate", "--test-mode", "--lines", str(LINES), "--model", "auto-style"]
    result = CliRunner().invoke(app, [*options, "--json"])
    assert result.exit_code == 0, result.exception
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["schema_version"] == 2
    assert document["skipped"] == []
    (scores,) = document["evaluations"]
    assert scores["exact_match"]["10"]["total"] == LINES
    text = CliRunner().invoke(app, options).stdout
    assert f"auto-style/python, {LINES} held-out lines:" in text
