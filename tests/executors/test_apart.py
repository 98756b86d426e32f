"""A call in a process of its own: its result, its errors, and its end."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError
from arqon_maestro.executors.apart import run_apart
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols


def test_the_result_comes_from_another_process():
    assert run_apart("G", os.getpid) != os.getpid()
    assert run_apart("G", partial(divmod, 7, 2)) == (3, 1)


def test_what_is_printed_is_no_answer():
    assert run_apart("G", partial(print, "hello")) is None


def test_errors_arrive_as_they_are(tmp_path: Path):
    path = tmp_path / "words.txt"
    path.write_text("<eps> 0\nword\n")
    with pytest.raises(DataError) as found:
        run_apart("G", partial(read_symbols, path))
    assert found.value.where == f"{path}:2"
    with pytest.raises(MissingPartError):
        run_apart("G", partial(read_json, tmp_path / "none.json"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(divmod, 1, 0), "G: its process died of an error"),
        (partial(signal.raise_signal, signal.SIGSEGV), "G: its process died of SIGSEGV"),
        (partial(signal.raise_signal, signal.SIGKILL), "SIGKILL.*out of memory"),
    ],
    ids=["error", "crash", "killed"],
)
def test_a_death_has_the_name_of_its_step(call, message):
    with pytest.raises(WorkFailedError, match=message):
        run_apart("G", call)


def test_an_interruption_goes_on():
    # Not by a signal: a shell's background jobs ignore this one, and so do their children.
    with pytest.raises(KeyboardInterrupt):
        run_apart("G", partial(signal.default_int_handler, signal.SIGINT, None))
