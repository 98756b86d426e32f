"""The commands over the speech engine: output, JSON, exit statuses."""

import json

import click
import pytest
import typer

from arqon_maestro.cli import g2p, lexicon, speech_engine
from arqon_maestro.cli.main import run


@pytest.fixture
def call(capsys):
    def called(app: typer.Typer, *arguments: object) -> tuple[int, str, str]:
        command: click.Command = typer.main.get_command(app)
        status = run(command, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return called


def test_transcribe_prints_ranked_transcripts(call, engine, spoken):
    path = spoken("save file")
    status, out, _ = call(speech_engine.app, "transcribe", path, "--engine", engine)
    header, best = out.splitlines()[:2]
    assert status == 0
    assert header.split() == ["cost", "acoustic", "language", "transcript"]
    assert best.endswith("  save file")


def test_transcribe_json_has_a_list_for_each_file(call, engine, spoken):
    paths = [spoken("save file"), spoken("select next word")]
    status, out, _ = call(
        speech_engine.app, "transcribe", *paths, "--n-best", 2, "--engine", engine, "--json"
    )
    document = json.loads(out)
    assert status == 0
    assert document["schema_version"] == 1
    assert list(document["files"]) == [str(path) for path in paths]
    for ranked in document["files"].values():
        assert 1 <= len(ranked) <= 2
        assert set(ranked[0]) == {
            "transcript",
            "cost",
            "acoustic_cost",
            "language_model_cost",
        }


def test_transcribe_without_an_engine_is_a_missing_part(call, tmp_path, spoken):
    status, out, err = call(
        speech_engine.app, "transcribe", spoken("save file"), "--engine", tmp_path / "none"
    )
    assert (status, out) == (3, "")
    assert "try:" in err


def test_transcribe_of_something_else_fails(call, engine, tmp_path):
    (tmp_path / "a.wav").write_text("not audio")
    status, _, err = call(speech_engine.app, "transcribe", tmp_path / "a.wav", "--engine", engine)
    assert status == 1
    assert "a.wav: not an audio file" in err


def test_transcribe_of_no_best_is_wrong_usage(call, engine, spoken):
    path = spoken("save file")
    arguments = ("transcribe", path, "--n-best", 0, "--engine", engine)
    assert call(speech_engine.app, *arguments)[0] == 2


def test_evaluate_prints_scores_as_json(call, engine, spoken, tmp_path):
    path = spoken("save file")
    (tmp_path / "a.flac").write_bytes(path.read_bytes())
    (tmp_path / "transcripts.tsv").write_text("file\ttranscript\na.flac\tsave file\n")
    status, out, _ = call(speech_engine.app, "evaluate", tmp_path, "--engine", engine, "--json")
    assert status == 0
    assert json.loads(out)["recall"]["1"]["count"] == 1
    status, out, _ = call(speech_engine.app, "evaluate", tmp_path, "--engine", engine)
    assert "recall@1" in out


def test_lexicon_and_g2p(call, tmp_path):
    corpus, model, output = tmp_path / "corpus", tmp_path / "g2p.fst", tmp_path / "lexicon.txt"
    corpus.write_text("add zibblewoc\n")
    size = ("--words", 400, "--held-out", 20, "--order", 3, "--iterations", 1)
    status, out, _ = call(g2p.app, "train", "--output", model, *size, "--json")
    assert status == 0
    assert json.loads(out)["held_out_words"] == 20
    status, out, _ = call(g2p.app, "apply", "--model", model, "Zibblewoc")
    assert status == 0
    assert out.startswith("zibblewoc Z ")
    status, out, _ = call(
        lexicon.app, "build", "--output", output, "--text", corpus, "--g2p", model, "--json"
    )
    assert status == 0
    assert json.loads(out)["sources"]["g2p"] == 1
    assert "\nzibblewoc Z" in output.read_text()


def test_g2p_of_what_is_not_a_word_is_wrong_usage(call, tmp_path):
    (tmp_path / "model.fst").write_bytes(b"x" * 1000)
    status, _, err = call(g2p.app, "apply", "--model", tmp_path / "model.fst", "v8")
    assert status == 2
    assert "letters" in err


def test_lexicon_wants_a_text_for_g2p(call, tmp_path):
    arguments = ("build", "--output", tmp_path / "lexicon.txt", "--g2p", tmp_path / "model.fst")
    assert call(lexicon.app, *arguments)[0] == 2
