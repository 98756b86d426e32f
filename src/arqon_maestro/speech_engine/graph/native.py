"""OpenFst's and Kaldi's operations on transducers, each run in a process of its own.

The wheel ``kaldifst`` may crash, hang when it is imported beside others, or take memory that only
the end of a process gives back. So a step reads files, runs here as ``python -m``, and writes a
file; if it dies, its name is in the error.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from arqon_maestro.errors import DataError, MissingPartError, WorkFailedError

#: Determinizing more states than this many for each one that came in will not end.
MOST_GROWTH = 50
LEAST_LIMIT = 1_000_000
IMPORT_TIMEOUT_S = 120
_NOT_DETERMINIZABLE = 3
_UNREADABLE = 4
_NO_WHEEL = 5
_TAIL_LINES = 5
#: What the wheel says of a transducer that cannot be determinized, or of one past the limit.
_ENDLESS = ("not determinizable", "Determinization aborted")
_SIGNAL_HINTS = {
    "SIGKILL": "; the system may have run out of memory",
    "SIGALRM": f"; kaldifst was not loaded in {IMPORT_TIMEOUT_S} s",
}


def run_native(
    step: str, operation: str, inputs: Sequence[Path], output: Path, **options: Any
) -> dict[str, Any]:
    """Runs an operation in a process of its own.

    Args:
        step: what is done, for errors.
        operation: a name of `OPERATIONS`.
        inputs: transducers to read.
        output: transducer to write.
        options: of the operation, JSON-able.

    Returns:
        What the operation tells: states and arcs on the way.

    Raises:
        WorkFailedError: the process died, or the transducer cannot be determinized.
        DataError: an input that cannot be read.
        MissingPartError: the wheel is not installed.
    """
    command = [sys.executable, "-m", __name__, operation, str(output), json.dumps(options)]
    run = subprocess.run([*command, *map(str, inputs)], capture_output=True, text=True)
    said = "; ".join(run.stderr.strip().splitlines()[-_TAIL_LINES:])
    if run.returncode == 0:
        told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
        return told
    if run.returncode == _NO_WHEEL:
        raise MissingPartError("the wheel kaldifst is not installed", why=said, remedy="make setup")
    if run.returncode == _UNREADABLE:
        raise DataError(f"{step}: a transducer that cannot be read", why=said)
    if run.returncode == _NOT_DETERMINIZABLE:
        raise WorkFailedError(
            f"{step}: the transducer cannot be made deterministic",
            why="two words with the same phones and no disambiguation symbol between them?",
            remedy="make the lang folder again: maestro graph lang",
        )
    if run.returncode < 0:
        name = signal.Signals(-run.returncode).name
        hint = _SIGNAL_HINTS.get(name, "")
        raise WorkFailedError(f"{step}: native code died of {name}{hint}", why=said)
    raise WorkFailedError(f"{step}: native code failed", why=said)


def _read(fsts: Any, path: str) -> Any:
    fst = fsts.StdVectorFst.read(path)
    if fst is None:
        print(f"{path}: not a transducer", file=sys.stderr)
        sys.exit(_UNREADABLE)
    return fst


def _determinize(fsts: Any, fst: Any, options: dict[str, Any]) -> None:
    limit = max(options.get("least_limit", LEAST_LIMIT), MOST_GROWTH * fst.num_states)
    try:
        stopped = fsts.determinize_star(fst, delta=options["delta"], max_states=limit, use_log=True)
    except RuntimeError as error:
        if not any(mark in str(error) for mark in _ENDLESS):
            raise
        stopped = True
    if stopped:
        sys.exit(_NOT_DETERMINIZABLE)


def _determinize_only(fsts: Any, paths: Sequence[str], options: dict[str, Any]) -> Any:
    """Determinizes in the log semiring, epsilons removed."""
    fst = _read(fsts, paths[0])
    told = {"read": fst.num_states}
    _determinize(fsts, fst, options)
    return fst, told


def _compose_context(fsts: Any, paths: Sequence[str], options: dict[str, Any]) -> Any:
    """Composes with the context of a window of phones, without nonterminals."""
    fst, windows = fsts.compose_context(
        disambig_syms=options["disambiguation"],
        context_width=options["width"],
        central_position=options["central"],
        ifst=_read(fsts, paths[0]),
    )
    return fst, {"windows": windows}


Operation = Callable[[Any, Sequence[str], dict[str, Any]], tuple[Any, dict[str, Any]]]
OPERATIONS: dict[str, Operation] = {
    "determinize": _determinize_only,
    "compose-context": _compose_context,
}


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", choices=OPERATIONS)
    parser.add_argument("output")
    parser.add_argument("options", type=json.loads)
    parser.add_argument("inputs", nargs="+")
    arguments = parser.parse_args()
    # An import that hangs is ended by the alarm, and reported as such.
    signal.alarm(IMPORT_TIMEOUT_S)
    try:
        import kaldifst
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(_NO_WHEEL)
    signal.alarm(0)
    operation = OPERATIONS[arguments.operation]
    fst, told = operation(kaldifst, arguments.inputs, arguments.options)
    fst.write(arguments.output)
    print(json.dumps({**told, "states": fst.num_states}))


if __name__ == "__main__":
    main()
