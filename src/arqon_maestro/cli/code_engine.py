"""``maestro code-engine``: data, training, export, translation, evaluation."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from arqon_maestro.cli.options import (
    DryRun,
    Force,
    Json,
    Offline,
    RecipeOption,
    TestMode,
    Workers,
    pipeline_of,
)
from arqon_maestro.errors import DataError, UsageError, did_you_mean
from arqon_maestro.library import CODE_MODELS, Library, library_root

app = typer.Typer(
    no_args_is_help=True, help="Data, training, export, translation, evaluation of the code engine."
)

SCHEMA_VERSION = 1

ModelOption = Annotated[str, typer.Option("--model", help=f"One of {', '.join(CODE_MODELS)}.")]
LanguageOption = Annotated[
    str, typer.Option("--language", help="Language of the model; `default` for transcript-parser.")
]
OptionalModel = Annotated[str | None, typer.Option("--model", help="Only this model.")]
OptionalLanguage = Annotated[str | None, typer.Option("--language", help="Only this language.")]
GpusOption = Annotated[int, typer.Option("--gpus", help="GPUs to train on; 0: the processor.")]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Use the model in this folder, not the installed.")
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="Go on from this model: `installed`, a folder, a tarball, or a Marian model.npz.",
    ),
]
SourceOption = Annotated[
    list[Path] | None,
    typer.Option("--source", help="Your own code, a folder or file; may be given more than once."),
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Cores to use.")]


def check_language(language: str) -> None:
    """Raises `UsageError` for a language that there is not."""
    from arqon_maestro import languages

    languages.get(language)


def check_names(model: str, language: str | None) -> None:
    """Raises `UsageError` for a model or a language that there is not."""
    if model not in CODE_MODELS:
        raise UsageError(f"no such model: {model!r}", remedy=did_you_mean(model, CODE_MODELS))
    if language is not None:
        check_language(language)


def model_folder(model: str, language: str, folder: Path | None) -> Path:
    """Returns where a model is installed, or `folder`.

    Raises:
        UsageError: no such model or language.
    """
    check_names(model, language)
    return folder or Library(library_root()).code_model(model, language)


def show_tuned(folder: Path, scores: dict[str, Any]) -> None:
    """Prints what a fine-tuning changed, and where the model lies."""
    from arqon_maestro.evaluation.comparison import summarise

    rows = summarise(scores)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        typer.echo(f"{name:{width}}  {text}")
    typer.echo(str(folder))


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


@app.command()
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
    if grammar and model != CODE_MODELS[-1]:
        raise UsageError(f"--grammar is for {CODE_MODELS[-1]}", where="--model", why=model)
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


@app.command()
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


@app.command("generate-dataset")
def generate_dataset(
    model: ModelOption,
    language: LanguageOption,
    test_mode: TestMode = False,
    recipe: RecipeOption = None,
    workers: Workers = None,
    force: Force = False,
    dry_run: DryRun = False,
    offline: Offline = False,
) -> None:
    """Make a model's dataset from source code."""
    from arqon_maestro.pipeline import datasets

    check_names(model, language)
    pipeline = pipeline_of(
        test_mode=test_mode,
        recipe=recipe,
        workers=workers,
        force=force,
        dry_run=dry_run,
        offline=offline,
    )
    datasets.generate_dataset(pipeline, model, language)
    typer.echo(str(pipeline.library.dataset(model, language)))


@app.command()
def train(
    model: ModelOption,
    language: LanguageOption,
    gpus: GpusOption = 0,
    base: BaseOption = None,
    source: SourceOption = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Train on the Ray cluster, a worker for each GPU.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            min=1.0,
            help="Seconds to train at most; what is learnt by then differs from run to run.",
        ),
    ] = None,
    test_mode: TestMode = False,
    recipe: RecipeOption = None,
    workers: Workers = None,
    force: Force = False,
    dry_run: DryRun = False,
    offline: Offline = False,
) -> None:
    """Train a model; goes on where an interrupted training was.

    With --from and --source a model that there is goes on with your own code.

    Under torchrun (torchrun --nproc-per-node N -m arqon_maestro code-engine train …) the processes
    train it together.
    """
    from arqon_maestro.code_engine.launching import follow, torchrun_place, trainer_for
    from arqon_maestro.pipeline import code_engine, tuning

    check_names(model, language)
    if (base is None) != (not source):
        raise UsageError(
            "--from and --source go together",
            remedy="--from installed --source FOLDER goes on from the installed model",
        )
    place = torchrun_place(os.environ)
    if place is not None and place.rank > 0:
        follow(place, gpus)
        return
    pipeline = pipeline_of(
        test_mode=test_mode,
        recipe=recipe,
        workers=workers,
        force=force,
        dry_run=dry_run,
        offline=offline,
    )
    with trainer_for(place, gpus, ray=ray) as trainer:
        if base is not None and source:
            tuned = tuning.tune(
                pipeline, model, language, base, source, trainer, time_limit_s=time_limit
            )
            if tuned is not None:
                show_tuned(tuned.folder, tuned.scores)
            return
        code_engine.train(pipeline, model, language, trainer, time_limit_s=time_limit)
    typer.echo(str(pipeline.library.training(model, language)))


@app.command()
def export(
    model: OptionalModel = None,
    language: OptionalLanguage = None,
    untuned: Annotated[
        bool,
        typer.Option("--untuned", help="The model before it was fine-tuned."),
    ] = False,
    force: Force = False,
    dry_run: DryRun = False,
) -> None:
    """Pack trained models into tarballs and install them; by default all that are trained.

    Where a model was fine-tuned with your own code, the tuned one is taken.
    """
    from arqon_maestro.pipeline import code_engine, tuning_export

    if model is not None:
        check_names(model, language)
    elif language is not None:
        check_language(language)
    pipeline = pipeline_of(test_mode=False, force=force, dry_run=dry_run)
    for name, spoken in code_engine.chosen_trained(pipeline, model, language):
        tuned = tuning_export.is_tuned(pipeline, name, spoken) and not untuned
        pack = tuning_export.export_tuned if tuned else code_engine.export
        _, installed = pack(pipeline, name, spoken)
        if installed is not None:
            if tuned:
                typer.echo(f"{name}/{spoken}: the fine-tuned model is installed", err=True)
            typer.echo(str(installed.folder / f"{installed.version}.tar.gz"))


@app.command()
def evaluate(
    model: OptionalModel = None,
    language: OptionalLanguage = None,
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline",
            help="What to compare with: `previous`, the version installed before; `none`; "
            "the first digits of an earlier version; or a tarball.",
        ),
    ] = "previous",
    lines: Annotated[
        int | None,
        typer.Option("--lines", min=1, help="Held-out lines a model [default: the recipe's]."),
    ] = None,
    test_mode: TestMode = False,
    recipe: RecipeOption = None,
    workers: Workers = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Measure installed models on held-out repositories; by default all that are installed."""
    from arqon_maestro.evaluation.summary import summarise
    from arqon_maestro.pipeline import code_evaluation

    if model is not None:
        check_names(model, language)
    elif language is not None:
        check_language(language)
    pipeline = pipeline_of(
        test_mode=test_mode, recipe=recipe, workers=workers, force=force, dry_run=dry_run
    )
    if lines is not None:
        pipeline = code_evaluation.with_lines(pipeline, lines)
    measured, skipped = code_evaluation.evaluate_installed(
        pipeline, model, language, baseline=baseline
    )
    for missing in skipped:
        typer.echo(f"{missing.model}/{missing.language}: not measured: {missing.why}", err=True)
    if dry_run:
        return
    if as_json:
        document = {
            "schema_version": code_evaluation.SCHEMA_VERSION,
            "evaluations": measured,
            "skipped": [asdict(missing) for missing in skipped],
        }
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for scores in measured:
        typer.echo(f"{scores['model']}/{scores['language']}, {scores['lines']} held-out lines:")
        for line in summarise(scores):
            typer.echo(f"  {line}")
