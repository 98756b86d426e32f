"""The README's commands: each is run, and does what the page says."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.checkouts import ROOT, environment, make_checkout

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Returns the commands of the README's console blocks, without their output."""
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def test_the_readme_opens_with_the_two_commands() -> None:
    assert commands()[:2] == ["make train", "make test"]


def test_every_file_that_the_readme_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    variables = environment(checkout, tmp_path / "library")
    outputs = {}
    for command in commands():
        if command in ("make test", "make test-slow", "make bench"):
            continue  # these run this test, or take hours: checked by being run
        words = shlex.split(command)
        if words[0] == "maestro":
            words[0] = ".venv/bin/maestro"
        done = subprocess.run(
            words, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=1800
        )
        # A model of twelve updates may find no valid command; that is said with status 1.
        allowed = (0, 1) if command.startswith("maestro try") else (0,)
        assert done.returncode in allowed, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        outputs[command] = done.stdout
    latest = json.loads((tmp_path / "library" / "reports" / "latest.json").read_text())
    report = tmp_path / "library" / "reports" / latest["folder"] / "report.json"
    assert json.loads(report.read_text())["scores"]["speech"]["recall"]["10"]["total"] == 3
    spoken = next(text for name, text in outputs.items() if name.startswith("maestro try"))
    ast.parse(spoken)
