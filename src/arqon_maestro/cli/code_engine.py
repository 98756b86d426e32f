"""``maestro code-engine``: data, training, export, translation, evaluation."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from arqon_maestro.cli.code_models import (
    LanguageOption,
    ModelOption,
    OptionalLanguage,
    OptionalModel,
    check_names,
)
from arqon_maestro.cli.options import DEFAULT_RUN, Json, RunOptions, run_options
from arqon_maestro.cli.translation import rescore, translate
from arqon_maestro.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Data, training, export, translation, evaluation of the code engine.",
)

GpusOption = Annotated[int, typer.Option("--gpus", help="GPUs to train on; 0: the processor.")]
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

app.command()(translate)
app.command()(rescore)


def show_tuned(folder: Path, scores: dict[str, Any]) -> None:
    """Prints what a fine-tuning changed, and where the model lies."""
    from arqon_maestro.evaluation.comparison import summarise

    rows = summarise(scores)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        typer.echo(f"{name:{width}}  {text}")
    typer.echo(str(folder))


@app.command("generate-dataset")
@run_options()
def generate_dataset(
    model: ModelOption,
    language: LanguageOption,
    run: RunOptions = DEFAULT_RUN,
) -> None:
    """Make a model's dataset from source code."""
    from arqon_maestro.pipeline import datasets

    check_names(model, language)
    pipeline = run.pipeline()
    datasets.generate_dataset(pipeline, model, language)
    typer.echo(str(pipeline.library.dataset(model, language)))


@app.command()
@run_options()
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
    run: RunOptions = DEFAULT_RUN,
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
    pipeline = run.pipeline()
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
@run_options("force", "dry_run")
def export(
    model: OptionalModel = None,
    language: OptionalLanguage = None,
    untuned: Annotated[
        bool,
        typer.Option("--untuned", help="The model before it was fine-tuned."),
    ] = False,
    run: RunOptions = DEFAULT_RUN,
) -> None:
    """Pack trained models into tarballs and install them; by default all that are trained.

    Where a model was fine-tuned with your own code, the tuned one is taken.
    """
    from arqon_maestro.pipeline import code_engine, tuning_export

    check_names(model, language)
    pipeline = run.pipeline()
    for name, spoken in code_engine.chosen_trained(pipeline, model, language):
        tuned = tuning_export.is_tuned(pipeline, name, spoken) and not untuned
        pack = tuning_export.export_tuned if tuned else code_engine.export
        _, installed = pack(pipeline, name, spoken)
        if installed is not None:
            if tuned:
                typer.echo(f"{name}/{spoken}: the fine-tuned model is installed", err=True)
            typer.echo(str(installed.folder / f"{installed.version}.tar.gz"))


@app.command()
@run_options("test_mode", "recipe", "workers", "force", "dry_run")
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
    run: RunOptions = DEFAULT_RUN,
    as_json: Json = False,
) -> None:
    """Measure installed models on held-out repositories; by default all that are installed."""
    from arqon_maestro.evaluation.summary import summarise
    from arqon_maestro.pipeline import code_evaluation

    check_names(model, language)
    pipeline = run.pipeline()
    if lines is not None:
        pipeline = code_evaluation.with_lines(pipeline, lines)
    measured, skipped = code_evaluation.evaluate_installed(
        pipeline, model, language, baseline=baseline
    )
    for missing in skipped:
        typer.echo(f"{missing.model}/{missing.language}: not measured: {missing.why}", err=True)
    if run.dry_run:
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
