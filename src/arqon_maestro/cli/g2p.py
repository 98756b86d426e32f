"""`maestro g2p`: pronunciations of words that no dictionary has."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.options import Json

app = typer.Typer(no_args_is_help=True, help="Pronunciations of words that no dictionary has.")


@app.command()
def train(
    output: Annotated[Path, typer.Option("--output", help="The model.fst to write.")],
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
    as_json: Json = False,
) -> None:
    """Trains a model on the CMU dictionary and measures it on held-out words."""
    from arqon_maestro.progress import StreamReporter
    from arqon_maestro.speech_engine.lexicon.g2p import G2pSettings, train_g2p
    from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary

    settings = G2pSettings(words, held_out, order, iterations)
    scores = train_g2p(output, cmu_dictionary(), settings, StreamReporter())
    if as_json:
        typer.echo(json.dumps({"schema_version": 1, **asdict(scores)}, indent=1))
        return
    typer.echo(f"training words    {scores.training_words}")
    typer.echo(f"held-out words    {scores.held_out_words}")
    typer.echo(f"phone error rate  {scores.phone_error_rate:.1%}")
    typer.echo(f"word error rate   {scores.word_error_rate:.1%}")


@app.command("apply")
def apply_model(
    words: Annotated[list[str], typer.Argument(help="Words of letters a-z.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="model.fst [default: the installed one].")
    ] = None,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Pronunciations a word.")] = 1,
    as_json: Json = False,
) -> None:
    """Prints the pronunciations of words."""
    from arqon_maestro.library import Library, library_root
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel

    path = model or Library(library_root()).speech_model("g2p") / "model.fst"
    predicted = G2pModel(path).predict([word.lower() for word in words], n_best=n_best)
    if as_json:
        found = {word: [" ".join(phones) for phones in ways] for word, ways in predicted.items()}
        typer.echo(json.dumps({"schema_version": 1, "words": found}, indent=1))
        return
    for word, ways in predicted.items():
        for phones in ways:
            typer.echo(f"{word} {' '.join(phones)}")
