"""`maestro try`, through the command line, with models that answer from tables."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main

from arqon_maestro.cli import try_command
from arqon_maestro.cli.main import run
from arqon_maestro.languages import Language
from arqon_maestro.library import Library
from arqon_maestro.runtime.edit import Editor
from arqon_maestro.runtime.interpreter import Interpreter
from arqon_maestro.runtime.style import Styler
from arqon_maestro.speech_engine import graph_recognizer, recognizer

from .fakes import ConstantRescorer, GrammarModel, SpokenModel

ANSWERS = {
    "function get name": [("def SP get _ name CRSR ( ) : I pass", -0.2), ("def", -3.0)],
    "x equals nine": [("x SP = SP 9", -9.0)],
    "x equals five": [("x SP = SP 5", -0.5)],
}


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interpreter(library: Library, language: Language, hypotheses: int) -> Interpreter:
        styler = Styler(SpokenModel(ANSWERS), ConstantRescorer(-1.0))
        return Interpreter(GrammarModel(1), Editor(language, styler, hypotheses))

    monkeypatch.setattr(try_command, "_interpreter", interpreter)
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))


def maestro_try(*arguments: object) -> int:
    return run(typer.main.get_command(try_command.app), [str(argument) for argument in arguments])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert content["schema_version"] == 1
    return content


def test_what_is_printed_is_python(capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_try("add function get name", "--language", "python") == 0
    out = capsys.readouterr().out
    assert out.endswith("\ndef get_name():\n    pass\n")
    ast.parse(out)
    table = [line for line in out.splitlines() if line.startswith("#")]
    row = "# 1 add function get name model -0.50 -0.20 -3.00 def get_name(): pass"
    assert " ".join(table[1].split()) == row
    assert len(table) == 4
    assert table[3].startswith("# parsed: <main> <commandChain> <command> <add> <addPrefix>")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_try("Add function get name", "--json", "--hypotheses", "1") == 0
    content = document(capsys)
    assert content["source"] == "def get_name():\n    pass"
    assert content["cursor"] == len("def get_name")
    (row,) = content["alternatives"]
    assert row["transcript"] == "add function get name"


def test_a_file_and_a_caret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "code.py"
    path.write_bytes(b"a\r\nb\n")
    assert maestro_try("insert x equals five", "--file", path, "--cursor", "1", "--json") == 0
    assert document(capsys)["source"] == "ax = 5\r\nb\n"
    assert path.read_bytes() == b"a\r\nb\n"


def test_rejected_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_try("insert x equals nine") == 1
    captured = capsys.readouterr()
    assert "1 invalid" in captured.out
    assert "x = 9" in captured.out
    assert "could be carried out" in captured.err


def test_a_command_for_an_editor(capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_try("undo") == 0
    assert "only an editor" in capsys.readouterr().out
    assert maestro_try("undo", "--json") == 0
    content = document(capsys)
    assert content["source"] is None
    assert "<undo>" in content["alternatives"][0]["markup"]


def test_speech(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readings = [
        recognizer.Transcript("insert x equals five", 9.0, 5.0, 4.0),
        recognizer.Transcript("in certain x equals five", 12.0, 5.0, 7.0),
    ]
    fake = SimpleNamespace(
        transcribe=lambda audio, n_best, hints: [] if hints else readings,
        takes_hints=False,
        words={},
    )
    monkeypatch.setattr(graph_recognizer, "open_recognizer", lambda folder: fake)
    assert maestro_try("--audio", tmp_path / "x.wav") == 3
    assert "speech-engine/export is not installed" in capsys.readouterr().err
    folder = Library(tmp_path / "library").speech_model("export")
    folder.mkdir(parents=True)
    (folder / "v").write_text("a" * 40)
    assert maestro_try("--audio", tmp_path / "x.wav", "--json") == 0
    content = document(capsys)
    assert content["source"] == "x = 5"
    assert content["alternatives"][0]["acoustic_cost"] == 5.0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["undo", "--audio", "x.wav"], 2),
        (["undo", "--language", "pyton"], 2),
        (["undo", "--file", "nothing.py"], 3),
        (["undo", "--cursor", "5"], 2),
        (["undo", "--hypotheses", "0"], 2),
        (["um"], 1),
    ],
)
def test_wrong_usage(arguments: list[str], status: int) -> None:
    assert maestro_try(*arguments) == status


def test_wrong_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.unknown").write_text("x")
    assert maestro_try("undo", "--file", tmp_path / "data.unknown") == 2
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    assert maestro_try("undo", "--file", tmp_path / "latin.py") == 1
    assert "not UTF-8" in capsys.readouterr().err
    assert maestro_try("undo", "--file", tmp_path, "--language", "go") == 1


def test_missing_models(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", "/nonexistent")
    assert maestro_try("undo") == 3
    assert "maestro train" in capsys.readouterr().err
