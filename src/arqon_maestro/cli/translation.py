"""``maestro code-engine translate`` and ``rescore``: lines on standard input through a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.code_models import LanguageOption, ModelOption, check_names
from arqon_maestro.errors import DataError, UsageError
from arqon_maestro.library import PARSER, Library, library_root

SCHEMA_VERSION = 1

FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Use the model in this folder, not the installed.")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Cores to use.")]


def model_folder(model: str, language: str, folder: Path | None) -> Path:
    """Returns where a model is installed, or `folder`.

    Raises:
        UsageError: no such model or language.
    """
    check_names(model, language)
    return folder or Library(library_root()).code_model(model, language)


def read_lines() -> list[str]:
    """Reads standard input: UTF-8, lines that end in LF or CRLF.

    Raises:
        DataError: it is not UTF-8.
    """
    raw = sys.stdin.buffer.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            "not UTF-8 text",
            where=input_line(raw.count(b"\n", 0, error.start) + 1),
            why=str(error),
            remedy="iconv -f latin1 -t utf-8, if that is what it is",
        ) from None
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def read_sources() -> list[str]:
    """Reads source lines.

    Raises:
        DataError: not UTF-8, or a line with a tab.
    """
    lines = read_lines()
    for number, line in enumerate(lines, start=1):
        if "\t" in line:
            raise DataError(
                "a tab in a source line",
                where=input_line(number),
                why="tokens are separated by single blanks",
                remedy="cut -f 1, if these are pairs of source and target",
            )
    return lines


def read_tab_pairs() -> list[tuple[str, str]]:
    """Reads lines `source<TAB>target`.

    Raises:
        DataError: not UTF-8, or a line with no tab or more than one.
    """
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(read_lines(), start=1):
        cells = line.split("\t")
        if len(cells) != 2:
            raise DataError(
                "no tab between source and target" if len(cells) < 2 else "more than one tab",
                where=input_line(number),
                remedy="printf 'source\\ttarget\\n' | maestro code-engine rescore …",
            )
        pairs.append((cells[0], cells[1]))
    return pairs


def input_line(number: int) -> str:
    """Returns how a line of standard input is called in errors."""
    return f"standard input:{number}"


def translate(
    model: ModelOption,
    language: LanguageOption,
    folder: FolderOption = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Outputs a line.")] = 1,
    beam: Annotated[
        int | None, typer.Option("--beam", min=1, help="Width of the beam [default: the model's].")
    ] = None,
    grammar: Annotated[
        bool, typer.Option("--grammar", help="transcript-parser: valid parses only; no beam.")
    ] = False,
    threads: ThreadsOption = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with scores.")] = False,
) -> None:
    """Translate source lines on standard input into target lines.

    With --n-best N the outputs of a line follow each other, best first. Scores are natural-log
    probabilities, not divided by the length.
    """
    from arqon_maestro.code_engine.parsing import GrammarParser
    from arqon_maestro.code_engine.translator import Translator

    where = model_folder(model, language, folder)
    if grammar and model != PARSER:
        raise UsageError(f"--grammar is for {PARSER}", where="--model", why=model)
    lines = read_sources()
    if grammar:
        results = GrammarParser(where).translate(lines, n_best)
    else:
        results = Translator(where, threads).translate(lines, n_best, beam)
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "lines": [
                {
                    "source": line,
                    "hypotheses": [{"target": found.text, "score": found.score} for found in best],
                }
                for line, best in zip(lines, results, strict=True)
            ],
        }
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for number, best in enumerate(results, start=1):
        if not best:
            reason = "no command" if grammar else "empty, or more than 20 unknown tokens"
            typer.echo(f"line {number}: {reason}", err=True)
        # Never fewer lines than asked for: line N of the output stays where it is expected.
        for rank in range(n_best):
            typer.echo(best[rank].text if rank < len(best) else "")


def rescore(
    model: ModelOption,
    language: LanguageOption,
    folder: FolderOption = None,
    threads: ThreadsOption = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score pairs `source<TAB>target` on standard input: log p(target | source), natural log."""
    from arqon_maestro.code_engine.translator import Rescorer

    pairs = read_tab_pairs()
    scores = Rescorer(model_folder(model, language, folder), threads).rescore(pairs)
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "pairs": [
                {"source": source, "target": target, "score": score}
                for (source, target), score in zip(pairs, scores, strict=True)
            ],
        }
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for score in scores:
        typer.echo(f"{score:.6f}")
