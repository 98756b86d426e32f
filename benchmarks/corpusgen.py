"""Speed of CorpusGen beside bare tree-sitter parsing of the same files.

    .venv/bin/python benchmarks/corpusgen.py [--megabytes 2] [--json]
        [--language java --folder PATH]

The files are those of the running Python's standard library, or those of a language in a folder.

One process. Time is processor time of this process; peak memory is that of the process after the
mode, so it only grows from row to row.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

from arqon_maestro.corpusgen.filters import layout_reason
from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.snippets.syntax import parse_as
from arqon_maestro.corpusgen.tokens import token_stream
from arqon_maestro.languages import Language, get
from arqon_maestro.library import CODE_MODELS

PYTHON = "python"
TESTS = ("test", "tests", "idlelib", "lib2to3", "site-packages")


def sources(
    megabytes: float, language: Language | None = None, folder: Path | None = None
) -> list[tuple[str, str]]:
    """Returns (path, text) of files that the file filter takes, about as much as wanted."""
    folder = folder or Path(sysconfig.get_path("stdlib"))
    language = language or get(PYTHON)
    found: list[tuple[str, str]] = []
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix not in language.extensions or set(name.parts) & set(TESTS):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if layout_reason(normalise(text), name.as_posix(), language) is None:
            found.append((name.as_posix(), text))
            size += len(text)
        if size >= megabytes * 1e6:
            break
    return found


def parser(language: Language) -> Callable[[str, str], object]:
    """Returns a function that only parses."""
    import tree_sitter

    if language.wheel is None:
        return lambda path, text: parse_as(language, normalise(text))
    module = importlib.import_module(language.grammar or "")
    grammar = tree_sitter.Language(getattr(module, language.grammar_function)())
    parse = tree_sitter.Parser(grammar).parse
    return lambda path, text: parse(text.encode("utf-8"))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=float, default=2.0)
    options.add_argument("--language", type=get, default=PYTHON)
    options.add_argument("--folder", type=Path)
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    language: Language = arguments.language
    if language.grammar is None:
        options.error(f"{language.title} has no grammar to compare with")
    auto_style, contextual, parser_model = CODE_MODELS
    modes: dict[str, Callable[[str, str], object]] = {
        "tree-sitter parse": parser(language),
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
    files = sources(arguments.megabytes, language, arguments.folder)
    if not files:
        options.error(f"no {language.title} file that the file filter takes")
    size = sum(len(text) for _, text in files) / 1e6
    rows = []
    for name, mode in modes.items():
        mode(*files[0])  # tables are loaded outside the measurement
        started = time.process_time()
        for path, text in files:
            mode(path, text)
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"mode": name, "mb_per_s": size / seconds, "peak_mib": peak})
    parse = rows[0]["mb_per_s"]
    for row in rows:
        row["times_slower_than_parsing"] = parse / row["mb_per_s"]  # type: ignore[operator]
    if arguments.json:
        print(json.dumps({"files": len(files), "megabytes": size, "rows": rows}, indent=1))
        return
    print(f"{len(files)} files, {size:.2f} MB")
    print(f"{'mode':<28} {'MB/s':>7} {'parse/x':>8} {'peak MiB':>9}")
    for row in rows:
        print(
            f"{row['mode']:<28} {row['mb_per_s']:7.2f}"
            f" {row['times_slower_than_parsing']:8.1f} {row['peak_mib']:9.0f}"
        )


if __name__ == "__main__":
    main()
