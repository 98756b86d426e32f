"""The log of a training, which a resumed training continues where its checkpoint stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_text

LOG_FILE = "log.jsonl"


class Journal:
    """Lines of JSON about a training, each with its `update`.

    Args:
        path: the file, continued if it is there.
        update: lines of later updates are dropped: a training that goes on writes them again.
    """

    def __init__(self, path: Path, update: int) -> None:
        self.path = path
        kept = [line for line in self._lines() if json.loads(line)["update"] <= update]
        with atomic_text(path) as stream:
            stream.writelines(kept)

    def _lines(self) -> list[str]:
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        # A kill can leave the last line unfinished.
        return [line for line in lines if line.endswith("}\n")]

    def write(self, **values: Any) -> None:
        """Appends one line."""
        with open(self.path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")
