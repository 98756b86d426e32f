"""Processes that train one network: they leave nothing behind that would end them with an abort."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import torch
from arqon_maestro.executors.processes import joined

def threads():
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]

with joined(0, 1, sys.argv[1], on_gpus=False) as group:
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    assert any("gloo" in name for name in threads()), threads()
assert not any("gloo" in name for name in threads()), threads()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed on Linux only")
def test_no_thread_outlives_the_group(tmp_path: Path) -> None:
    rendezvous = (tmp_path / "rendezvous").as_uri()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, rendezvous], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
