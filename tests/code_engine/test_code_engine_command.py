"""``maestro code-engine translate`` and ``rescore``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from arqon_maestro.cli.code_engine import app
from arqon_maestro.errors import DataError, MissingPartError, UsageError

from .conftest import Trained

MODEL = ["--model", "auto-style", "--language", "python"]


def call(command: str, trained: Trained, text: str | bytes, *options: str) -> Result:
    arguments = [command, *MODEL, "--folder", str(trained.folder), *options]
    return CliRunner().invoke(app, arguments, input=text)


def test_translate(trained: Trained) -> None:
    result = call("translate", trained, "CTX ENG get name\n\nCTX ENG zyx\n")
    assert result.exit_code == 0
    assert result.stdout == "get _ name\n\nzyx\n"
    assert "line 2: empty" in result.stderr


def test_translate_json(trained: Trained) -> None:
    result = call("translate", trained, "CTX ENG get name", "--n-best", "3", "--json")
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    (line,) = document["lines"]
    assert line["source"] == "CTX ENG get name"
    assert line["hypotheses"][0]["target"] == "get _ name"
    assert len(line["hypotheses"]) == 3
    scores = call("rescore", trained, "CTX ENG get name\tget _ name\n")
    assert float(scores.stdout) == pytest.approx(line["hypotheses"][0]["score"], abs=1e-3)


def test_rescore_json(trained: Trained) -> None:
    document = json.loads(call("rescore", trained, "CTX ENG get\tget\n", "--json").stdout)
    assert document["pairs"][0]["target"] == "get"
    assert document["pairs"][0]["score"] < 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nno tab\n", "input:2: no tab between"),
        ("a\tb\tc\n", "input:1: more than one tab"),
        (b"a\tb\n\xff\tx\n", "input:2: not UTF-8"),
        ("get\t" + "get " * 1100 + "\n", "line 1: a target line of 1100 tokens"),
        ("a\tb\n" + "get " * 1100 + "\tget\n", "line 2: a source line of 1100 tokens"),
        (" ".join(f"x{number}" for number in range(21)) + "\tget\n", "line 1: too many unknown"),
    ],
    ids=["no tab", "tabs", "not utf-8", "long target", "long source", "unknowns"],
)
def test_bad_pairs(trained: Trained, text: str | bytes, message: str) -> None:
    error = call("rescore", trained, text).exception
    assert isinstance(error, DataError)
    assert message in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("get\nget\tname\n", "input:2: a tab in a source line"),
        (b"get\n\n\xe9t\xe9\n", "input:3: not UTF-8"),
        ("get " * 1100, "line 1: a source line of 1100 tokens"),
    ],
    ids=["tab", "not utf-8", "long"],
)
def test_bad_sources(trained: Trained, text: str | bytes, message: str) -> None:
    error = call("translate", trained, text).exception
    assert isinstance(error, DataError)
    assert message in str(error)


def test_line_ends_and_no_lines(trained: Trained) -> None:
    assert call("translate", trained, "CTX ENG get name\r\nCTX ENG max\r\n").stdout == (
        "get _ name\nmax\n"
    )
    assert call("translate", trained, "").stdout == ""
    assert call("rescore", trained, "").stdout == ""


def test_more_outputs_than_the_vocabulary_has_entries(trained: Trained) -> None:
    result = call("translate", trained, "CTX ENG get\n", "--n-best", "1000", "--json")
    found = json.loads(result.stdout)["lines"][0]["hypotheses"]
    assert found[0]["target"] == "get"
    assert len(found) > 10


def test_a_model_of_another_vocabulary(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    shutil.copytree(trained.folder, folder)
    lines = (folder / "vocab.yml").read_text().splitlines(keepends=True)
    (folder / "vocab.yml").write_text("".join(lines[:-1]))
    for command in ("translate", "rescore"):
        arguments = [command, *MODEL, "--folder", str(folder)]
        text = "get\tget\n" if command == "rescore" else "get\n"
        error = CliRunner().invoke(app, arguments, input=text).exception
        assert isinstance(error, DataError)
        assert "different trainings" in str(error)


def test_only_the_parser_is_held_to_the_grammar(trained: Trained) -> None:
    assert isinstance(call("translate", trained, "undo\n", "--grammar").exception, UsageError)


def test_bad_models(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path_factory.mktemp("library")))
    unknown = CliRunner().invoke(app, ["translate", "--model", "autostyle", "--language", "x"])
    assert isinstance(unknown.exception, UsageError)
    missing = CliRunner().invoke(app, ["translate", *MODEL], input="x")
    assert isinstance(missing.exception, MissingPartError)


def test_help_is_quick() -> None:
    code = "import sys, arqon_maestro.cli.code_engine; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("options", [["--from", "installed"], ["--source", "."]])
def test_going_on_needs_a_model_and_code(options: list[str]) -> None:
    with pytest.raises(UsageError, match="--from and --source go together"):
        CliRunner().invoke(app, ["train", *MODEL, *options], catch_exceptions=False)


@pytest.mark.parametrize("command", ["translate", "rescore", "generate-dataset", "train", "export"])
def test_the_parser_has_one_language(command: str) -> None:
    arguments = [command, "--model", "transcript-parser", "--language", "python"]
    with pytest.raises(UsageError, match="one language, 'default'"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_what_is_not_trained_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of the remedy trains what was asked for."""
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path))
    for asked, remedy in (
        (["--language", "go"], "--model auto-style --language go"),
        (["--model", "transcript-parser"], "--model transcript-parser --language default"),
        ([], "--model auto-style --language python"),
    ):
        with pytest.raises(MissingPartError) as caught:
            CliRunner().invoke(app, ["export", *asked], catch_exceptions=False)
        assert f"{remedy} --test-mode" in caught.value.remedy
