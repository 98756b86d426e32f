"""Speed of CorpusGen beside bare tree-sitter parsing of the same files.

    .venv/bin/python benchmarks/corpusgen.py [--megabytes 2] [--json]
        [--language java --folder PATH | --languages-below PATH] [--scaling]

The files are those of the running Python's standard library, those of a language in a folder, or
those of every language in folders named after them below one. Times are processor time of one
process, set up as a worker is; the fastest of three runs counts. Peak memory is that of the process
after the mode, so it only grows from row to row.

With --scaling it also shows how time grows with the input, and what a second worker brings (wall
time of `maestro corpusgen mapping`'s own function, start of the workers included).
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import resource
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from arqon_maestro import languages
from arqon_maestro.corpusgen.batch import Corpus, make_corpus
from arqon_maestro.corpusgen.filters import layout_reason
from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.rates import MOST_LINES
from arqon_maestro.corpusgen.snippets.syntax import OWN_PARSERS, entry_point, own_parser
from arqon_maestro.corpusgen.sources import Source
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.executors.crew import GARBAGE_THRESHOLD
from arqon_maestro.languages import Language
from arqon_maestro.library import CODE_MODELS

PYTHON = "python"
TESTS = ("test", "tests", "idlelib", "lib2to3", "site-packages")
RUNS = 3

Files = Sequence[tuple[str, str]]


def sources(
    megabytes: float, language: Language | None = None, folder: Path | None = None
) -> list[tuple[str, str]]:
    """Returns (path, text) of files that the file filter takes, about as much as wanted."""
    folder = folder or Path(sysconfig.get_path("stdlib"))
    language = language or languages.get(PYTHON)
    found: list[tuple[str, str]] = []
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or set(name.parts) & set(TESTS):
            continue
        if languages.of_path(name.as_posix(), "") is not language:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if layout_reason(normalise(text), name.as_posix(), language) is None:
            found.append((name.as_posix(), text))
            size += len(text)
        if size >= megabytes * 1e6:
            break
    return found


def parser(language: Language) -> Callable[[str, str], object] | None:
    """Returns a function that only parses; None for a language without a tree."""
    if language.grammar is None:
        return None
    if language.grammar.startswith(OWN_PARSERS):
        own = own_parser(entry_point(language))
        return lambda path, text: own(normalise(text))
    import tree_sitter

    module = importlib.import_module(language.grammar)
    grammar = tree_sitter.Language(getattr(module, language.grammar_function)())
    parse = tree_sitter.Parser(grammar).parse
    return lambda path, text: parse(text.encode("utf-8", "replace"))


def measure(language: Language, files: Files) -> list[dict[str, Any]]:
    """Returns a row for each mode: MB/s, memory, and how much slower than parsing it is."""
    auto_style, contextual, parser_model = CODE_MODELS
    modes: dict[str, Callable[[str, str], object] | None] = {
        "parse": parser(language),
        "tokens": lambda path, text: token_stream(text),
        "mapping auto-style, no add": lambda path, text: mapping_lines(
            text, path, language, auto_style, add=False
        ),
        "mapping auto-style": lambda path, text: mapping_lines(text, path, language, auto_style),
        "mapping contextual": lambda path, text: mapping_lines(text, path, language, contextual),
        "mapping transcript-parser": lambda path, text: mapping_lines(
            text, path, language, parser_model
        ),
        "text": lambda path, text: text_lines(text, path, language),
    }
    size = sum(len(text) for _, text in files) / 1e6
    rows: list[dict[str, Any]] = []
    for name, mode in modes.items():
        if mode is None:
            continue
        mode(*files[0])  # tables are loaded outside the measurement
        fastest = min(_seconds(mode, files) for _ in range(RUNS))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"mode": name, "mb_per_s": size / fastest, "peak_mib": peak})
    if modes["parse"] is not None:
        for row in rows:
            row["times_slower_than_parsing"] = rows[0]["mb_per_s"] / row["mb_per_s"]
    return rows


def _seconds(mode: Callable[[str, str], object], files: Files) -> float:
    started = time.process_time()
    for path, text in files:
        mode(path, text)
    return time.process_time() - started


def scaling(language: Language, files: Files) -> dict[str, Any]:
    """Returns the time for files of twice the length, and for 1 worker against 2."""
    model = CODE_MODELS[0]

    def mode(path: str, text: str) -> object:
        return mapping_lines(text, path, language, model)

    # Every file against the same twice over, as far as the filter takes that.
    short = [(path, text) for path, text in files if text.count("\n") < MOST_LINES // 2 - 1]
    long = [(path, text + "\n" + text) for path, text in short]
    ratio = min(_seconds(mode, long) for _ in range(RUNS)) / min(
        _seconds(mode, short) for _ in range(RUNS)
    )
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        listed = []
        for number, (path, text) in enumerate(files):
            file = root / f"{number}{Path(path).suffix}"
            file.write_text(text, encoding="utf-8")
            listed.append(Source(str(file), path))
        wall = {}
        for workers in (1, 2, 1, 2):
            started = time.monotonic()
            make_corpus(Corpus(language, model), listed, root / "out", workers=workers)
            seconds = time.monotonic() - started
            wall[workers] = min(seconds, wall.get(workers, seconds))
    return {
        "time_ratio": ratio,
        "seconds_with_1_worker": wall[1],
        "seconds_with_2_workers": wall[2],
        "speed_up": wall[1] / wall[2],
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=float, default=2.0)
    options.add_argument("--language", default=PYTHON)
    options.add_argument("--folder", type=Path)
    options.add_argument("--languages-below", type=Path)
    options.add_argument("--scaling", action="store_true")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    gc.set_threshold(GARBAGE_THRESHOLD)
    chosen: list[tuple[Language, Path | None]]
    if arguments.languages_below:
        names = sorted(path.name for path in arguments.languages_below.iterdir() if path.is_dir())
        chosen = [(languages.get(name), arguments.languages_below / name) for name in names]
    else:
        chosen = [(languages.get(arguments.language), arguments.folder)]
    report = []
    for language, folder in chosen:
        files = sources(arguments.megabytes, language, folder)
        if not files:
            options.error(f"no {language.title} file that the file filter takes")
        size = sum(len(text) for _, text in files) / 1e6
        entry: dict[str, Any] = {
            "language": language.name,
            "files": len(files),
            "megabytes": size,
            "rows": measure(language, files),
        }
        if arguments.scaling:
            entry["scaling"] = scaling(language, files)
        report.append(entry)
        if not arguments.json:
            _print(entry)
    if arguments.json:
        print(json.dumps(report, indent=1))


def _print(entry: dict[str, Any]) -> None:
    print(f"{entry['language']}: {entry['files']} files, {entry['megabytes']:.2f} MB")
    print(f"{'mode':<28} {'MB/s':>7} {'parse/x':>8} {'peak MiB':>9}")
    for row in entry["rows"]:
        slower = row.get("times_slower_than_parsing")
        print(
            f"{row['mode']:<28} {row['mb_per_s']:7.2f}"
            f" {'' if slower is None else format(slower, '8.1f'):>8} {row['peak_mib']:9.0f}"
        )
    if "scaling" in entry:
        found = entry["scaling"]
        print(
            f"files of twice the length take {found['time_ratio']:.2f} times the time;"
            f" 2 workers are {found['speed_up']:.2f} times as fast as 1"
        )


if __name__ == "__main__":
    main()
