"""Native code in a process of its own: what it cannot do is an error with the step's name."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.speech_engine.graph.fst import NOT_FINAL, Fst
from arqon_maestro.speech_engine.graph.fst_file import write_fst
from arqon_maestro.speech_engine.graph.native import run_native


def determinize(path: Path, **options: object) -> dict[str, object]:
    return run_native(
        "HCLG", "determinize", [path], path.with_name("out.fst"), delta=0.001, **options
    )


def loops(*, same_end: bool) -> Fst:
    """Two loops with one input and different outputs, told apart by the last input or never."""
    sources = np.array([0, 0, 1, 2, 1, 2])
    inputs = np.array([1, 1, 2, 2, 3, 3 if same_end else 4])
    outputs = np.array([1, 2, 3, 4, 0, 0])
    targets = np.array([1, 2, 1, 2, 3, 3])
    finals = np.array([NOT_FINAL, NOT_FINAL, NOT_FINAL, 0], np.float32)
    return Fst.of(0, finals, sources, inputs, outputs, np.zeros(6), targets)


@pytest.mark.parametrize("same_end", [True, False])
def test_what_cannot_be_determinized(same_end, tmp_path):
    write_fst(tmp_path / "a.fst", loops(same_end=same_end))
    with pytest.raises(WorkFailedError, match="HCLG: the transducer cannot be made deterministic"):
        determinize(tmp_path / "a.fst", least_limit=500)


def test_what_cannot_be_read(tmp_path):
    write_fst(tmp_path / "a.fst", loops(same_end=True))
    (tmp_path / "a.fst").write_bytes((tmp_path / "a.fst").read_bytes()[:-30])
    with pytest.raises(DataError, match="HCLG: a transducer that cannot be read"):
        determinize(tmp_path / "a.fst")
    (tmp_path / "a.fst").write_text("no transducer")
    with pytest.raises(DataError, match="cannot be read"):
        determinize(tmp_path / "a.fst")


def pretend(path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Lets a script stand for the process."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(path))


@pytest.mark.parametrize(
    ("signal", "hint"),
    [("SEGV", "died of SIGSEGV"), ("KILL", "out of memory"), ("ALRM", "was not loaded")],
)
def test_a_crash_has_the_name_of_its_step(signal, hint, tmp_path, monkeypatch):
    pretend(tmp_path / "python", monkeypatch, f"echo what happened >&2; kill -{signal} $$")
    with pytest.raises(
        WorkFailedError, match=f"HCLG: native code died of.*{hint.split()[-1]}"
    ) as e:
        determinize(tmp_path / "a.fst")
    assert "what happened" in str(e.value)
    assert hint in str(e.value)


def test_other_failures(tmp_path, monkeypatch):
    pretend(tmp_path / "python", monkeypatch, "echo bad >&2; exit 1")
    with pytest.raises(WorkFailedError, match=r"HCLG: native code failed \(bad\)"):
        determinize(tmp_path / "a.fst")
    pretend(tmp_path / "python", monkeypatch, "exit 5")
    with pytest.raises(MissingPartError, match="kaldifst is not installed"):
        determinize(tmp_path / "a.fst")
