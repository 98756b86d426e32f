"""All of it, in order: sources, corpora, models, export, install, evaluation, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.models.install import Installed
from arqon_maestro.pipeline import code_engine, evaluation, report, speech_engine
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.datasets import PARSER, PROSE


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


def train_all(pipeline: Pipeline, languages: list[str]) -> Trained | None:
    """Brings everything up to date; None on a dry run."""
    installed: list[Installed] = []
    speech_engine.train_model(pipeline, languages)
    installed += speech_engine.export(pipeline)[1]
    models = code_models(languages)
    for model, language in models:
        code_engine.train(pipeline, model, language)
        made = code_engine.export(pipeline, model, language)[1]
        installed += [made] if made else []
    if pipeline.runner.dry_run:
        return None
    scores = {
        "language-models": evaluation.evaluate_language_models(pipeline),
        "speech": evaluation.evaluate_speech(pipeline),
    }
    for model, language in models:
        scores[f"{model}/{language}"] = evaluation.evaluate_code_model(pipeline, model, language)
    page, data = report.make_report(pipeline, languages, installed, scores)
    return Trained(tuple(installed), scores, page, data)
