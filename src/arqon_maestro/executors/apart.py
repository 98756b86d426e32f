"""One call in a process of its own, whose memory the system has back when it ends.

What a library keeps for later, and what lies between the pieces of freed memory, would otherwise
stay with this process beside all that comes after.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from arqon_maestro.errors import EXIT_INTERRUPTED, MaestroError, WorkFailedError

R = TypeVar("R")


def run_apart(step: str, call: Callable[[], R]) -> R:
    """Runs a call in a process of its own, and waits for it.

    Args:
        step: what is done, for errors.
        call: picklable, as what it returns is.

    Raises:
        MaestroError: what the call raised.
        WorkFailedError: the process died.
    """
    command = [sys.executable, "-m", __name__]
    run = subprocess.run(command, input=pickle.dumps(call), stdout=subprocess.PIPE)
    if run.returncode == 0:
        result: R = pickle.loads(run.stdout)
        return result
    if run.returncode == MaestroError.exit_status and run.stdout:
        raise pickle.loads(run.stdout)
    if run.returncode == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    name = signal.Signals(-run.returncode).name if run.returncode < 0 else "an error"
    raise WorkFailedError(
        f"{step}: its process died of {name}",
        why="out of memory, or killed" if name == "SIGKILL" else "",
        remedy="run the same command again: it goes on where it was",
    )


def main() -> None:
    """Entry point of the process."""
    call: Callable[[], Any] = pickle.load(sys.stdin.buffer)
    # What the call prints is no answer.
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    try:
        result = call()
    except MaestroError as error:
        answer.write(pickle.dumps(error))
        answer.flush()
        sys.exit(MaestroError.exit_status)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    answer.write(pickle.dumps(result))


if __name__ == "__main__":
    main()
