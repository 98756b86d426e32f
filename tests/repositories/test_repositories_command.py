from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from arqon_maestro.cli.main import app, run
from arqon_maestro.cli.repositories import parse_size
from arqon_maestro.errors import UsageError

from .archive_makers import zip_bytes
from .test_fetch import code

MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy. "
    "The above copyright notice and this permission notice shall be included."
)


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path / "library"))
    return tmp_path / "library"


def maestro(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status: int
    try:
        status = run(typer.main.get_command(app), ["repositories", *(str(a) for a in arguments)])
    except SystemExit as error:
        status = int(error.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def make_code(folder: Path) -> Path:
    for number in range(8):
        path = folder / f"module_{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(code(f"f{number}"))
    return folder


def test_add_fetch_list_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_code(tmp_path / "mine")
    status, out, err = maestro(capsys, "add", folder, "--language", "python", "--licence", "MIT")
    assert (status, out.split()[:4]) == (0, ["local-folder/mine", "python", "8", "files"])
    assert "next: maestro repositories fetch --language python" in err
    status, out, _ = maestro(
        capsys, "fetch", "--language", "python", "--source", "mine", "--limit", "1M", "--json"
    )
    assert status == 0
    (report,) = json.loads(out)["languages"]
    assert report["total"] == {"repositories": 1, "files": 8, "bytes": report["total"]["bytes"]}
    status, out, _ = maestro(capsys, "list", "--language", "python")
    assert status == 0
    assert "mine  local  MIT  8 files" in out
    assert maestro(capsys, "verify")[:2] == (0, "python: good\n")
    assert "local-folder/mine" in maestro(capsys, "sources", "--language", "python")[1]


def test_verify_fails_on_damage(
    tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_code(tmp_path / "mine")
    maestro(capsys, "add", folder, "--language", "python", "--licence", "MIT")
    maestro(capsys, "fetch", "--language", "python", "--source", "mine")
    part = library / "repositories" / "python" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    status, out, _ = maestro(capsys, "verify", "--json")
    assert status == 1
    assert len(json.loads(out)["languages"]["python"]) >= 2


def test_add_an_archive(tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = zip_bytes({"x-1/a.py": code("a").encode(), "x-1/LICENSE": MIT.encode()})
    path = tmp_path / "x-1.zip"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    arguments = ("--language", "python", "--licence", "MIT", "--json")
    status, out, _ = maestro(capsys, "add", path, *arguments, "--sha256", digest)
    assert status == 0
    added = json.loads(out)
    assert added["source"]["sha256"] == digest
    assert added["found"][0]["files"] == 1
    status, _, err = maestro(capsys, "add", path, *arguments, "--sha256", "0" * 64)
    assert status == 1
    assert digest in err
    status, _, err = maestro(capsys, "add", path, "--language", "python", "--licence", "ISC")
    assert status == 1
    assert "LICENSE says MIT" in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["fetch", "--language", "pyton"], 2, "did you mean 'python'"),
        (["fetch", "--language", "python", "--source", "nothing"], 2, "no source 'nothing'"),
        (["fetch", "--language", "python", "--limit", "much"], 2, "not a size"),
        (["fetch", "--langage", "python"], 2, "--langage"),
        (["add", "/none", "--language", "python", "--licence", "MIT"], 2, "no such folder"),
        (["add", ".", "--language", "python", "--licence", "GPL-3.0-only"], 2, "copyleft"),
        (["add", ".", "--language", "python"], 2, "--licence"),
        (["list"], 3, "maestro repositories fetch"),
        (["verify", "--language", "rust"], 3, "maestro repositories fetch --language rust"),
        (
            ["fetch", "--language", "dart", "--source", "flet_map", "--offline"],
            3,
            "offline",
        ),
    ],
)
def test_mistakes_are_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    actual, out, err = maestro(capsys, *arguments)
    assert (actual, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5", 5),
        ("500k", 500_000),
        ("20M", 20_000_000),
        ("1.5GB", 1_500_000_000),
        ("2 mb", 2_000_000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-5", "M", "5T", "1e9"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_help_names_the_commands() -> None:
    out = CliRunner().invoke(app, ["repositories", "--help"]).output
    for name in ("fetch", "add", "list", "sources", "verify"):
        assert name in out
