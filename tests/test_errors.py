"""Errors say what, where, why and what to type; they survive a process boundary."""

from __future__ import annotations

import pickle

from arqon_maestro.errors import DataError, MissingPartError, did_you_mean


def test_the_message_has_all_its_parts() -> None:
    error = DataError("not a number", where="x.arpa:7", why="got 'abc'", remedy="rm x.arpa")
    assert str(error) == "x.arpa:7: not a number (got 'abc')\n  try: rm x.arpa"
    assert error.exit_status == 1


def test_errors_can_be_pickled() -> None:
    error = MissingPartError("no model", where="models", remedy="maestro train")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is MissingPartError
    assert str(copy) == str(error)
    assert copy.exit_status == 3


def test_suggestions() -> None:
    assert did_you_mean("pyhton", ["python", "go"]) == "did you mean 'python'? allowed: go, python"
    assert did_you_mean("zzz", ["b", "a"]) == "allowed: a, b"


def test_a_long_list_is_cut_to_what_is_near() -> None:
    names = [f"rule{number}" for number in range(500)]
    text = did_you_mean("rule49x", names)
    assert text.startswith("500 values are allowed, such as rule49")
    assert len(text) < 100
