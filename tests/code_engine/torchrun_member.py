"""One process of a training under torchrun; a test starts it."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from arqon_maestro.code_engine.launching import follow, torchrun_place, trainer_for
from arqon_maestro.code_engine.updates import Updater
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.progress import SILENT

from .test_together import job


def main() -> None:
    """Leads or follows; may be killed, or fail, before an update."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--kill-at", type=int)
    parser.add_argument("--fail-at", type=int)
    arguments = parser.parse_args()
    place = torchrun_place(os.environ)
    assert place is not None
    update = Updater.update

    def disturbed(self: Updater, feds: list, number: int):  # type: ignore[no-untyped-def, type-arg]
        if number == arguments.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == arguments.fail_at and place.rank == 1:
            raise WorkFailedError("the second process fails on purpose")
        return update(self, feds, number)

    Updater.update = disturbed  # type: ignore[method-assign]
    if place.rank:
        follow(place, 0)
        return
    with trainer_for(place, 0) as trainer:
        trainer(job(arguments.data, arguments.output), SILENT)


if __name__ == "__main__":
    main()
