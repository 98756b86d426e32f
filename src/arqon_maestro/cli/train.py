"""``maestro train``: everything, from source code to a report."""

from __future__ import annotations

from typing import Any

import typer

from arqon_maestro.cli.options import DEFAULT_RUN, Json, Languages, RunOptions, run_options
from arqon_maestro.evaluation.summary import summarise

app = typer.Typer(add_completion=False)


@app.command()
@run_options()
def train(
    language: Languages = None,
    run: RunOptions = DEFAULT_RUN,
    as_json: Json = False,
) -> None:
    """All of it: sources, corpora, models, export, install, evaluation, report."""
    from arqon_maestro import languages
    from arqon_maestro.pipeline.training import train_all

    pipeline = run.pipeline()
    chosen = sorted({languages.get(name).name for name in language or languages.names()})
    trained = train_all(pipeline, chosen)
    if trained is None:
        return
    if as_json:
        typer.echo(trained.data.read_text(encoding="utf-8"), nl=False)
        return
    for line in _summary(trained.scores):
        typer.echo(line)
    typer.echo("\ninstalled:")
    for model in trained.installed:
        typer.echo(f"  {model.folder / f'{model.version}.tar.gz'}")
    typer.echo(f"\nreport: {trained.page}\n        {trained.data}")
    spoken = next((name for name in chosen if name != "default"), "python")
    typer.echo(f'\nnow try: maestro try "add function get name" --language {spoken}')


def _summary(scores: dict[str, dict[str, Any]]) -> list[str]:
    lines = []
    for name, values in scores.items():
        lines += [f"{name + ':':34} {text}" for text in _figures(name, values)]
    return lines


def _figures(name: str, scores: dict[str, Any]) -> list[str]:
    if name == "language-models":
        return [
            f"{role} perplexity {values['perplexity']:.1f}"
            for role, values in scores.items()
            if isinstance(values, dict)
        ]
    if name == "speech":
        recall = ", ".join(f"@{k} {v['value']:.1%}" for k, v in scores["recall"].items())
        return [f"recall {recall}; word error rate {scores['word_error_rate']:.1%} (synthetic)"]
    return summarise(scores)
