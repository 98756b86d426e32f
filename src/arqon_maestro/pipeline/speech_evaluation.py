"""The step that measures the speech engine on spoken commands, with and without rescoring."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json, write_json
from arqon_maestro.evaluation.metrics import Paired
from arqon_maestro.executors.side_by_side import run_side_by_side
from arqon_maestro.models.install import require_installed
from arqon_maestro.models.version import VERSION_NAME
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.evaluation import measure
from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH
from arqon_maestro.pipeline.speech_engine import EXPORT_KEY, arpa_path
from arqon_maestro.progress import Reporter
from arqon_maestro.steps import Work

#: Other ways to recognise the same commands, which the report sets beside the installed engine.
FIRST_PASS = "without rescoring"
EMBEDDED, EMBEDDED_FIRST_PASS = "embedded acoustic model", "embedded, without rescoring"


def speech_fixtures(pipeline: Pipeline) -> Path:
    """Returns the folder of spoken commands that ship with the checkout."""
    return pipeline.source_root / "tests" / "fixtures" / "speech"


@dataclass(frozen=True)
class _Way:
    """A way to recognise: an engine's folder; whether one with a graph ranks what it found."""

    engine: Path
    rescore: bool = True


@dataclass(frozen=True)
class _Recognition:
    """Recognises all commands in one way, and writes the scores to a file."""

    way: _Way
    commands: Path
    scores: Path

    def __call__(self, reporter: Reporter) -> None:
        from arqon_maestro.evaluation.speech import evaluate_recognition
        from arqon_maestro.speech_engine.graph_recognizer import GraphRecognizer, open_recognizer

        engine = self.way.engine
        recognizer = (
            open_recognizer(engine) if self.way.rescore else GraphRecognizer(engine, rescore=False)
        )
        scores = evaluate_recognition(recognizer, self.commands, reporter=reporter)
        write_json(self.scores, scores.to_json())


def evaluate_speech(pipeline: Pipeline) -> dict[str, Any]:
    """Measures the installed speech engine on the spoken commands of the checkout.

    Beside it stand the first pass alone and, where the engine has a decoding graph, an engine of
    the same words and language models with the embedded acoustic model, in both ways. What the
    library has no language models for is left out.
    """
    folder = require_installed(pipeline.library, EXPORT_KEY)
    fixtures = speech_fixtures(pipeline)

    def action(work: Work) -> dict[str, Any]:
        ways = {"": _Way(folder), **_other_ways(pipeline, folder, work.scratch)}
        files = {name: work.scratch / f"{number}.json" for number, name in enumerate(ways)}
        calls = [_Recognition(ways[name], fixtures, files[name]) for name in ways]
        run_side_by_side(calls, pipeline.executor.workers, work.reporter)
        scores: dict[str, Any] = read_json(files.pop(""))
        scores["peers"] = {name: _beside(scores, read_json(path)) for name, path in files.items()}
        return scores

    return measure(
        pipeline,
        "speech",
        {"version": folder / VERSION_NAME, "fixtures": fixtures},
        {},
        ("pocketsphinx",),
        action,
        version=2,
    )


def _other_ways(pipeline: Pipeline, folder: Path, scratch: Path) -> dict[str, _Way]:
    from arqon_maestro.speech_engine.export import SEARCH_MODEL_FILE
    from arqon_maestro.speech_engine.graph_recognizer import GRAPH_FILE

    has_graph = (folder / GRAPH_FILE).is_file()
    ways = {FIRST_PASS: _Way(folder, rescore=False)} if has_graph else {}
    if not all(arpa_path(pipeline, role).is_file() for role in (SEARCH, RESCORING)):
        return ways
    first_pass = _embedded_engine(pipeline, scratch / "first-pass", ranked_by=SEARCH)
    if has_graph:
        embedded = _embedded_engine(pipeline, scratch / "embedded", ranked_by=RESCORING)
        return {**ways, EMBEDDED: _Way(embedded), EMBEDDED_FIRST_PASS: _Way(first_pass)}
    # An engine of another training has another first pass.
    same = filecmp.cmp(first_pass / SEARCH_MODEL_FILE, folder / SEARCH_MODEL_FILE, shallow=False)
    return {FIRST_PASS: _Way(first_pass)} if same else {}


def _beside(scores: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Returns a peer's scores, with whose first transcript is right in place of all transcripts."""
    first, second = (
        [item["rank"] == 1 for item in found["utterances"]] for found in (scores, peer)
    )
    kept = {name: value for name, value in peer.items() if name != "utterances"}
    return {**kept, "paired": Paired.of(first, second).to_json()}


def _embedded_engine(pipeline: Pipeline, folder: Path, *, ranked_by: str) -> Path:
    """Makes an engine with the embedded acoustic model of what was trained last.

    Args:
        pipeline: where it was trained.
        folder: where to.
        ranked_by: which of the language models ranks what the search finds.
    """
    from arqon_maestro.speech_engine.export import export_speech_engine

    data = pipeline.library.lm_model_data
    export_speech_engine(
        folder,
        lexicon=data / "lexicon.txt",
        vocabulary=data / "vocab.txt",
        search=arpa_path(pipeline, SEARCH),
        rescoring=arpa_path(pipeline, ranked_by),
    )
    return folder
