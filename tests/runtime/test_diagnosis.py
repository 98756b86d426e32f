"""What the doctor sees."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main

from arqon_maestro.cli import doctor
from arqon_maestro.cli.main import run
from arqon_maestro.errors import MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.models.install import install
from arqon_maestro.models.tarball import pack
from arqon_maestro.runtime import diagnosis
from arqon_maestro.runtime.diagnosis import (
    Status,
    check_acoustic_model,
    check_checkout,
    check_library,
    check_models,
    check_speaker,
    check_wheels,
)

MODEL = "code-engine/export/auto-style/python"


@pytest.mark.parametrize(
    ("requirement", "status"),
    [
        (f"pydantic=={version('pydantic')}", Status.FINE),
        ("pydantic<100,>=2", Status.FINE),
        ("pydantic==1.0", Status.MISSING),
        ("pydantic>=99", Status.MISSING),
        ("pydantic<2", Status.MISSING),
        ("torch==2.13.0", Status.FINE),
        ("no-such-wheel-anywhere", Status.MISSING),
        ('no-such-wheel-anywhere; extra == "marian"', Status.ABSENT),
    ],
)
def test_wheels(requirement: str, status: Status) -> None:
    (check,) = check_wheels([requirement])
    assert check.status == status
    assert bool(check.remedy) == (status != Status.FINE)


def test_wheels_of_developers_do_not_count() -> None:
    assert check_wheels(['no-such-wheel-anywhere; extra == "dev"']) == []


def test_a_local_version_fits_the_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "version", lambda name: "2.13.0+cpu")
    assert check_wheels(["torch==2.13.0"])[0].status == Status.FINE
    assert check_wheels(["torch==2.13"])[0].status == Status.FINE
    assert check_wheels(["torch==2.13.1"])[0].status == Status.MISSING


def test_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {check.status for check in check_library(tmp_path / "new" / "er")} == {Status.FINE}
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    assert check_library(tmp_path / "file")[0].status == Status.MISSING
    monkeypatch.setattr(diagnosis, "LEAST_FREE_BYTES", 2**70)
    assert check_library(tmp_path)[1].status == Status.MISSING


def test_models(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    assert {check.status for check in check_models(library)} == {Status.ABSENT}
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights").write_bytes(b"weights")
    folder = install(pack(source, tmp_path, {"model": MODEL}, "").path, library).folder
    (found, *absent) = check_models(library)
    assert (found.part, found.status) == (f"model {MODEL}", Status.FINE)
    assert len(absent) == 2
    (folder / "weights").write_bytes(b"others!")
    damaged = check_models(library)[0]
    assert damaged.status == Status.DAMAGED
    assert "weights" in damaged.found
    # What it says to type mends it.
    install(Path(damaged.remedy.removeprefix("maestro models install ")), library)
    assert check_models(library)[0].status == Status.FINE


def test_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingPartError("no wheel")

    monkeypatch.setattr(diagnosis, "embedded_bundle", missing)
    assert check_acoustic_model().status == Status.MISSING
    monkeypatch.setattr(diagnosis.shutil, "which", lambda name: None)
    assert check_speaker().status == Status.ABSENT
    assert check_checkout(None).status == Status.MISSING


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = run(typer.main.get_command(doctor.app), [*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    status, content = report(capsys)
    assert (status, content["schema_version"], content["sound"]) == (0, 1, True)
    parts = {check["part"] for check in content["checks"]}
    assert {"checkout", "library root", "disk space", "flite"} <= parts
    assert run(typer.main.get_command(doctor.app), []) == 0
    assert "try: make train" in capsys.readouterr().out
    monkeypatch.setenv("ARQON_MAESTRO_SOURCE_ROOT", str(tmp_path))
    status, content = report(capsys)
    assert (status, content["sound"]) == (3, False)


def test_doctor_finds_a_damaged_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights").write_bytes(b"weights")
    library = Library(tmp_path / "library")
    folder = install(pack(source, tmp_path, {"model": MODEL}, "").path, library).folder
    (folder / "weights").unlink()
    assert report(capsys)[0] == 1
