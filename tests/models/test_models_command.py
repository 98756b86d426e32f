"""`maestro models`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main

from arqon_maestro.cli import models
from arqon_maestro.cli.main import run
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.registry import read_registry
from arqon_maestro.models.tarball import Packed

from .conftest import MODEL

KEY = code_key("auto-style", "python")


def maestro_models(*arguments: object) -> int:
    return run(typer.main.get_command(models.app), [str(argument) for argument in arguments])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert content["schema_version"] == 1
    return content


def test_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_models("list", "--json") == 0
    rows = document(capsys)["models"]
    assert len(rows) == 33
    assert rows[0]["pinned"] == "embedded"
    assert maestro_models("list") == 0
    assert "embedded" in capsys.readouterr().out


def test_install_leaves_the_checkout_alone(
    checkout: Path, packed: Packed, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (checkout / "config" / "models.yaml").read_bytes()
    assert maestro_models("install", packed.path, "--json") == 0
    assert document(capsys)["version"] == packed.version
    assert (checkout / "config" / "models.yaml").read_bytes() == before
    assert maestro_models("list", "--json") == 0
    row = next(row for row in document(capsys)["models"] if row["model"] == MODEL)
    assert (row["installed"], row["pinned"]) == (packed.version, None)
    assert row["recorded"] == packed.version


def test_use_and_back(
    checkout: Path, packed: Packed, other: Packed, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkout / "config" / "models.yaml"
    for tarball, version in [
        (packed.path, packed.version),
        (other.path, other.version),
        (packed.version, packed.version),
    ]:
        assert maestro_models("use", tarball) == 0
        assert read_registry(path).version(KEY) == version
    assert "installed" in capsys.readouterr().out
    assert [p.name for p in path.parent.iterdir()] == ["models.yaml"]


def test_use_finds_an_unusable_file_first(
    checkout: Path, packed: Packed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "config" / "models.yaml").write_text("speech: null\n")
    assert maestro_models("use", packed.path) == 2
    assert "did you mean" in capsys.readouterr().err
    assert not (tmp_path / "library").exists()


def test_verify(checkout: Path, packed: Packed, capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_models("verify") == 3
    assert maestro_models("install", packed.path) == 0
    assert maestro_models("verify", packed.path) == 0
    capsys.readouterr()
    assert maestro_models("verify", "--json") == 0
    installed = Path(document(capsys)["checked"][0]["path"])
    (installed / "model.npz").write_bytes(b"other")
    assert maestro_models("verify", installed) == 1
    assert "model.npz: 5 bytes, not 7" in capsys.readouterr().out


def test_card(checkout: Path, packed: Packed, capsys: pytest.CaptureFixture[str]) -> None:
    assert maestro_models("card", MODEL) == 3
    assert maestro_models("install", packed.path) == 0
    capsys.readouterr()
    for model in (MODEL, packed.path, KEY.folder(models._library())):
        assert maestro_models("card", model) == 0
        assert capsys.readouterr().out == "# A model\n"
    assert maestro_models("card", MODEL, "--json") == 0
    assert document(capsys)["manifest"]["model"] == MODEL


def test_download(
    checkout: Path, packed: Packed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert maestro_models("download") == 0
    assert "names no version" in capsys.readouterr().err
    pins = checkout / "config" / "models.yaml"
    mirror = tmp_path / "mirror" / "models" / KEY.path
    mirror.mkdir(parents=True)
    packed.path.rename(mirror / packed.path.name)
    pins.write_text(f"code-engine: {{export: {{auto-style: {{python: {packed.version}}}}}}}\n")
    assert maestro_models("download") == 3
    assert "no URL" in capsys.readouterr().err
    url = (tmp_path / "mirror").as_uri()
    assert maestro_models("download", "--url", url, "--json") == 0
    assert document(capsys)["models"] == [
        {"model": MODEL, "version": packed.version, "action": "fetched"}
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["download", "code-engine/export/auto-style/pyton"], 2),
        (["install", "nothing.tar.gz"], 3),
        (["use", "a" * 40], 3),
        (["card", "nothing"], 2),
        (["verify", "nothing"], 3),
        (["forget"], 2),
        ([], 2),
    ],
)
def test_wrong_usage(arguments: list[str], status: int, checkout: Path) -> None:
    assert maestro_models(*arguments) == status


def test_render_card() -> None:
    text = render_card(
        Card(
            "auto-style, Python",
            "Turns words into code.",
            data=[("CPython | standard library", "PSF-2.0", "10 MB")],
            scores={"exact match": 0.123456, "lines": 7},
            limits=["Synthetic."],
        )
    )
    assert text.startswith("# auto-style, Python\n\nTurns words into code.\n")
    assert "| CPython \\| standard library | PSF-2.0 | 10 MB |" in text
    assert "| exact match | 0.1235 |\n| lines | 7 |" in text
    assert "- Synthetic." in text
    assert text.endswith("## How it was made\n\nNot recorded.\n")
