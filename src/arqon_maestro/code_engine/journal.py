"""The log of a training, which a resumed training continues where its checkpoint stands."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_binary, atomic_text
from arqon_maestro.code_engine.event_file import first_record, scalars_record

LOG_FILE = "log.jsonl"
# TensorBoard takes any file whose name has "tfevents" in it.
EVENT_FILE = "events.out.tfevents"
#: Key of the log → tag of the event file.
TAGS = {
    "loss": "loss/training",
    "valid_loss": "loss/validation",
    "valid_accuracy": "accuracy/validation",
    "learning_rate": "progress/learning rate",
    "words": "progress/words",
    "words_per_s": "progress/words a second",
}


class Journal:
    """Lines of JSON about a training, each with its `update`; the same as a TensorBoard event file.

    The event file holds what the log holds: a training that goes on writes it anew from the lines
    that are kept, so that no update is in it twice.

    Args:
        path: the log, continued if it is there; the event file lies beside it.
        update: lines of later updates are dropped: a training that goes on writes them again.
    """

    def __init__(self, path: Path, update: int) -> None:
        self.path = path
        self.event_path = path.with_name(EVENT_FILE)
        kept = [line for line in read_log(path) if line["update"] <= update]
        started_s = _time_s(kept[0]) if kept else _now_s()
        with atomic_text(path) as stream:
            stream.writelines(_line(values) for values in kept)
        with atomic_binary(self.event_path) as binary:
            binary.write(first_record(started_s))
            binary.writelines(_events(kept))

    def write(self, **values: Any) -> None:
        """Appends one line, with the `time` in seconds since 1970."""
        values["time"] = _now_s()
        with open(self.path, "a", encoding="utf-8") as stream:
            stream.write(_line(values))
        with open(self.event_path, "ab") as binary:
            binary.writelines(_events([values]))


def read_log(path: Path) -> list[dict[str, Any]]:
    """Returns the lines of a log, none if there is no such file.

    A kill can leave the last line unfinished; it is left out.
    """
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("}\n")]


def _now_s() -> float:
    return round(time.time(), 3)


def _time_s(values: dict[str, Any]) -> float:
    # Logs of earlier versions do not say it.
    return float(values.get("time", 0.0))


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values) + "\n"


def _events(lines: Sequence[dict[str, Any]]) -> list[bytes]:
    events = []
    for values in lines:
        scalars = {tag: values[key] for key, tag in TAGS.items() if values.get(key) is not None}
        events.append(scalars_record(_time_s(values), values["update"], scalars))
    return events
