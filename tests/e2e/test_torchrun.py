"""A command under torchrun trains what the same command alone would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkouts import environment, make_checkout

pytestmark = pytest.mark.slow

COMMAND = (
    *("-m", "arqon_maestro", "code-engine", "train", "--model", "auto-style"),
    *("--language", "python", "--test-mode", "--workers", "1"),
)
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def test_torchrun_trains_and_the_training_counts(tmp_path: Path) -> None:
    places = environment(make_checkout(tmp_path / "checkout"), tmp_path / "library")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], env=places, capture_output=True, text=True, check=False
        )

    refused = run(*TORCHRUN, *COMMAND, "--gpus", "1")
    assert refused.returncode != 0
    assert "1 GPUs for 2 processes of this machine" in refused.stderr
    done = run(*TORCHRUN, *COMMAND)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "library" / "code-engine-training" / "models" / "auto-style" / "python"
    assert done.stdout.splitlines() == [str(folder)]
    assert json.loads((folder / "manifest.json").read_text())["counts"]["updates"] > 0
    alone = run(*COMMAND)
    assert alone.returncode == 0, alone.stderr
    assert "train/auto-style/python: up to date" in alone.stderr
