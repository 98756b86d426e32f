"""Options that several commands share reach the pipeline from every command that has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from arqon_maestro.cli.options import DEFAULT_RUN, Json, RunOptions, run_options
from tests.checkouts import make_checkout


def commands() -> tuple[typer.Typer, list[tuple[str, RunOptions, bool]]]:
    """Returns a program with a command of all options and one of some, and what they were told."""
    app = typer.Typer()
    told: list[tuple[str, RunOptions, bool]] = []

    @app.command("all")
    @run_options()
    def everything(name: str, run: RunOptions = DEFAULT_RUN, as_json: Json = False) -> None:
        told.append((name, run, as_json))

    @app.command("some")
    @run_options("force", "dry_run")
    def some(name: str, run: RunOptions = DEFAULT_RUN, as_json: Json = False) -> None:
        told.append((name, run, as_json))

    return app, told


def test_each_option_is_told() -> None:
    app, told = commands()
    flags = ["--test-mode", "--recipe", "test", "--workers", "3", "--force", "--dry-run"]
    assert CliRunner().invoke(app, ["all", "x", *flags, "--offline", "--json"]).exit_code == 0
    assert CliRunner().invoke(app, ["all", "y"]).exit_code == 0
    assert CliRunner().invoke(app, ["some", "z", "--dry-run"]).exit_code == 0
    assert told == [
        ("x", RunOptions(True, "test", 3, True, True, True), True),
        ("y", DEFAULT_RUN, False),
        ("z", RunOptions(dry_run=True), False),
    ]


def test_a_command_has_only_its_options_in_their_order() -> None:
    app, told = commands()
    assert CliRunner().invoke(app, ["some", "z", "--offline"]).exit_code == 2
    assert told == []
    shown = CliRunner().invoke(app, ["all", "--help"]).output
    order = ["--test-mode", "--recipe", "--workers", "--force", "--dry-run", "--offline", "--json"]
    places = [shown.index(flag) for flag in order]
    assert places == sorted(places)


def test_the_pipeline_is_run_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_SOURCE_ROOT", str(make_checkout(tmp_path / "checkout")))
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    run = RunOptions(test_mode=True, workers=3, force=True, dry_run=True, offline=True)
    pipeline = run.pipeline()
    assert pipeline.library.root == tmp_path / "library"
    assert (pipeline.recipe.name, pipeline.executor.workers) == ("test", 3)
    assert (pipeline.runner.force, pipeline.runner.dry_run, pipeline.offline) == (True,) * 3
