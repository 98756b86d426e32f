"""`maestro lexicon`: the pronunciation dictionary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from arqon_maestro.cli.options import Json

app = typer.Typer(no_args_is_help=True, help="The pronunciation dictionary.")


@app.callback()
def lexicon() -> None:
    """The pronunciation dictionary."""


@app.command()
def build(
    output: Annotated[Path, typer.Option("--output", help="The lexicon.txt to write.")],
    text: Annotated[
        list[Path] | None,
        typer.Option("--text", help="A corpus: its spelled and missing words are added."),
    ] = None,
    g2p_model: Annotated[
        Path | None, typer.Option("--g2p", help="A G2P model, for the missing words.")
    ] = None,
    g2p_words: Annotated[
        int, typer.Option("--g2p-words", min=0, help="How many missing words, commonest first.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Writes lexicon.txt: CMU dictionary, hand-labelled words, letters, spelled words, G2P."""
    from arqon_maestro.speech_engine.corpus import count_words
    from arqon_maestro.speech_engine.lexicon.build import build_lexicon, missing_words
    from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel

    if g2p_model is not None and not text:
        raise typer.BadParameter("--g2p needs --text, where the missing words are counted")
    counts = count_words(text or [])
    result = build_lexicon(counts)
    if g2p_model is not None:
        wanted = missing_words(counts, result, g2p_words)
        result = build_lexicon(counts, G2pModel(g2p_model).pronounce(wanted))
    write_lexicon(output, result)
    sources = result.sources()
    if as_json:
        document = {
            "schema_version": 1,
            "words": len(result.words()),
            "pronunciations": len(result),
            "sources": sources,
        }
        typer.echo(json.dumps(document, indent=1))
        return
    for source, count in sources.items():
        typer.echo(f"{source:<18} {count:7}")
    typer.echo(f"{'pronunciations':<18} {len(result):7}")
    typer.echo(f"{'words':<18} {len(result.words()):7}")
