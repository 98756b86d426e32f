"""The commands of ``docs/how-to/add-words.md``: each is run, and prints what the page says."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from arqon_maestro.cli import g2p, lexicon
from arqon_maestro.cli.main import run
from arqon_maestro.library import Library
from tests.checkouts import ROOT

PAGE = (ROOT / "docs" / "how-to" / "add-words.md").read_text(encoding="utf-8")
APPS = {"lexicon": lexicon.app, "g2p": g2p.app}
TINY = ("--words", "400", "--held-out", "20", "--order", "3", "--iterations", "1")


def console() -> list[tuple[str, list[str]]]:
    """Returns the commands of the page's console blocks, each with the output it shows."""
    commands: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line.removeprefix("$ maestro "), []))
            else:
                commands[-1][1].append(line)
    return commands


def call(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    group, *words = shlex.split(command)
    status = run(typer.main.get_command(APPS[group]), words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_page_is_true(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("ARQON_MAESTRO_LIBRARY_ROOT", str(tmp_path))
    model = Library(tmp_path).g2p_model
    said = 0
    for command, shown in console():
        if command == "g2p train":
            # The page's model takes minutes; a tiny one in its place takes the same path.
            command = shlex.join(["g2p", "train", "--output", str(model), *TINY])
        status, out, _ = call(command, capsys)
        # Only before it is added has "frobnicate" no pronunciation.
        assert status == (1 if "show" in command else 0), command
        if shown:
            assert out.splitlines() == shown, command
            said += 1
    assert said >= 3
    for row in re.findall(r"^\| `(add .*?)` \| (.*?) \|$", PAGE, flags=re.MULTILINE):
        status, _, err = call(f"lexicon {row[0]}", capsys)
        assert status == 2, row
        assert re.split("[:,]", row[1])[0] in err, (row, err)
