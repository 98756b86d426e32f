"""`maestro try`: from a transcript, or from speech, to code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arqon_maestro.cli.options import read_source
from arqon_maestro.errors import EXIT_FAILED, UsageError
from arqon_maestro.library import Library, library_root

if TYPE_CHECKING:
    from arqon_maestro.languages import Language
    from arqon_maestro.runtime.interpreter import Alternative, Interpreter
    from arqon_maestro.runtime.transcripts import Transcript

SCHEMA_VERSION = 1
DEFAULT_LANGUAGE = "python"
AUDIO_READINGS = 20
LONGEST_CELL = 48

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def try_command(
    transcripts: Annotated[
        list[str] | None,
        typer.Argument(help='What was said: "add function get name"; several: other readings.'),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of the code; default: by the file's name, or python.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The source to edit; it is not written.")
    ] = None,
    cursor: Annotated[
        int | None, typer.Option(help="The caret, in characters from 0; default: the end.")
    ] = None,
    audio: Annotated[Path | None, typer.Option(help="Speech instead of a transcript.")] = None,
    hypotheses: Annotated[
        int, typer.Option(min=1, max=20, help="Readings of each text to look at.")
    ] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Shows what a transcript may mean, ranked, and the code that it makes.

    The table's lines start with "# ", so that what is printed for Python is Python.
    """
    from arqon_maestro.runtime.document import Document

    if bool(transcripts) == (audio is not None):
        raise UsageError(
            "say one of the two: a transcript, or --audio FILE",
            remedy='maestro try "add function get name" --language python',
        )
    library = Library(library_root())
    chosen = _language(language, file)
    source = read_source(file) if file is not None else ""
    document = Document(source, len(source) if cursor is None else cursor)
    readings = _heard(library, audio, source) if audio is not None else _typed(transcripts or [])
    interpreter = _interpreter(library, chosen, hypotheses)
    alternatives = interpreter.interpret(document, readings)
    if as_json:
        typer.echo(json.dumps(_document(chosen.name, alternatives), indent=1, ensure_ascii=False))
    else:
        for line in _table(alternatives):
            typer.echo(f"# {line}".rstrip())
        if alternatives and alternatives[0].parse.markup:
            typer.echo(f"# parsed: {alternatives[0].parse.markup}")
    if not alternatives or not alternatives[0].standing.valid:
        typer.echo("nothing that was heard could be carried out", err=True)
        return EXIT_FAILED
    best = alternatives[0].outcome
    if best.document is not None and not as_json:
        typer.echo("")
        typer.echo(best.document.source, nl=not best.document.source.endswith("\n"))
    return 0


def _language(name: str | None, file: Path | None) -> Language:
    from arqon_maestro import languages

    if name is not None:
        return languages.get(name)
    found = languages.of_path(file) if file is not None else languages.get(DEFAULT_LANGUAGE)
    if found is None:
        raise UsageError("the name does not tell the language", where=file, remedy="--language L")
    return found


def _typed(texts: list[str]) -> list[Transcript]:
    from arqon_maestro.runtime.transcripts import typed

    return typed(texts)


def _heard(library: Library, audio: Path, source: str) -> list[Transcript]:
    from arqon_maestro.models.install import require_installed
    from arqon_maestro.models.keys import speech_key
    from arqon_maestro.runtime.transcripts import heard
    from arqon_maestro.speech_engine.graph_recognizer import open_recognizer
    from arqon_maestro.speech_engine.hint_words import hint_words

    recognizer = open_recognizer(require_installed(library, speech_key("export")))
    hints = hint_words(source, recognizer.words) if recognizer.takes_hints else []
    return heard(
        (reading.transcript, reading.acoustic_cost, reading.language_model_cost)
        for reading in recognizer.transcribe(audio, AUDIO_READINGS, hints)
    )


def _interpreter(library: Library, language: Language, hypotheses: int) -> Interpreter:
    from arqon_maestro.code_engine.parsing import GrammarParser
    from arqon_maestro.code_engine.translator import Rescorer, Translator
    from arqon_maestro.models.install import require_installed
    from arqon_maestro.models.keys import code_key
    from arqon_maestro.models.version import installed_version
    from arqon_maestro.runtime.edit import Editor
    from arqon_maestro.runtime.interpreter import Interpreter
    from arqon_maestro.runtime.style import Styler

    parser = GrammarParser(require_installed(library, code_key("transcript-parser", "default")))
    auto_style = Translator(require_installed(library, code_key("auto-style", language.name)))
    folder = code_key("contextual-language-model", language.name).folder(library)
    contextual = Rescorer(folder) if installed_version(folder) else None
    return Interpreter(parser, Editor(language, Styler(auto_style, contextual), hypotheses))


def _rows(alternatives: list[Alternative]) -> list[dict[str, Any]]:
    rows = []
    for rank, alternative in enumerate(alternatives, 1):
        parse, outcome, standing = alternative.parse, alternative.outcome, alternative.standing
        rows.append(
            {
                "rank": rank,
                "transcript": parse.transcript.text,
                "valid": standing.valid,
                "parse": parse.origin if parse.tree is not None else None,
                "markup": parse.markup,
                "acoustic_cost": standing.acoustic_cost,
                "language_model_cost": standing.language_model_cost,
                "parser_score": parse.score,
                "style_score": None if standing.style_cost is None else -standing.style_cost,
                "contextual_score": (
                    None if standing.contextual_cost is None else -standing.contextual_cost
                ),
                "code": outcome.code,
                "note": outcome.note,
                "source": None if outcome.document is None else outcome.document.source,
                "cursor": None if outcome.document is None else outcome.document.cursor,
                "selection": None if outcome.document is None else outcome.document.selection,
            }
        )
    return rows


def _document(language: str, alternatives: list[Alternative]) -> dict[str, Any]:
    rows = _rows(alternatives)
    best = rows[0] if rows and rows[0]["valid"] else None
    return {
        "schema_version": SCHEMA_VERSION,
        "language": language,
        "source": best["source"] if best else None,
        "cursor": best["cursor"] if best else None,
        "alternatives": rows,
    }


def _table(alternatives: list[Alternative]) -> list[str]:
    head = ("", "transcript", "parse", "parser", "style", "context", "code")
    lines = [head]
    for row in _rows(alternatives):
        code = " ".join(row["code"].split()) or row["note"]
        if row["code"] and row["note"]:
            code += f"  ({row['note']})"
        lines.append(
            (
                f"{row['rank']}{'' if row['valid'] else ' invalid'}",
                row["transcript"],
                row["parse"] or "none",
                _score(row["parser_score"]),
                _score(row["style_score"]),
                _score(row["contextual_score"]),
                code,
            )
        )
    cut = [tuple(_cut(cell) for cell in line[:-1]) + line[-1:] for line in lines]
    widths = [max(len(line[column]) for line in cut) for column in range(len(head) - 1)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in cut
    ]


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
