"""The commands of the page on language models do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from arqon_maestro.cli.lm import app
from arqon_maestro.cli.main import run
from arqon_maestro.speech_engine.ngram import NgramModel

from . import reference

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "language-models.md"
COMMAND = re.compile(r"^maestro lm (.*)$", re.MULTILINE)


def test_the_commands_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = reference.random_text(seed=71, sentences=500, words=300)
    lines = [" ".join(sentence) for sentence in text]
    texts = {
        "train.txt": lines[:400],
        "held-out.txt": lines[400:],
        "own.txt": [*lines[:30], "open the quarterly report"],
        "own-held-out.txt": lines[395:420],
    }
    for name, own in texts.items():
        Path(name).write_text("\n".join(own) + "\n")
    commands = COMMAND.findall(PAGE.read_text(encoding="utf-8"))
    assert {shlex.split(command)[0] for command in commands} == {
        "train",
        "mix",
        "perplexity",
        "prune",
        "const-arpa",
    }
    for command in commands:
        if "words.txt" in command:
            words = NgramModel.read(Path("mixed.arpa")).vocabulary
            numbered = (f"{word} {number}\n" for number, word in enumerate(words, 1))
            Path("words.txt").write_text("<eps> 0\n" + "".join(numbered))
        assert run(typer.main.get_command(app), shlex.split(command)) == 0, capsys.readouterr().err
