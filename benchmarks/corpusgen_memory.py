"""Memory of `maestro corpusgen mapping` and `text` over a large corpus.

    .venv/bin/python benchmarks/corpusgen_memory.py [--megabytes 500] [--mode mapping]
        [--workers 2] [--language java --folder PATH] [--json]

The corpus is the files of the running Python's standard library, or those of a language in a
folder, again and again in a temporary folder: every copy has names of its own, so that caches by
word are put to the test. At every tenth of the files it prints the resident memory of the parent
and of its workers, now and at most.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arqon_maestro.corpusgen.batch import Corpus, make_corpus
from arqon_maestro.corpusgen.modes import AUTO_STYLE
from arqon_maestro.corpusgen.sources import Source
from arqon_maestro.languages import Language, get
from arqon_maestro.progress import Task
from corpusgen import sources

_TENTHS = 10
_BASE_MEGABYTES = 20.0
_WORD = re.compile(r"\b[a-z]{7,}\b")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _variant(text: str, number: int) -> str:
    """Returns a source whose long lower-case words end in letters of their own."""
    if number == 0:
        return text
    ending = "".join(_LETTERS[number // 26**place % 26] for place in range(3))
    return _WORD.sub(lambda found: found[0][:-3] + ending, text)


def write_corpus(
    megabytes: float, language: Language, origin: Path | None, folder: Path
) -> list[Source]:
    """Writes a corpus of about `megabytes` and returns its files."""
    base = sources(min(megabytes, _BASE_MEGABYTES), language, origin)
    found: list[Source] = []
    size = number = 0
    while size < megabytes * 1e6:
        for index, (name, text) in enumerate(base):
            path = folder / str(number) / f"{index}{Path(name).suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(_variant(text, number), encoding="utf-8")
            found.append(Source(str(path), f"{number}/{name}"))
            size += len(text)
            if size >= megabytes * 1e6:
                break
        number += 1
    return found


def _memory(process: str) -> tuple[float, float]:
    """Returns the resident memory of a process, now and at most, in megabytes."""
    status = Path("/proc", process, "status").read_text(encoding="ascii")
    now, most = (re.search(rf"{field}:\s+(\d+)", status) for field in ("VmRSS", "VmHWM"))
    return (int(now[1]) / 1024, int(most[1]) / 1024) if now and most else (0.0, 0.0)


def _children() -> list[str]:
    tasks = Path("/proc/self/task").iterdir()
    found = [child for task in tasks for child in (task / "children").read_text().split()]
    # The tracker of shared resources is a child too, and no worker.
    return [
        child for child in found if b"spawn_main" in Path("/proc", child, "cmdline").read_bytes()
    ]


class _Meter:
    """A task of progress that reads the memory at every tenth."""

    def __init__(self, total: float, rows: list[dict[str, object]]) -> None:
        self._total = total
        self._done = 0.0
        self._rows = rows

    def advance(self, amount: float = 1, note: str = "") -> None:
        before = int(self._done * _TENTHS / self._total)
        self._done += amount
        tenth = int(self._done * _TENTHS / self._total)
        if tenth == before:
            return
        parent, *workers = (_memory(process) for process in ("self", *_children()))
        row: dict[str, object] = {
            "done": tenth / _TENTHS,
            "parent_mb": round(parent[0], 1),
            "parent_peak_mb": round(parent[1], 1),
            "workers_mb": [round(now, 1) for now, _ in workers],
            "workers_peak_mb": [round(most, 1) for _, most in workers],
        }
        self._rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)


class _Metered:
    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    @contextmanager
    def task(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        yield _Meter(total or 1, self.rows)

    def say(self, message: str) -> None:
        print(message, file=sys.stderr)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--megabytes", type=float, default=20.0)
    options.add_argument("--mode", choices=("mapping", "text"), default="mapping")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--language", default="python")
    options.add_argument("--folder", type=Path)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    language = get(given.language)
    reporter = _Metered()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = write_corpus(given.megabytes, language, given.folder, folder)
        corpus = Corpus(language, AUTO_STYLE if given.mode == "mapping" else None)
        out = folder / "out"
        manifest = make_corpus(corpus, files, out, workers=given.workers, reporter=reporter)
    result = {
        "mode": given.mode,
        "files": len(files),
        "characters": manifest["characters"],
        "seconds": manifest["seconds"],
        "rejects": manifest["rejects"],
        "memory": reporter.rows,
    }
    if given.json:
        print(json.dumps(result))
    else:
        print(f"{result['files']} files, {result['characters'] / 1e6:.1f} MB", end=" ")
        print(f"in {result['seconds']} s; rejects: {result['rejects']}")


if __name__ == "__main__":
    main()
