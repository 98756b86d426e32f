"""The steps that measure what is installed, each to one JSON file below ``evaluation/``."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.code_engine.dataset import raw_paths, read_pairs
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import MissingPartError
from arqon_maestro.models.install import require_installed
from arqon_maestro.models.keys import ModelKey
from arqon_maestro.models.version import VERSION_NAME
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.corpora import held_out_path
from arqon_maestro.pipeline.datasets import PARSER
from arqon_maestro.pipeline.speech_engine import EXPORT_KEY, RESCORING, SEARCH, arpa_path
from arqon_maestro.steps import Step, Work

CONTEXTUAL = "contextual-language-model"
SCHEMA_VERSION = 1
FIRST_PASS, EMBEDDED_PEER = "without rescoring", "embedded acoustic model"


def scores_path(pipeline: Pipeline, name: str) -> Path:
    """Returns where the scores of an evaluation lie."""
    return pipeline.library.root / "evaluation" / f"{name}.json"


def speech_fixtures(pipeline: Pipeline) -> Path:
    """Returns the folder of spoken commands that ship with the checkout."""
    return pipeline.source_root / "tests" / "fixtures" / "speech"


def _measure(
    pipeline: Pipeline,
    name: str,
    inputs: dict[str, Path],
    configuration: dict[str, Any],
    libraries: tuple[str, ...],
    measure: Any,
) -> dict[str, Any]:
    path = scores_path(pipeline, name)

    def action(work: Work) -> None:
        write_json(work.output("scores"), {"schema_version": SCHEMA_VERSION, **measure(work)})

    outcome = pipeline.runner.run(
        Step(
            name=f"evaluation/{name}",
            version=1,
            action=action,
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


def evaluate_code_model(pipeline: Pipeline, model: str, language: str) -> dict[str, Any]:
    """Measures an installed model on held-out lines of its dataset.

    Raises:
        MissingPartError: no model is installed, or there is no test data.
    """
    folder = require_installed(
        pipeline.library, ModelKey(("code-engine", "export", model, language))
    )
    recipe = pipeline.recipe.evaluation
    paths = raw_paths(pipeline.library.dataset(model, language), language, "test")
    for path in paths:
        if not path.is_file():
            raise MissingPartError(
                "there are no held-out lines",
                where=path,
                remedy="maestro code-engine generate-dataset "
                f"--model {model} --language {language}",
            )

    def measure(work: Work) -> dict[str, Any]:
        from arqon_maestro.code_engine.parsing import GrammarParser
        from arqon_maestro.code_engine.translator import Rescorer, Translator
        from arqon_maestro.evaluation.code_engine import cross_entropy, exact_match

        pairs = _sample(list(read_pairs(paths)), recipe.lines, pipeline.recipe.seed)
        if model == CONTEXTUAL:
            return cross_entropy(Rescorer(folder, pipeline.recipe.threads), pairs)
        scores = exact_match(
            Translator(folder, pipeline.recipe.threads),
            pairs,
            n_best=recipe.n_best,
            kind=_kind_of_command if model == PARSER else _kind_of_mapping,
            accept=_accepted if model == PARSER else None,
            label=f"{model}/{language}: exact match",
            reporter=work.reporter,
        )
        found = {"lines": len(pairs), "n_best": recipe.n_best, **scores.to_json()}
        if model == PARSER:
            held = exact_match(
                GrammarParser(folder),
                pairs,
                n_best=recipe.n_best,
                kind=_kind_of_command,
                label=f"{model}/{language}: held to the grammar",
                reporter=work.reporter,
            )
            found["held_to_grammar"] = held.to_json()
        return found

    return _measure(
        pipeline,
        f"{model}-{language}",
        {"version": folder / VERSION_NAME, "sources": paths[0], "targets": paths[1]},
        {"lines": recipe.lines, "n_best": recipe.n_best, "seed": pipeline.recipe.seed},
        ("ctranslate2",),
        measure,
    )


def _kind_of_mapping(source: str) -> str:
    from arqon_maestro.evaluation.code_engine import kind_of

    return kind_of(source)


def _kind_of_command(source: str) -> str:
    return f"{min(len(source.split()), 10) // 3 * 3}+ words"


def _accepted(source: str, target: str) -> bool:
    from arqon_maestro.corpusgen.grammar import accept_parse

    return accept_parse(source.split(), target) is not None


def _sample(pairs: list[tuple[str, str]], lines: int, seed: int) -> list[tuple[str, str]]:
    source = random.Random(seed_of(seed, "evaluation"))
    return source.sample(pairs, min(lines, len(pairs)))


def evaluate_language_models(pipeline: Pipeline) -> dict[str, Any]:
    """Measures both n-gram models on text of repositories that they did not see."""

    def measure(work: Work) -> dict[str, Any]:
        from arqon_maestro.speech_engine.ngram import NgramModel, perplexity

        return {
            role: perplexity(NgramModel.read(work.input(role)), [work.input("text")]).as_dict()
            for role in (SEARCH, RESCORING)
        }

    return _measure(
        pipeline,
        "language-models",
        {"text": held_out_path(pipeline.library)}
        | {role: arpa_path(pipeline, role) for role in (SEARCH, RESCORING)},
        {},
        ("numpy",),
        measure,
    )


def evaluate_speech(pipeline: Pipeline) -> dict[str, Any]:
    """Measures the installed speech engine on the spoken commands of the checkout.

    One with a decoding graph is measured without rescoring too, and beside an engine of the same
    words and language models with the embedded acoustic model.
    """
    folder = require_installed(pipeline.library, EXPORT_KEY)
    fixtures = speech_fixtures(pipeline)

    def measure(work: Work) -> dict[str, Any]:
        from arqon_maestro.evaluation.speech import evaluate_recognition
        from arqon_maestro.speech_engine.graph_recognizer import GraphRecognizer, open_recognizer

        def scored(recognizer: Any) -> dict[str, Any]:
            return evaluate_recognition(recognizer, fixtures, reporter=work.reporter).to_json()

        recognizer = open_recognizer(folder)
        scores = scored(recognizer)
        if isinstance(recognizer, GraphRecognizer):
            peers = {
                FIRST_PASS: scored(GraphRecognizer(folder, rescore=False)),
                EMBEDDED_PEER: scored(_embedded_peer(pipeline, work)),
            }
            for peer in peers.values():
                del peer["utterances"]
            scores["peers"] = peers
        return scores

    return _measure(
        pipeline,
        "speech",
        {"version": folder / VERSION_NAME, "fixtures": fixtures},
        {},
        ("pocketsphinx",),
        measure,
    )


def _embedded_peer(pipeline: Pipeline, work: Work) -> Any:
    """Returns a recogniser with the embedded acoustic model, of what was trained last."""
    from arqon_maestro.speech_engine.export import export_speech_engine
    from arqon_maestro.speech_engine.recognizer import Recognizer

    data, folder = pipeline.library.lm_model_data, work.scratch / "embedded"
    export_speech_engine(
        folder,
        lexicon=data / "lexicon.txt",
        vocabulary=data / "vocab.txt",
        search=arpa_path(pipeline, SEARCH),
        rescoring=arpa_path(pipeline, RESCORING),
    )
    return Recognizer(folder)


def show_scores(scores: dict[str, Any], *, as_json: bool) -> str:
    """Formats scores for standard output."""
    if as_json:
        return json.dumps(scores, indent=1, ensure_ascii=False)
    return "\n".join(
        f"{name}: {_shown(value)}" for name, value in scores.items() if name != "misses"
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
