"""`maestro speech-engine`: transcription and evaluation of an exported speech engine."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.options import (
    DEFAULT_RUN,
    Json,
    Languages,
    RunOptions,
    read_source,
    run_options,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Data, training, export, transcription, evaluation of speech.",
)

Engine = Annotated[
    Path | None,
    typer.Option(
        "--engine", help="Folder of an exported speech engine [default: the installed one]."
    ),
]


@app.command("generate-dataset")
@run_options()
def generate_dataset(
    language: Languages = None,
    run: RunOptions = DEFAULT_RUN,
) -> None:
    """Make corpus, lexicon and vocabulary from source code."""
    from arqon_maestro.pipeline import speech_engine

    pipeline = run.pipeline()
    speech_engine.generate_dataset(pipeline, language)
    typer.echo(str(pipeline.library.lm_model_data))


@app.command("train-model")
@run_options()
def train_model(
    language: Languages = None,
    run: RunOptions = DEFAULT_RUN,
) -> None:
    """Estimate the n-gram models of the search and of the rescoring."""
    from arqon_maestro.pipeline import speech_engine
    from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH

    pipeline = run.pipeline()
    speech_engine.train_model(pipeline, language)
    for role in (SEARCH, RESCORING):
        typer.echo(str(speech_engine.arpa_path(pipeline, role)))


@app.command("train-acoustic")
@run_options()
def train_acoustic(
    language: Languages = None,
    recordings: Annotated[
        list[Path] | None,
        typer.Option(
            "--recordings",
            help="Folder with wav.scp and text, or a table (CSV, TSV) with the columns file and"
            " transcript; may be given more than once.",
        ),
    ] = None,
    synthetic: Annotated[
        bool,
        typer.Option("--synthetic/--no-synthetic", help="Train on synthesised speech, too."),
    ] = True,
    adapt: Annotated[
        Path | None,
        typer.Option("--adapt", help="Folder of a model of this program to start from."),
    ] = None,
    run: RunOptions = DEFAULT_RUN,
) -> None:
    """Train an acoustic model on synthesised speech, on recordings, or on both."""
    from arqon_maestro.pipeline import acoustic, speech_features

    if not synthetic and not recordings:
        raise typer.BadParameter("--no-synthetic without --recordings leaves nothing to train on")
    pipeline = run.pipeline()
    speech_features.make_features(pipeline, language, recordings or [], synthetic)
    acoustic.train_network(pipeline, adapt=adapt)
    _, installed = acoustic.export_model(pipeline)
    if installed is not None:
        typer.echo(str(installed.folder / f"{installed.version}.tar.gz"))


@app.command()
@run_options("force", "dry_run")
def export(
    run: RunOptions = DEFAULT_RUN,
    form: Annotated[
        str,
        typer.Option("--format", help="runtime: tarballs, which are installed; or vosk: a folder."),
    ] = "runtime",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="The folder for vosk.")
    ] = None,
) -> None:
    """Pack what was trained into tarballs and install them."""
    from arqon_maestro.pipeline import speech_engine

    if form not in ("runtime", "vosk"):
        raise typer.BadParameter(f"--format {form}: runtime or vosk")
    if (form == "vosk") != (output is not None):
        raise typer.BadParameter("--format vosk and --output DIR go together")
    pipeline = run.pipeline()
    if output is not None:
        from arqon_maestro.pipeline.decoding_graph import export_for_vosk

        export_for_vosk(pipeline, output)
        typer.echo(str(output))
        return
    for installed in speech_engine.export(pipeline)[1]:
        typer.echo(str(installed.folder / f"{installed.version}.tar.gz"))


@app.command()
def transcribe(
    audio: Annotated[list[Path], typer.Argument(help="Audio files: WAV, FLAC, Ogg …")],
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Transcripts a file.")] = 10,
    engine: Engine = None,
    hint: Annotated[
        list[str] | None,
        typer.Option("--hint", help="A word that may be said though no vocabulary has it."),
    ] = None,
    hints_from: Annotated[
        Path | None,
        typer.Option("--hints-from", metavar="F", help="Source code whose names are hints."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prints the most likely transcripts of audio files, best first."""
    from arqon_maestro.speech_engine.graph_recognizer import open_recognizer

    recognizer = open_recognizer(engine or _installed())
    hints = list(hint or [])
    if hints_from is not None:
        from arqon_maestro.speech_engine.hint_words import hint_words

        hints += hint_words(read_source(hints_from), recognizer.words)
    results = {}
    for path in audio:
        transcripts = recognizer.transcribe(path, n_best, hints)
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
        Path | None,
        typer.Argument(
            help="Folder with transcripts.tsv (file, transcript) and the audio"
            " [default: the fixtures of the checkout]."
        ),
    ] = None,
    sentences: Annotated[
        Path | None,
        typer.Option("--speak", help="Instead, a text whose lines flite speaks, if installed."),
    ] = None,
    engine: Engine = None,
    as_json: Json = False,
) -> None:
    """Measures word error rate and recall on spoken commands."""
    from arqon_maestro.evaluation.speech import evaluate_recognition
    from arqon_maestro.evaluation.synthesis import speak_sentences
    from arqon_maestro.library import source_root
    from arqon_maestro.progress import StreamReporter
    from arqon_maestro.speech_engine.corpus import read_sentences
    from arqon_maestro.speech_engine.graph_recognizer import open_recognizer

    if folder is not None and sentences is not None:
        raise typer.BadParameter("a folder or --speak, not both")
    recognizer = open_recognizer(engine or _installed())
    reporter = StreamReporter()
    with tempfile.TemporaryDirectory() as spoken:
        if sentences is not None:
            folder = Path(spoken)
            lines = [line.lower() for line in read_sentences(sentences)]
            speak_sentences(lines, folder, reporter=reporter)
        elif folder is None:
            folder = source_root() / "tests" / "fixtures" / "speech"
        scores = evaluate_recognition(recognizer, folder, reporter=reporter)
    if as_json:
        typer.echo(json.dumps({"schema_version": 1, **scores.to_json()}, indent=1))
        return
    typer.echo(f"{'word error rate':<16} {scores.word_error_rate}")
    for rank, rate in scores.recall.items():
        typer.echo(f"{f'recall@{rank}':<16} {rate}")
    typer.echo(f"{'real-time factor':<16} {scores.real_time_factor:.3f}")
    for utterance in scores.utterances:
        if utterance.rank != 1:
            best = utterance.ranked[0] if utterance.ranked else ""
            typer.echo(f"{utterance.file}  {utterance.reference}  →  {best}")


def _installed() -> Path:
    from arqon_maestro.library import Library, library_root
    from arqon_maestro.models.install import require_installed
    from arqon_maestro.models.keys import speech_key

    return require_installed(Library(library_root()), speech_key("export"))
