"""Marian's side of a comparison. It needs pymarian alone, so that another Python can run it.

    PYTHON benchmarks/marian_peer.py < request.json > answer.json

A request has the text of a `config.yml` (models and vocabularies appended), further options, and
lines. Each line is translated alone, through the same classes as in a Marian server. The answer has
what Marian printed for each line, and the milliseconds that it took.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pymarian import Translator


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Translates the lines of a request."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yml"
        config.write_text(request["config"], encoding="utf-8")
        marian = Translator(config=str(config), quiet=True, **request["options"])
        printed, durations_ms = [], []
        for line in request["lines"]:
            started = time.perf_counter()
            found = marian.translate([line])
            durations_ms.append(1000 * (time.perf_counter() - started))
            printed.append("\n".join(found).split("\n"))
    return {"printed": printed, "durations_ms": durations_ms}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
