"""The steps that let a model go on with a person's own code: train, blend, compare."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.code_engine.dataset import encoded_paths
from arqon_maestro.code_engine.engine import MODEL_FILE
from arqon_maestro.code_engine.recipe import FineTuningRecipe, TrainingRecipe
from arqon_maestro.code_engine.starting_model import open_starting_model
from arqon_maestro.library import check_language
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.old_data import old_data
from arqon_maestro.pipeline.tuning_base import base_folder, freeze_base, model_folder
from arqon_maestro.pipeline.tuning_comparison import compare, scores_path
from arqon_maestro.pipeline.tuning_data import (
    MIXED,
    OLD,
    OWN,
    Source,
    data_folder,
    dataset_recipe,
    make_data,
    read_own,
)
from arqon_maestro.steps import Outcome, Step, Work

if TYPE_CHECKING:
    from arqon_maestro.code_engine.launching import Trainer

LIBRARIES = ("numpy", "torch")
BLENDS_FILE = "blends.json"
VALIDATIONS = 8
"""So many times in a training the loss is measured, and the best weights kept."""


@dataclass(frozen=True)
class Tuned:
    """A tuned model.

    Attributes:
        folder: where its ``model.npz`` lies.
        scores: before and after, on old and new held-out lines.
    """

    folder: Path
    scores: dict[str, Any]


def tune(
    pipeline: Pipeline,
    model: str,
    language: str,
    base: str,
    paths: Sequence[Path],
    trainer: Trainer | None = None,
    *,
    time_limit_s: float | None = None,
) -> Tuned | None:
    """Trains a model further on a person's own code; None on a dry run.

    Args:
        base: what ``--from`` names: see `find_base`.
        paths: folders and files of the person's code.
        trainer: where to train; in this process, on the processor, by default.
        time_limit_s: seconds after which the training ends with what it has, if at all.

    Raises:
        MissingPartError: the base, a path, or old data is missing.
        DataError: the base is another model's, or there is too little code.
        WorkFailedError: nothing was gained.
    """
    check_language(model, language)
    own = read_own(pipeline, model, language, paths)
    freeze_base(pipeline, model, language, base)
    make_data(pipeline, model, language, Source(own, old_data(pipeline, model, language)))
    _train(pipeline, model, language, trainer, time_limit_s)
    _blend(pipeline, model, language)
    if compare(pipeline, model, language).status == "would run":
        return None
    scores: dict[str, Any] = read_json(scores_path(pipeline, model, language))
    return Tuned(model_folder(pipeline.library, model, language), scores)


def training_recipe(recipe: FineTuningRecipe, batches: int, seed: int) -> TrainingRecipe:
    """Returns the recipe of a training over a dataset of so many batches."""
    updates = max(1, min(recipe.updates, ceil(recipe.epochs * batches)))
    every = max(1, updates // VALIDATIONS)
    return TrainingRecipe(
        updates=updates,
        batch_tokens=recipe.batch_tokens,
        learning_rate=recipe.learning_rate,
        warmup=max(1, round(recipe.warmup_share * updates)),
        schedule="cosine",
        clip_norm=recipe.clip_norm,
        label_smoothing=recipe.label_smoothing,
        validate_every=every,
        save_every=every,
        patience=0,
        seed=seed,
    )


def _train(
    pipeline: Pipeline,
    model: str,
    language: str,
    trainer: Trainer | None,
    time_limit_s: float | None,
) -> Outcome:
    recipe = pipeline.recipe.code_engine.fine_tuning
    threads, seed = pipeline.recipe.threads, pipeline.recipe.seed
    folder = pipeline.library.tuning(model, language) / "training"

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.feeding import plan_epoch
        from arqon_maestro.code_engine.launching import TrainingJob, local_trainer
        from arqon_maestro.code_engine.preparation import prepare

        base = open_starting_model(work.input("base") / MODEL_FILE, model, language)
        data, output = work.input("data") / MIXED, work.output("training")
        sizes = dataset_recipe(pipeline, model, base)
        pairs = prepare(data, output, sizes, work.reporter, vocabulary=base.vocabulary).train
        # Only the size of the batches and the seed are read.
        plan = plan_epoch(pairs, training_recipe(recipe, 1, seed), epoch=0)
        training = training_recipe(recipe, len(plan), seed)
        job = TrainingJob(
            data,
            output,
            sizes,
            base.shape.model_copy(update={"dropout": recipe.dropout}),
            training,
            threads=threads,
            time_limit_s=time_limit_s,
            initial=base.weights,
            label=f"{model}/{language}: fine-tuning",
        )
        summary = (trainer or local_trainer(gpus=0))(job, work.reporter)
        work.count("updates", summary.updates)
        work.count("words", summary.words)
        work.note("training", settings(training))
        work.note("best_loss", summary.best_loss)
        work.note("best_update", summary.best_update)
        work.note("stopped", summary.stopped)

    return pipeline.runner.run(
        Step(
            name=f"tune-train/{model}/{language}",
            version=1,
            action=action,
            inputs={
                "base": base_folder(pipeline.library, model, language),
                "data": data_folder(pipeline, model, language),
            },
            outputs={"training": folder},
            manifest=folder / "manifest.json",
            configuration={
                "recipe": pipeline.recipe.name,
                "fine-tuning": settings(recipe),
                "seed": seed,
                "threads": threads,
                "machine": platform.machine(),
            },
            libraries=LIBRARIES,
            resumable=True,
        )
    )


def _blend(pipeline: Pipeline, model: str, language: str) -> Outcome:
    recipe = pipeline.recipe.code_engine.fine_tuning
    folder = model_folder(pipeline.library, model, language)
    training = pipeline.library.tuning(model, language) / "training"

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.arrays import PairArrays, build_arrays
        from arqon_maestro.code_engine.blending import blend, choose_blend, measure_blends
        from arqon_maestro.code_engine.devices import CPU
        from arqon_maestro.code_engine.network import Network
        from arqon_maestro.code_engine.validation import validate
        from arqon_maestro.code_engine.weights import read_model, write_model

        start = open_starting_model(work.input("base") / MODEL_FILE, model, language)
        longest = dataset_recipe(pipeline, model, start).max_length
        measure = training_recipe(recipe, 1, pipeline.recipe.seed)
        held_out = {}
        for name in (OWN, OLD):
            texts = encoded_paths(work.input("data") / name, "valid")
            build_arrays(texts, work.scratch, name, start.vocabulary, longest, work.reporter)
            held_out[name] = PairArrays.open(work.scratch, name)

        def loss_of(name: str, network: Network) -> float:
            return validate(network, held_out[name], measure, CPU)[0]

        base, tuned = read_model(start.weights), read_model(work.input("weights"))
        with CPU.settings(pipeline.recipe.threads):
            blends = measure_blends(
                base,
                tuned,
                recipe.blends,
                own_loss=lambda network: loss_of(OWN, network),
                old_loss=lambda network: loss_of(OLD, network),
            )
        chosen = choose_blend(blends, recipe.allowed_loss)
        output = work.output("model")
        output.mkdir(parents=True, exist_ok=True)
        write_model(output / MODEL_FILE, blend(base, tuned, chosen.share))
        start.vocabulary.save(output / start.vocabulary.file_name)
        record = {
            "chosen": chosen.to_json(),
            "blends": [found.to_json() for found in blends],
        }
        write_json(output / BLENDS_FILE, record)
        for name, value in record.items():
            work.note(name, value)

    return pipeline.runner.run(
        Step(
            name=f"tune-blend/{model}/{language}",
            version=1,
            action=action,
            inputs={
                "base": base_folder(pipeline.library, model, language),
                "data": data_folder(pipeline, model, language),
                "weights": training / MODEL_FILE,
            },
            outputs={"model": folder},
            manifest=folder / "manifest.json",
            configuration={
                "blends": recipe.blends,
                "allowed_loss": recipe.allowed_loss,
                "batch_tokens": recipe.batch_tokens,
                "threads": pipeline.recipe.threads,
            },
            libraries=LIBRARIES,
        )
    )
