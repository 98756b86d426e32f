"""``maestro code-engine translate`` and ``rescore``."""

from __future__ import annotations

import json
import subprocess
import sys

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


@pytest.mark.parametrize(("text", "kind"), [("no tab\n", DataError), (b"\xff\tx\n", DataError)])
def test_bad_lines(trained: Trained, text: str | bytes, kind: type[Exception]) -> None:
    assert isinstance(call("rescore", trained, text).exception, kind)


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
