"""`maestro g2p`: pronunciations of words that no dictionary has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.options import DEFAULT_RUN, Json, RunOptions, run_options

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Pronunciations of words that no dictionary has.",
)


@app.command()
@run_options("test_mode", "recipe", "force")
def train(
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The model.fst to write [default: the library root's]."),
    ] = None,
    words: Annotated[
        int | None, typer.Option("--words", min=100, help="Training words [default: all].")
    ] = None,
    held_out: Annotated[
        int, typer.Option("--held-out", min=1, help="Words kept apart to measure with.")
    ] = 6000,
    order: Annotated[int, typer.Option("--order", min=1, max=12, help="Of the n-gram.")] = 8,
    iterations: Annotated[
        int, typer.Option("--iterations", min=1, help="Of the alignment's EM.")
    ] = 11,
    run: RunOptions = DEFAULT_RUN,
    as_json: Json = False,
) -> None:
    """Trains a model on the CMU dictionary and measures it on held-out words.

    Without --output, the model of the library root, of the size that the recipe says. A model that
    is up to date is not trained again.
    """
    from arqon_maestro.pipeline.lexicon import g2p_step, train_pronunciation
    from arqon_maestro.progress import StreamReporter
    from arqon_maestro.speech_engine.lexicon.g2p import G2pSettings
    from arqon_maestro.steps import Runner

    settings = G2pSettings(words, held_out, order, iterations)
    if output is None:
        if settings != G2pSettings():
            raise typer.BadParameter("the recipe says the size; give --output for another model")
        outcome = train_pronunciation(run.pipeline())
    else:
        if run.test_mode or run.recipe:
            raise typer.BadParameter("a recipe is for the library root's model; give --words")
        path = output.absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        runner = Runner(path.parent, StreamReporter(), force=run.force)
        outcome = runner.run(g2p_step(path, settings))
    scores = outcome.manifest["notes"]
    if as_json:
        document = {"schema_version": 1, "status": outcome.status, **scores}
        typer.echo(json.dumps(document, indent=1))
        return
    for name, value in scores.items():
        shown = f"{value:.1%}" if isinstance(value, float) else value
        typer.echo(f"{name.replace('_', ' '):<26} {shown}")


@app.command("apply")
def apply_model(
    words: Annotated[list[str], typer.Argument(help="Words of letters a-z.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="model.fst [default: the library root's].")
    ] = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Pronunciations a word.")] = 1,
    as_json: Json = False,
) -> None:
    """Prints the pronunciations of words."""
    from arqon_maestro.library import Library, library_root
    from arqon_maestro.pipeline.lexicon import find_g2p_model
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel

    library = Library(library_root())
    path = model or find_g2p_model(library) or library.g2p_model
    predicted = G2pModel(path).predict([word.lower() for word in words], n_best=n_best)
    if as_json:
        found = {word: [" ".join(phones) for phones in ways] for word, ways in predicted.items()}
        typer.echo(json.dumps({"schema_version": 1, "words": found}, indent=1))
        return
    for word, ways in predicted.items():
        for phones in ways:
            typer.echo(f"{word} {' '.join(phones)}")
