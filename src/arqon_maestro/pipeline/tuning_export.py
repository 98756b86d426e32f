"""From a tuned model to an installed one, with its base beside it to go back to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import copy_file, read_json, sha256_file
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.errors import DataError
from arqon_maestro.evaluation.comparison import summarise
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.version import ARCHIVE_SUFFIX
from arqon_maestro.pipeline.code_engine import PURPOSE, pack_step
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.provenance import data_rows
from arqon_maestro.pipeline.tuning_base import (
    BASE_FACT,
    base_folder,
    base_record,
    model_folder,
)
from arqon_maestro.pipeline.tuning_comparison import scores_path
from arqon_maestro.pipeline.tuning_data import MIXED, data_folder
from arqon_maestro.steps import Outcome

OWN_CODE = "own code"
SCORES_STEP = "scores.step.json"


def is_tuned(pipeline: Pipeline, model: str, language: str) -> bool:
    """Returns whether there is a tuned model, measured and ready to export."""
    folder = model_folder(pipeline.library, model, language)
    return (folder / MODEL_FILE).is_file() and scores_path(pipeline, model, language).is_file()


def export_tuned(pipeline: Pipeline, model: str, language: str) -> tuple[Outcome, Installed | None]:
    """Exports a tuned model and installs it; the base's tarball is put beside it."""
    key = code_key(model, language)
    folder = model_folder(pipeline.library, model, language)

    def describe() -> tuple[dict[str, Any], str]:
        _check_whole(pipeline.library.tuning(model, language))
        facts = _facts(pipeline, model, language)
        return facts, _card(f"{model}, {language}, fine-tuned", PURPOSE[model], facts)

    outcome, archive = pack_step(
        pipeline,
        f"tune-export/{model}/{language}",
        key,
        {
            "model": folder / MODEL_FILE,
            "dataset": data_folder(pipeline, model, language) / MIXED,
            "scores": scores_path(pipeline, model, language),
            "base": base_folder(pipeline.library, model, language),
        },
        folder.with_name("export"),
        describe,
    )
    if archive is None:
        return outcome, None
    installed = install(archive, pipeline.library, key)
    name = f"{base_record(pipeline.library, model, language)['version']}{ARCHIVE_SUFFIX}"
    if not (installed.folder / name).exists():
        copy_file(base_folder(pipeline.library, model, language) / name, installed.folder / name)
    return outcome, installed


def _check_whole(folder: Path) -> None:
    """Checks that model and scores are of the base, data and training that lie beside them.

    Raises:
        DataError: a later fine-tuning was begun and did not get to its end.
    """
    blend, scores = (read_json(folder / name) for name in ("model/manifest.json", SCORES_STEP))
    base, data = (read_json(folder / name) for name in ("base.step.json", "data.step.json"))
    parts = [
        (blend["inputs"]["base"], base["outputs"]["base"]["sha256"]),
        (blend["inputs"]["data"], data["outputs"]["data"]["sha256"]),
        (blend["inputs"]["weights"], sha256_file(folder / "training" / MODEL_FILE)),
        (scores["inputs"]["model"], blend["outputs"]["model"]["sha256"]),
    ]
    if any(made["sha256"] != found for made, found in parts):
        raise DataError(
            "another fine-tuning was begun since this model was made",
            where=folder,
            remedy="run `maestro code-engine train --from … --source …` to its end",
        )


def _facts(pipeline: Pipeline, model: str, language: str) -> dict[str, Any]:
    folder = model_folder(pipeline.library, model, language)
    record = base_record(pipeline.library, model, language)
    trained = read_json(folder.with_name("training") / "manifest.json")
    made = read_json(folder.with_name("data.step.json"))
    return {
        "configuration": {
            **trained["configuration"],
            "training": trained["notes"]["training"],
            "blends": read_json(folder / "manifest.json")["notes"],
        },
        "data": {**made["notes"]["old data"], OWN_CODE: made["notes"]["own code"]},
        "scores": read_json(scores_path(pipeline, model, language)),
        "libraries": trained["libraries"],
        BASE_FACT: record,
        "old data is the base's": record["manifest"].get("data") == made["notes"]["old data"],
    }


def _card(title: str, what: str, facts: dict[str, Any]) -> str:
    base, chosen = facts[BASE_FACT], facts["configuration"]["blends"]["chosen"]
    limits = [
        "Trained on one owner's code, it may repeat names of it: think before you pass it on.",
        "Trained on generated speech: what CorpusGen says of code, not recordings.",
        "Own held-out lines are of files that it was not trained on. Lines of one file resemble "
        "each other, so true intervals are somewhat wider.",
    ]
    if not facts["old data is the base's"]:
        limits.append(
            "The old lines may not be of the data that the base was trained on, and the base may "
            "have seen them."
        )
    return render_card(
        Card(
            title=title,
            what=what,
            data=data_rows(facts["data"]),
            scores=dict(summarise(facts["scores"])),
            limits=limits,
            made=f"`maestro code-engine train --from --source`, then `maestro code-engine export`. "
            f"Base: version {base['version']}, weights {base['weights_sha256']}. The weights are "
            f"{chosen['share']:.0%} the tuned ones and {1 - chosen['share']:.0%} the base's. "
            "All settings are in manifest.json.",
        )
    )
