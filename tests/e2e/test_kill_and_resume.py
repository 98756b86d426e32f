"""A training killed in each of its long steps ends as an undisturbed one does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arqon_maestro.artifacts import sha256_file
from tests.checkouts import environment, make_checkout

pytestmark = pytest.mark.slow

LONG_STEPS = (
    "repositories/python",
    "corpus/python",
    "g2p",
    "lexicon",
    "lm/search",
    "dataset/transcript-parser/default",
    "train/transcript-parser/default",
    "dataset/auto-style/python",
    "train/auto-style/python",
    "export/auto-style/python",
    "train/contextual-language-model/python",
    "evaluation/speech",
    "report",
)
COMMAND = [
    sys.executable,
    "-c",
    "from arqon_maestro.cli.main import main; main()",
    "train",
    "--test-mode",
    "--language",
    "python",
    "--workers",
    "2",
]


def run_until(step: str | None, checkout: Path, library: Path) -> int | None:
    """Runs the training; kills it soon after `step` has begun. Returns the exit status if any."""
    with subprocess.Popen(
        COMMAND,
        env=environment(checkout, library),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if step is not None and line.startswith(f"{step}: running"):
                # Long enough to be in the middle of the work, not so long that it ends.
                try:
                    process.wait(0.4 if step.startswith(("train", "dataset", "corpus")) else 0.05)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                break
        else:
            return process.wait()
    return None


def content(library: Path) -> dict[str, str]:
    """Returns the digests of all that a training makes, times and speeds apart."""
    kept = {}
    for path in sorted(library.rglob("*")):
        name = path.relative_to(library).as_posix()
        if not path.is_file() or name.startswith((".work/", "reports/", "downloads/")):
            continue
        if path.suffix in (".json", ".jsonl", ".pt", ".tfevents") or "checkpoint" in path.name:
            continue
        kept[name] = sha256_file(path)
    return kept


def test_killed_in_each_long_step_it_ends_the_same(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    assert run_until(None, checkout, tmp_path / "undisturbed") == 0
    for step in LONG_STEPS:
        run_until(step, checkout, tmp_path / "disturbed")
    assert run_until(None, checkout, tmp_path / "disturbed") == 0
    assert content(tmp_path / "disturbed") == content(tmp_path / "undisturbed")
    leftovers = list((tmp_path / "disturbed").rglob("*.partial-*"))
    assert not leftovers
    work = [path.name for path in (tmp_path / "disturbed" / ".work").iterdir()]
    assert not [name for name in work if "@" in name]
    latest = json.loads((tmp_path / "disturbed" / "reports" / "latest.json").read_text())
    assert (tmp_path / "disturbed" / "reports" / latest["folder"] / "report.html").is_file()
