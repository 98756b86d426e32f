"""The steps that train, export and install a code-engine model."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.library import CODE_MODELS
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.keys import ModelKey
from arqon_maestro.models.tarball import pack
from arqon_maestro.models.version import is_tarball
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.datasets import generate_dataset, source_languages
from arqon_maestro.pipeline.provenance import data_of, data_rows
from arqon_maestro.steps import Outcome, Step, Work, library_versions

LIBRARIES = ("numpy", "torch")

PURPOSE = {
    "auto-style": "Turns spoken words, after the code before the caret, into code tokens.",
    "contextual-language-model": "Scores spoken words, given the code before the caret.",
    "transcript-parser": "Turns the words of a spoken command into command markup.",
}


def train(pipeline: Pipeline, model: str, language: str, *, gpus: int = 0) -> Outcome:
    """Trains a model, its dataset included.

    Args:
        gpus: number of GPUs; 0 trains on the processor.
    """
    from arqon_maestro.code_engine.devices import check_gpus

    check_gpus(gpus)
    generate_dataset(pipeline, model, language)
    recipe = pipeline.recipe.code_engine.model_named(model)
    folder = pipeline.library.training(model, language)
    threads = pipeline.recipe.threads

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.training import train as train_network

        summary = train_network(
            work.input("dataset"),
            work.output("training"),
            recipe.dataset,
            recipe.network,
            recipe.training,
            threads=threads,
            label=f"{model}/{language}: training",
            reporter=work.reporter,
        )
        work.count("updates", summary.updates)
        work.count("words", summary.words)
        work.note("best_loss", summary.best_loss)
        work.note("best_update", summary.best_update)
        work.note("epochs", summary.epochs)
        work.note("stopped", summary.stopped)
        work.note("words_per_s", round(summary.words_per_s, 1))
        work.note("pairs", summary.pairs)

    return pipeline.runner.run(
        Step(
            name=f"train/{model}/{language}",
            version=1,
            action=action,
            inputs={"dataset": pipeline.library.dataset(model, language)},
            outputs={"training": folder},
            manifest=folder / "manifest.json",
            configuration={
                "dataset": settings(recipe.dataset),
                "network": settings(recipe.network),
                "training": settings(recipe.training),
                "threads": threads,
                # Floating-point sums differ between kinds of processors.
                "machine": platform.machine(),
            },
            libraries=LIBRARIES,
            resumable=True,
        )
    )


def trained_models(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Returns (model, language) of every trained model in the library."""
    root = pipeline.library.training(CODE_MODELS[0], "x").parent.parent
    return sorted(
        (path.parent.parent.name, path.parent.name) for path in root.glob("*/*/model.npz")
    )


def export(pipeline: Pipeline, model: str, language: str) -> tuple[Outcome, Installed | None]:
    """Exports a trained model to a tarball and installs it; the old one serves until then."""
    training = pipeline.library.training(model, language)
    data = pipeline.library.dataset(model, language)
    key = ModelKey(("code-engine", "export", model, language))
    archive = training.with_name(f"{language}-export")

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.export import export_model

        unpacked = work.scratch / "unpacked"
        export_model(training, data, unpacked, model, language)
        manifest = read_json(training / "manifest.json")
        languages = source_languages(pipeline, model, language)
        facts = _facts(pipeline, model, language, manifest, list(languages))
        packed = pack(unpacked, work.output("archive"), {**facts, "model": key.path}, _card(facts))
        work.note("version", packed.version)

    outcome = pipeline.runner.run(
        Step(
            name=f"export/{model}/{language}",
            version=1,
            action=action,
            inputs={"model": training / "model.npz", "dataset": data},
            outputs={"archive": archive},
            manifest=archive.with_name(f"{archive.name}.step.json"),
            configuration=settings(pipeline.recipe.code_engine.model_named(model)),
            libraries=LIBRARIES,
        )
    )
    if outcome.status == "would run":
        return outcome, None
    return outcome, install(archive_in(archive), pipeline.library, key)


def archive_in(folder: Path) -> Path:
    """Returns the one tarball of an export's folder."""
    (tarball,) = (path for path in sorted(folder.iterdir()) if is_tarball(path))
    return tarball


def _facts(
    pipeline: Pipeline, model: str, language: str, manifest: dict[str, Any], languages: list[str]
) -> dict[str, Any]:
    recipe = pipeline.recipe.code_engine.model_named(model)
    notes = manifest["notes"]
    return {
        "title": f"{model}, {language}",
        "what": PURPOSE[model],
        "configuration": {"recipe": pipeline.recipe.name, **settings(recipe)},
        "data": data_of(pipeline.library, languages),
        "scores": {
            "validation loss, nats a target token": notes["best_loss"],
            "updates until then": notes["best_update"],
            "target tokens trained on": manifest["counts"]["words"],
        },
        "libraries": library_versions(LIBRARIES),
    }


def _card(facts: dict[str, Any]) -> str:
    return render_card(
        Card(
            title=facts["title"],
            what=facts["what"],
            data=data_rows(facts["data"]),
            scores=facts["scores"],
            limits=[
                "Trained on generated speech: what CorpusGen says of code, not recordings.",
                "A small recipe (see the manifest's configuration) knows little."
                if facts["configuration"]["recipe"] == "test"
                else "Measured on held-out repositories only; see the report.",
            ],
            made="`maestro code-engine train`, then `maestro code-engine export`; the recipe is in "
            "manifest.json.",
        )
    )
