"""`maestro speech-engine`: transcription and evaluation of an exported speech engine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.options import Json

app = typer.Typer(
    no_args_is_help=True, help="Data, training, export, transcription, evaluation of speech."
)

Engine = Annotated[
    Path | None,
    typer.Option(
        "--engine", help="Folder of an exported speech engine [default: the installed one]."
    ),
]


@app.command()
def transcribe(
    audio: Annotated[list[Path], typer.Argument(help="Audio files: WAV, FLAC, Ogg …")],
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Transcripts a file.")] = 10,
    engine: Engine = None,
    as_json: Json = False,
) -> None:
    """Prints the most likely transcripts of audio files, best first."""
    from arqon_maestro.speech_engine.recognizer import Recognizer

    recognizer = Recognizer(engine or _installed())
    results = {}
    for path in audio:
        transcripts = recognizer.transcribe(path, n_best)
        results[str(path)] = transcripts
        if as_json:
            continue
        if len(audio) > 1:
            typer.echo(f"{path}")
        typer.echo(f"{'cost':>9} {'acoustic':>9} {'language':>9}  transcript")
        for found in transcripts:
            typer.echo(
                f"{found.cost:9.2f} {found.acoustic_cost:9.2f} {found.language_model_cost:9.2f}"
                f"  {found.transcript}"
            )
    if as_json:
        files = {path: [asdict(found) for found in ranked] for path, ranked in results.items()}
        typer.echo(json.dumps({"schema_version": 1, "files": files}, indent=1))


@app.command()
def evaluate(
    folder: Annotated[
        Path, typer.Argument(help="Folder with transcripts.tsv (file, transcript) and the audio.")
    ],
    engine: Engine = None,
    as_json: Json = False,
) -> None:
    """Measures word error rate and recall on spoken commands."""
    from arqon_maestro.evaluation.speech import evaluate_recognition
    from arqon_maestro.progress import StreamReporter
    from arqon_maestro.speech_engine.recognizer import Recognizer

    scores = evaluate_recognition(
        Recognizer(engine or _installed()), folder, reporter=StreamReporter()
    )
    if as_json:
        typer.echo(json.dumps({"schema_version": 1, **asdict(scores)}, indent=1))
        return
    for name, rate in scores.rates().items():
        typer.echo(f"{name:<16} {rate}")
    typer.echo(f"{'real-time factor':<16} {scores.real_time_factor:.3f}")
    for utterance in scores.utterances:
        if utterance.rank != 1:
            best = utterance.transcripts[0] if utterance.transcripts else ""
            typer.echo(f"{utterance.file}  {utterance.reference}  →  {best}")


def _installed() -> Path:
    from arqon_maestro.library import Library, library_root

    return Library(library_root()).speech_model("export")
