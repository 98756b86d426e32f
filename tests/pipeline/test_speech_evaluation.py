"""The speech engine is measured with and without rescoring, on the commands of the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from arqon_maestro.evaluation.report import render_part
from arqon_maestro.pipeline.context import Pipeline, open_pipeline
from arqon_maestro.pipeline.report import _speech
from arqon_maestro.pipeline.speech_evaluation import (
    FIRST_PASS,
    evaluate_speech,
    speech_fixtures,
)
from arqon_maestro.speech_engine.export import export_speech_engine
from arqon_maestro.speech_engine.lexicon.build import build_lexicon
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
from arqon_maestro.speech_engine.lexicon.vocabulary import Vocabulary, write_vocabulary
from arqon_maestro.speech_engine.ngram import train
from tests.checkouts import make_checkout

SENTENCES = "go to line two\ngo to end\nstart of line\nend of file\ngo to start\nline forty two\n"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A library with a speech engine of a few words."""
    pipeline = open_pipeline(
        tmp_path / "library", make_checkout(tmp_path / "checkout"), test_mode=True, workers=1
    )
    words = sorted(set(SENTENCES.split()))
    data = pipeline.library.lm_model_data
    data.mkdir(parents=True)
    write_lexicon(data / "lexicon.txt", build_lexicon(words).restricted(words))
    write_vocabulary(data / "vocab.txt", Vocabulary(tuple(words), {}))
    (tmp_path / "text").write_text(SENTENCES * 3)
    for order, name in ((2, "search"), (3, "rescoring")):
        train(tmp_path / "text", data / f"{name}.arpa.gz", order=order)
    engine = pipeline.library.speech_model("export")
    export_speech_engine(
        engine,
        lexicon=data / "lexicon.txt",
        vocabulary=data / "vocab.txt",
        search=data / "search.arpa.gz",
        rescoring=data / "rescoring.arpa.gz",
    )
    (engine / "v").write_text("0" * 40 + "\n")
    return pipeline


def test_the_first_pass_stands_beside_the_engine(pipeline: Pipeline) -> None:
    scores = evaluate_speech(pipeline)
    said = len((speech_fixtures(pipeline) / "transcripts.tsv").read_text().splitlines()) - 1
    assert said == len(scores["utterances"]) == scores["recall"]["10"]["total"]
    assert list(scores["peers"]) == [FIRST_PASS]
    peer = scores["peers"][FIRST_PASS]
    paired = peer["paired"]
    assert "utterances" not in peer and peer["word_error_rate"] >= 0
    first = scores["recall"]["1"]["count"]
    assert paired["both"] + paired["first_only"] == first > 0
    assert paired["both"] + paired["second_only"] == peer["recall"]["1"]["count"]
    shown = "".join(render_part(part) for part in _speech(scores).parts)
    assert FIRST_PASS in shown
    assert f"{paired['first_only']} here, {paired['second_only']} there" in shown


def test_an_engine_of_another_training_stands_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    data = pipeline.library.lm_model_data
    train(tmp_path / "text", data / "search.arpa.gz", order=1)
    assert evaluate_speech(pipeline)["peers"] == {}
    (data / "search.arpa.gz").unlink()
    pipeline.runner.force = True
    assert evaluate_speech(pipeline)["peers"] == {}
