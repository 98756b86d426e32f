"""The steps that train, export and install a code-engine model."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import MissingPartError
from arqon_maestro.library import CODE_MODELS, PARSER, PROSE
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.install import Installed, install
from arqon_maestro.models.keys import ModelKey, code_key
from arqon_maestro.models.tarball import pack
from arqon_maestro.models.version import is_tarball
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.datasets import generate_dataset
from arqon_maestro.pipeline.provenance import data_of, data_rows
from arqon_maestro.steps import Outcome, Step, Work

if TYPE_CHECKING:
    from arqon_maestro.code_engine.launching import Trainer

LIBRARIES = ("numpy", "torch")

PURPOSE = {
    "auto-style": "Turns spoken words, after the code before the caret, into code tokens.",
    "contextual-language-model": "Scores spoken words, given the code before the caret.",
    "transcript-parser": "Turns the words of a spoken command into command markup.",
}


def train(
    pipeline: Pipeline,
    model: str,
    language: str,
    trainer: Trainer | None = None,
    *,
    time_limit_s: float | None = None,
) -> Outcome:
    """Trains a model, its dataset included.

    Args:
        pipeline: the means.
        model: name of the model.
        language: its language.
        trainer: where to train; in this process, on the processor, by default.
        time_limit_s: seconds after which the training ends with what it has, if at all.
    """
    generate_dataset(pipeline, model, language)
    return train_on_dataset(pipeline, model, language, trainer, time_limit_s=time_limit_s)


def train_on_dataset(
    pipeline: Pipeline,
    model: str,
    language: str,
    trainer: Trainer | None = None,
    *,
    time_limit_s: float | None = None,
) -> Outcome:
    """Trains a model on its dataset as it is; arguments as for `train`."""
    return pipeline.runner.run(_training_step(pipeline, model, language, trainer, time_limit_s))


def adopt_training(pipeline: Pipeline, model: str, language: str) -> Outcome:
    """Takes over a training that another process has done in this run."""
    return pipeline.runner.adopt(_training_step(pipeline, model, language))


def is_trained(pipeline: Pipeline, model: str, language: str) -> bool:
    """Returns whether a model's training is up to date."""
    return pipeline.runner.is_current(_training_step(pipeline, model, language))


def _training_step(
    pipeline: Pipeline,
    model: str,
    language: str,
    trainer: Trainer | None = None,
    time_limit_s: float | None = None,
) -> Step:
    recipe = pipeline.recipe.code_engine.model_named(model)
    folder = pipeline.library.training(model, language)
    threads = pipeline.recipe.threads

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.launching import TrainingJob, local_trainer

        job = TrainingJob(
            work.input("dataset"),
            work.output("training"),
            recipe.dataset,
            recipe.network,
            recipe.training,
            threads=threads,
            time_limit_s=time_limit_s,
            label=f"{model}/{language}: training",
        )
        summary = (trainer or local_trainer(gpus=0))(job, work.reporter)
        work.count("updates", summary.updates)
        work.count("words", summary.words)
        work.note("best_loss", summary.best_loss)
        work.note("best_update", summary.best_update)
        work.note("epochs", summary.epochs)
        work.note("stopped", summary.stopped)
        work.note("words_per_s", round(summary.words_per_s, 1))
        work.note("pairs", summary.pairs)

    return Step(
        name=f"train/{model}/{language}",
        version=1,
        action=action,
        inputs={"dataset": pipeline.library.dataset(model, language)},
        outputs={"training": folder},
        manifest=folder / "manifest.json",
        configuration={
            "recipe": pipeline.recipe.name,
            "dataset": settings(recipe.dataset),
            "network": settings(recipe.network),
            "training": settings(recipe.training),
            "threads": threads,
            # Floating-point sums differ between kinds of processors.
            "machine": platform.machine(),
            # Devices round differently too, but a model trained on a GPU is one trained everywhere.
            **({"time_limit_s": time_limit_s} if time_limit_s is not None else {}),
        },
        libraries=LIBRARIES,
        resumable=True,
    )


def chosen_trained(
    pipeline: Pipeline, model: str | None, language: str | None
) -> list[tuple[str, str]]:
    """Returns (model, language) of the models made in the library, all or those named.

    They are trained, or fine-tuned, or both.

    Raises:
        MissingPartError: there is none.
    """
    root = pipeline.library.training(CODE_MODELS[0], "any").parent.parent
    tuned = pipeline.library.tuning(CODE_MODELS[0], "any").parent.parent
    folders = {path.parent for path in root.glob("*/*/model.npz")}
    folders |= {path.parent.parent for path in tuned.glob("*/*/model/model.npz")}
    found = sorted({(folder.parent.name, folder.name) for folder in folders})
    found = [made for made in found if model in (None, made[0]) and language in (None, made[1])]
    if not found:
        named = " ".join(name for name in (model, language) if name)
        raise MissingPartError(
            f"{named or 'no model'} is {'not ' if named else ''}trained",
            where=root,
            remedy=f"maestro code-engine train --model {model or CODE_MODELS[0]}"
            f" --language {language or (PROSE if model == PARSER else 'python')} --test-mode",
        )
    return found


def export(pipeline: Pipeline, model: str, language: str) -> tuple[Outcome, Installed | None]:
    """Exports a trained model to a tarball and installs it; the old one serves until then.

    What the tarball says of its making is read from the manifests of training and data, so that it
    is the same whatever recipe is at hand.
    """
    training = pipeline.library.training(model, language)
    data = pipeline.library.dataset(model, language)

    def describe() -> tuple[dict[str, Any], str]:
        facts = _facts(pipeline, training, data)
        return facts, _card(f"{model}, {language}", PURPOSE[model], facts)

    outcome, archive = pack_step(
        pipeline,
        f"export/{model}/{language}",
        code_key(model, language),
        {"model": training / "model.npz", "dataset": data},
        training.with_name(f"{language}-export"),
        describe,
    )
    if archive is None:
        return outcome, None
    return outcome, install(archive, pipeline.library, code_key(model, language))


def pack_step(
    pipeline: Pipeline,
    name: str,
    key: ModelKey,
    inputs: dict[str, Path],
    archive: Path,
    describe: Callable[[], tuple[dict[str, Any], str]],
) -> tuple[Outcome, Path | None]:
    """Packs a model's files into the one tarball of a folder; None on a dry run.

    Args:
        name: of the step.
        key: which model it is.
        inputs: ``model``, the weights with the vocabulary beside them; ``dataset``, a folder with
            the lexicon; and what else `describe` reads.
        archive: the folder.
        describe: gives the manifest's facts and the card.
    """
    *_, model, language = key.parts

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.export import export_model

        unpacked = work.scratch / "unpacked"
        export_model(work.input("model").parent, work.input("dataset"), unpacked, model, language)
        facts, card = describe()
        packed = pack(unpacked, work.output("archive"), {**facts, "model": key.path}, card)
        work.note("version", packed.version)

    outcome = pipeline.runner.run(
        Step(
            name=name,
            version=1,
            action=action,
            inputs=inputs,
            outputs={"archive": archive},
            manifest=archive.with_name(f"{archive.name}.step.json"),
            libraries=LIBRARIES,
        )
    )
    return outcome, None if outcome.status == "would run" else archive_in(archive)


def archive_in(folder: Path) -> Path:
    """Returns the one tarball of an export's folder."""
    (tarball,) = (path for path in sorted(folder.iterdir()) if is_tarball(path))
    return tarball


def _facts(pipeline: Pipeline, training: Path, data: Path) -> dict[str, Any]:
    made = read_json(training / "manifest.json")
    languages = sorted(read_json(data / "manifest.json")["inputs"])
    return {
        "configuration": made["configuration"],
        "data": data_of(pipeline.library, languages),
        "scores": {
            "validation loss, nats a target token": made["notes"]["best_loss"],
            "updates until then": made["notes"]["best_update"],
            "target tokens trained on": made["counts"]["words"],
        },
        "libraries": made["libraries"],
    }


def _card(title: str, what: str, facts: dict[str, Any]) -> str:
    limits = [
        "Trained on generated speech: what CorpusGen says of code, not recordings.",
        "Its scores here are the validation's; `maestro train` measures more and reports it.",
    ]
    if facts["configuration"]["recipe"] == "test":
        limits.append("Made in test mode: small and briefly trained.")
    return render_card(
        Card(
            title=title,
            what=what,
            data=data_rows(facts["data"]),
            scores=facts["scores"],
            limits=limits,
            made="`maestro code-engine train`, then `maestro code-engine export`; the recipe is in "
            "manifest.json.",
        )
    )
