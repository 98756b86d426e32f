"""All of it, in order: sources, corpora, models, export, install, evaluation, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.config import Recipe
from arqon_maestro.executors.side_by_side import run_side_by_side
from arqon_maestro.library import PARSER, PROSE
from arqon_maestro.models.install import Installed
from arqon_maestro.pipeline import (
    code_engine,
    evaluation,
    report,
    speech_engine,
    speech_evaluation,
)
from arqon_maestro.pipeline.code_evaluation import evaluate_code_model
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.datasets import generate_dataset
from arqon_maestro.progress import Reporter


@dataclass(frozen=True)
class Trained:
    """What a run of everything left.

    Attributes:
        installed: the models that are in use now.
        scores: evaluation → its scores.
        page: the report's HTML page.
        data: the report's JSON file.
    """

    installed: tuple[Installed, ...]
    scores: dict[str, dict[str, Any]]
    page: Path
    data: Path


def code_models(languages: list[str]) -> list[tuple[str, str]]:
    """Returns (model, language) of every transformer that the languages need."""
    spoken = [language for language in languages if language != PROSE]
    return [
        (PARSER, PROSE),
        *(("auto-style", language) for language in spoken),
        *((evaluation.CONTEXTUAL, language) for language in spoken),
    ]


@dataclass(frozen=True)
class TrainingCall:
    """Trains one model in a process of its own; its dataset is up to date."""

    library: Path
    source_root: Path
    recipe: Recipe
    force: bool
    model: str
    language: str

    def __call__(self, reporter: Reporter) -> None:
        pipeline = open_pipeline(
            self.library,
            self.source_root,
            recipe=self.recipe,
            workers=1,
            force=self.force,
            reporter=reporter,
        )
        code_engine.train_on_dataset(pipeline, self.model, self.language)


def train_side_by_side(pipeline: Pipeline, models: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Trains what is not up to date, as many models at a time as there are cores for.

    The longest come first. Their datasets must be up to date.

    Returns:
        The models that were trained.
    """

    def cost(job: tuple[str, str]) -> int:
        recipe = pipeline.recipe.code_engine.model_named(job[0])
        layers = recipe.network.encoder_layers + recipe.network.decoder_layers
        return recipe.training.updates * recipe.training.batch_tokens * layers

    stale = [
        job
        for job in sorted(models, key=lambda job: (-cost(job), job))
        if pipeline.runner.force or not code_engine.is_trained(pipeline, *job)
    ]
    root, recipe = pipeline.library.root, pipeline.recipe
    calls = [
        TrainingCall(root, pipeline.source_root, recipe, pipeline.runner.force, *job)
        for job in stale
    ]
    workers = max(1, pipeline.executor.workers // pipeline.recipe.threads)
    run_side_by_side(calls, workers, pipeline.reporter)
    for job in stale:
        code_engine.adopt_training(pipeline, *job)
    return stale


def train_all(pipeline: Pipeline, languages: list[str]) -> Trained | None:
    """Brings everything up to date; None on a dry run."""
    installed: list[Installed] = []
    speech_engine.train_model(pipeline, languages)
    installed += speech_engine.export(pipeline)[1]
    models = code_models(languages)
    for model, language in models:
        generate_dataset(pipeline, model, language)
    trained = [] if pipeline.runner.dry_run else train_side_by_side(pipeline, models)
    for model, language in models:
        if (model, language) not in trained:
            code_engine.train(pipeline, model, language)
        made = code_engine.export(pipeline, model, language)[1]
        installed += [made] if made else []
    if pipeline.runner.dry_run:
        return None
    scores = {
        "language-models": evaluation.evaluate_language_models(pipeline),
        "speech": speech_evaluation.evaluate_speech(pipeline),
    }
    for model, language in models:
        scores[f"{model}/{language}"] = evaluate_code_model(pipeline, model, language)
    page, data = report.make_report(pipeline, languages, installed, scores)
    return Trained(tuple(installed), scores, page, data)
