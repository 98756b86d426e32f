"""The commands of docs/how-to/fine-tune.md, for each kind of model, on tiny networks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.checkouts import environment, make_checkout

pytestmark = pytest.mark.slow

OWN = ["sched", "queue", "shelve", "netrc", "timeit", "reprlib", "stat", "chunk", "cmd", "code"]


def maestro(checkout: Path, library: Path, *arguments: str) -> list[str]:
    """Runs the program; returns the lines of its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "arqon_maestro", *arguments],
        env=environment(checkout, library),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("model", "language"),
    [
        ("auto-style", "python"),
        ("contextual-language-model", "python"),
        ("transcript-parser", "default"),
    ],
)
def test_fine_tuning(model: str, language: str, tmp_path: Path) -> None:
    checkout, library = make_checkout(tmp_path / "checkout"), tmp_path / "library"
    own = tmp_path / "shop"
    own.mkdir()
    for name in OWN:
        shutil.copy(Path(sysconfig.get_path("stdlib")) / f"{name}.py", own / f"{name}.py")
    names = ("--model", model, "--language", language)

    maestro(checkout, library, "code-engine", "train", *names, "--test-mode")
    (base,) = maestro(checkout, library, "code-engine", "export", *names)
    command = ("code-engine", "train", *names, "--test-mode")
    going_on = ("--from", "installed", "--source", str(own))
    would = maestro(checkout, library, *command, *going_on, "--dry-run")
    assert would == []

    *rows, folder = maestro(checkout, library, *command, *going_on)
    assert (Path(folder) / "model.npz").is_file()
    shown = "nats a word" if model == "contextual-language-model" else "exact match @1"
    assert {row.split(" held-out")[0] for row in rows if shown in row} == {"old", "own"}

    (tuned,) = maestro(checkout, library, "code-engine", "export", *names)
    assert tuned != base
    card = maestro(checkout, library, "models", "card", tuned)
    assert card[0] == f"# {model}, {language}, fine-tuned"
    assert any(Path(base).name.removesuffix(".tar.gz") in line for line in card)
    maestro(checkout, library, "models", "verify")

    # The same command has nothing to do, though the installed model is another one by now.
    assert maestro(checkout, library, *command, *going_on) == [*rows, folder]
    maestro(checkout, library, "models", "use", Path(base).name.removesuffix(".tar.gz"))
    listed = json.loads("\n".join(maestro(checkout, library, "models", "list", "--json")))
    (row,) = [row for row in listed["models"] if row["installed"]]
    assert f"{row['installed']}.tar.gz" == Path(base).name
    assert {Path(base).name, Path(tuned).name} == set(row["tarballs"])
    assert maestro(checkout, library, "code-engine", "export", *names) == [tuned]
    assert maestro(checkout, library, "code-engine", "export", *names, "--untuned") == [base]
