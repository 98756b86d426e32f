"""The `maestro corpusgen` commands: what they write, what they print, how they fail."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from arqon_maestro.cli.corpusgen import app
from arqon_maestro.cli.main import run
from arqon_maestro.corpusgen.grammar import parse_markup

LIBRARY = Path(sysconfig.get_path("stdlib"))


def call(*arguments: object) -> int:
    """Runs ``maestro corpusgen …`` in this process; returns its exit status."""
    import typer

    return run(typer.main.get_command(app), [str(argument) for argument in arguments])


def test_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = call(
        "mapping", "--language", "python", "--model", "auto-style", "--seed", 4, "--json",
        "--output-dir", tmp_path, LIBRARY / "bisect.py",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert status == 0
    manifest = json.loads(printed.out)
    assert manifest["schema_version"] == 1
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    sources = (tmp_path / "input").read_text().splitlines()
    targets = (tmp_path / "output").read_text().splitlines()
    assert len(sources) == len(targets) == manifest["lines"] > 50
    assert "auto-style python" in printed.err


def test_lexicon_and_unknowns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "input").write_text("CTX ENG get foo\nCTX ENG bar of x\n")
    (tmp_path / "output").write_text("get _ foo\nzap ( x )\n")
    assert call("lexicon", "--max-words", 5, tmp_path / "input") == 0
    assert set(capsys.readouterr().out.split()) >= {"CTX", "ENG"}
    (tmp_path / "lexicon").write_text("CTX\nENG\nget\n_\nof\n(\n)\nx\n")
    arguments = [
        "unknowns", "--model", "auto-style", "--lexicon", tmp_path / "lexicon",
        "--input", tmp_path / "input", "--output", tmp_path / "output",
        "--converted-input", tmp_path / "i", "--converted-output", tmp_path / "o", "--json",
    ]  # fmt: skip
    assert call(*arguments) == 0
    counted = json.loads(capsys.readouterr().out)
    assert counted["lines"] == 1 and sum(counted["rejects"].values()) == 1
    source, target = (tmp_path / "i").read_text(), (tmp_path / "o").read_text()
    placeholder = source.split()[-1]
    assert placeholder.startswith("UNK")
    assert (source, target) == (f"CTX ENG get {placeholder}\n", f"get _ {placeholder}\n")
    (tmp_path / "output").write_text("get _ foo\n")
    assert call(*arguments) == 1
    assert "different numbers of lines" in capsys.readouterr().err


def test_unknowns_copies_the_contextual_model(tmp_path: Path) -> None:
    (tmp_path / "lexicon").write_text("a\n")
    (tmp_path / "input").write_text("\nb c\n")
    (tmp_path / "output").write_text("d\ne\n")
    status = call(
        "unknowns", "--model", "contextual-language-model", "--lexicon", tmp_path / "lexicon",
        "--input", tmp_path / "input", "--output", tmp_path / "output",
        "--converted-input", tmp_path / "i", "--converted-output", tmp_path / "o",
    )  # fmt: skip
    assert status == 0
    assert (tmp_path / "i").read_text() == "\nb c\n"


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", "selection", "--language", "python", "--count", 7) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert all(parse_markup(line).name == "selection" for line in lines)
    assert call("show", "selectoin") == 2
    assert "selection" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--language", "pyton", "--model", "auto-style", "{lib}"], 2, "did you mean 'python'"),
        (["--language", "python", "--model", "autostyle", "{lib}"], 2, "did you mean 'auto-style'"),
        (["--language", "python", "--model", "auto-style", "/no/such"], 2, "no such file"),
        (["--language", "java", "--model", "auto-style", "{empty}"], 1, "no Java source file"),
        (["--language", "python", "--model", "auto-style", "--speed", "9", "{lib}"], 2, "--speed"),
        (["--language", "python", "--model", "auto-style", "--workers", "0", "{lib}"], 2, "0"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    status: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    filled = [a.format(lib=LIBRARY / "bisect.py", empty=empty) for a in arguments]
    assert call("mapping", "--output-dir", tmp_path / "out", *filled) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_help_is_light() -> None:
    code = (
        "import sys; from arqon_maestro.cli import corpusgen; "
        "heavy = {'torch', 'tree_sitter', 'ctranslate2', 'arqon_maestro.corpusgen.inserts'}; "
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
