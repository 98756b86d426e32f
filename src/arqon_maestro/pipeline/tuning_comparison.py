"""The step that measures a tuned model beside its base, on the same held-out lines, old and new."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from arqon_maestro.artifacts import atomic_text, copy_file, write_json
from arqon_maestro.code_engine.dataset import lexicon_path, raw_paths, read_pairs
from arqon_maestro.code_engine.engine import CONFIG_FILE, MODEL_FILE
from arqon_maestro.code_engine.starting_model import StartingModel, open_starting_model
from arqon_maestro.library import PARSER
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.evaluation import CONTEXTUAL
from arqon_maestro.pipeline.tuning_base import base_folder, model_folder
from arqon_maestro.pipeline.tuning_data import OLD, OWN, data_folder
from arqon_maestro.steps import Outcome, Step, Work


def scores_path(pipeline: Pipeline, model: str, language: str) -> Path:
    """Returns where a tuned model's scores lie."""
    return pipeline.library.tuning(model, language) / "scores.json"


def compare(pipeline: Pipeline, model: str, language: str) -> Outcome:
    """Measures base and tuned model on the same held-out lines, old and new."""
    path = scores_path(pipeline, model, language)
    threads = pipeline.recipe.threads

    def action(work: Work) -> None:
        from arqon_maestro.code_engine.translator import Rescorer
        from arqon_maestro.corpusgen.unknowns import DropReason, UnknownReplacer
        from arqon_maestro.evaluation.comparison import compare_losses, compare_matches

        start = open_starting_model(work.input("base") / MODEL_FILE, model, language)
        folders = (work.scratch / "before", work.scratch / "after")
        weights = (start.weights, work.input("model") / MODEL_FILE)
        for folder, chosen in zip(folders, weights, strict=True):
            _assemble(folder, chosen, start, model, language)
        first, second = (Rescorer(folder, threads) for folder in folders)
        replacer = None if model == CONTEXTUAL else UnknownReplacer(start.lexicon)
        scores: dict[str, Any] = {}
        for name in (OLD, OWN):
            pairs = list(read_pairs(raw_paths(work.input("data") / name, language, "test")))
            # What no model can be given, or could say, has no probability.
            sayable = [
                pair
                for pair in pairs
                if replacer is None or not isinstance(replacer.encode_pair(*pair), DropReason)
            ]
            label = f"{model}/{language}: {name} held-out lines"
            loss = compare_losses(first, second, sayable, label=label, reporter=work.reporter)
            scores[name] = {"cross_entropy": loss.to_json()}
            if model != CONTEXTUAL:
                before, after = (_translator(folder, model, threads) for folder in folders)
                match = compare_matches(before, after, pairs, label=label, reporter=work.reporter)
                scores[name]["exact_match"] = match.to_json()
        write_json(work.output("scores"), scores)

    return pipeline.runner.run(
        Step(
            name=f"tune-compare/{model}/{language}",
            version=1,
            action=action,
            inputs={
                "base": base_folder(pipeline.library, model, language),
                "data": data_folder(pipeline, model, language),
                "model": model_folder(pipeline.library, model, language),
            },
            outputs={"scores": path},
            manifest=path.with_name("scores.step.json"),
            libraries=("ctranslate2",),
        )
    )


def _translator(folder: Path, model: str, threads: int) -> Any:
    """Returns what translates with a model as the runtime does: the parser keeps to the grammar."""
    from arqon_maestro.code_engine.parsing import GrammarParser
    from arqon_maestro.code_engine.translator import Translator

    return GrammarParser(folder) if model == PARSER else Translator(folder, threads)


def _assemble(folder: Path, weights: Path, start: StartingModel, model: str, language: str) -> None:
    """Makes a model folder of some weights and the base's other files.

    Both have the same decoding options: what differs must be the weights alone.
    """
    from arqon_maestro.code_engine.export import server_config

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy_file(weights, folder / MODEL_FILE)
    copy_file(start.lexicon_file, lexicon_path(folder, language, model))
    start.vocabulary.save(folder / start.vocabulary.file_name)
    with atomic_text(folder / CONFIG_FILE) as stream:
        yaml.safe_dump(server_config(model), stream)
