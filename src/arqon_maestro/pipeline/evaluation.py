"""The steps that measure what is installed, each to one JSON file below ``evaluation/``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.corpora import held_out_path
from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH
from arqon_maestro.pipeline.speech_engine import arpa_path
from arqon_maestro.steps import Step, Work

CONTEXTUAL = "contextual-language-model"
SCHEMA_VERSION = 2


def scores_path(pipeline: Pipeline, name: str) -> Path:
    """Returns where the scores of an evaluation lie."""
    return pipeline.library.root / "evaluation" / f"{name}.json"


def measure(
    pipeline: Pipeline,
    name: str,
    inputs: dict[str, Path],
    configuration: dict[str, Any],
    libraries: tuple[str, ...],
    action: Callable[[Work], dict[str, Any]],
    *,
    version: int = 1,
) -> dict[str, Any]:
    """Runs the step of an evaluation and returns its scores; nothing on a dry run.

    Args:
        pipeline: what it runs in.
        name: of the step and of the file of scores.
        inputs: what is measured, and on what.
        configuration: what of the recipe counts.
        libraries: distributions whose version changes the scores.
        action: measures.
        version: of the step.
    """
    path = scores_path(pipeline, name)

    def write(work: Work) -> None:
        write_json(work.output("scores"), {"schema_version": SCHEMA_VERSION, **action(work)})

    outcome = pipeline.runner.run(
        Step(
            name=f"evaluation/{name}",
            version=version,
            action=write,
            inputs=inputs,
            outputs={"scores": path},
            manifest=path.with_name(f"{path.stem}.step.json"),
            configuration=configuration,
            libraries=libraries,
        )
    )
    if outcome.status == "would run":
        return {}
    scores: dict[str, Any] = read_json(path)
    return scores


def evaluate_language_models(pipeline: Pipeline) -> dict[str, Any]:
    """Measures both n-gram models on text of repositories that they did not see."""

    def action(work: Work) -> dict[str, Any]:
        from arqon_maestro.speech_engine.ngram import NgramModel, perplexity

        return {
            role: perplexity(NgramModel.read(work.input(role)), [work.input("text")]).as_dict()
            for role in (SEARCH, RESCORING)
        }

    return measure(
        pipeline,
        "language-models",
        {"text": held_out_path(pipeline.library)}
        | {role: arpa_path(pipeline, role) for role in (SEARCH, RESCORING)},
        {},
        ("numpy",),
        action,
    )
