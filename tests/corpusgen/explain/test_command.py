"""`maestro corpusgen explain`: what it prints, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from arqon_maestro.cli.corpusgen import app
from arqon_maestro.cli.main import run


def call(*arguments: object) -> int:
    """Runs ``maestro corpusgen explain …`` in this process; returns its exit status."""
    command = typer.main.get_command(app)
    return run(command, ["explain", *(str(argument) for argument in arguments)])


def test_an_edit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text("x = 1\n")
    after.write_text("x = 1\ndef get_name<>():\n    pass\n")
    edit = ("--language", "python", "--before", before, "--after", after)
    assert call(*edit, "--transcript", "add function get name") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("probability  0.514 (at most 0.515)\n")
    assert "node         Function in StatementList\n" in printed
    assert call(*edit, "--transcript", "add function get the name", "--json") == 1
    record = json.loads(capsys.readouterr().out)
    assert (record["schema_version"], record["producible"]) == (1, False)
    assert record["said"] == "add function get"
    assert record["alternatives"][0]["words"] == "name"


def test_an_edit_given_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ("--before-text", "", "--after-text", "x = 5")
    assert call("--language", "python", *texts, "--transcript", "insert x equals the five") == 1
    printed = capsys.readouterr().out
    assert printed.startswith("not said     not these words\nsaid so far  insert x equals\n")
    assert "  five\n" in printed


def test_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text("def get_name(self):\n    return 1\n")
    place = (path, "--language", "python", "--at", 4)
    assert call(*place, "--count", 2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "add function get name\tdef SP get _ name CRSR" in lines[2]
    assert call(*place, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema_version"] == 1
    assert all(0 < way["probability"] < 1 for way in record["ways"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "what is said is missing"),
        (("--at", "3"), "a place is FILE and --at"),
        (("a.py",), "a place is FILE and --at"),
        (("--transcript", "insert x"), "give one of --before and --before-text"),
        (("--transcript", "x y", "--before-text", "", "--after-text", "y"), "starts with add"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--language", "python", *arguments) == 2
    assert message in capsys.readouterr().err
