"""`maestro graph`: the decoding graph."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from arqon_maestro.cli.options import Json

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The decoding graph, from lexicon to HCLG."
)

AcousticModel = Annotated[
    Path,
    typer.Option("--acoustic-model", metavar="DIR", help="Folder of tree, final.mdl, phones.txt."),
]


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number")
    return value


def _print(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"schema_version": 1, **document}, indent=1, default=str))
        return
    width = max(map(len, document))
    for name, value in document.items():
        typer.echo(f"{name.replace('_', ' '):{width}}  {'-' if value is None else value}")


@app.command()
def lang(
    lexicon: Annotated[
        Path,
        typer.Option(
            "--lexicon", metavar="F", help="lexicon.txt; stress is left out for a model without."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The lang folder.")],
    acoustic_model: Annotated[
        Path | None,
        typer.Option(
            "--acoustic-model",
            metavar="DIR",
            help="Number the phones as its phones.txt does [default: as prepare_lang.sh].",
        ),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option("--vocabulary", metavar="F", help="Take only these words of the lexicon."),
    ] = None,
    hints: Annotated[
        bool, typer.Option("--hints/--no-hints", help="Leave a place for words of a request.")
    ] = True,
    silence_probability: Annotated[
        float, typer.Option("--silence-probability", help="Of a silence between words.")
    ] = 0.5,
    as_json: Json = False,
) -> None:
    """Makes a lang folder as Kaldi's prepare_lang.sh does: symbol tables, phone sets, L."""
    from arqon_maestro.artifacts import require_own_folder
    from arqon_maestro.errors import DataError
    from arqon_maestro.speech_engine.graph.lang_folder import LANG_NAMES, LangSettings, write_lang
    from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
    from arqon_maestro.speech_engine.lexicon.formats import read_lexicon
    from arqon_maestro.speech_engine.lexicon.pronunciations import HEADER_ENTRIES
    from arqon_maestro.speech_engine.lexicon.vocabulary import read_vocabulary

    known = read_lexicon(lexicon)
    if vocabulary is not None:
        wanted = read_vocabulary(vocabulary)
        if not any(word in known for word in wanted):
            raise DataError("the lexicon has no word of it", where=vocabulary, why=str(lexicon))
        known = known.restricted(wanted)
    if acoustic_model is not None:
        table = PhoneTable.read(acoustic_model / "phones.txt")
        known = known.stressed_as(map(table.base, table.ids))
    else:
        spoken = {phone for entry in known for phone in entry.phones}
        silence = [phone for _, phone in HEADER_ENTRIES]
        table = PhoneTable.of(sorted(spoken), silence, position_dependent=True)
    require_own_folder(output, LANG_NAMES)
    settings = LangSettings(silence_probability=silence_probability)
    if not hints:
        settings = LangSettings(silence_probability=silence_probability, nonterminals=())
    summary = write_lang(output, known, table, settings, where=lexicon)
    _print(asdict(summary), as_json)


@app.command()
def build(
    lang: Annotated[
        Path, typer.Option("--lang", metavar="DIR", help="Lang folder, ours or Kaldi's.")
    ],
    model: Annotated[
        Path, typer.Option("--model", metavar="X", help="ARPA file of the grammar, plain or .gz.")
    ],
    acoustic_model: AcousticModel,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The graph folder.")],
    transition_scale: Annotated[
        float,
        typer.Option(
            "--transition-scale", min=0, callback=_finite, help="Of the costs between HMM states."
        ),
    ] = 1.0,
    self_loop_scale: Annotated[
        float,
        typer.Option(
            "--self-loop-scale",
            min=0,
            callback=_finite,
            help="1.0 for chain models, 0.1 for others.",
        ),
    ] = 1.0,
    fst_type: Annotated[
        str, typer.Option("--fst-type", help="const, which loads faster, or vector.")
    ] = "const",
    force: Annotated[bool, typer.Option("--force", help="Build even if it is up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Composes HCLG of a lang folder, an n-gram model and a Kaldi acoustic model."""
    from arqon_maestro.errors import UsageError, did_you_mean
    from arqon_maestro.pipeline.graph import build_graph
    from arqon_maestro.progress import StreamReporter
    from arqon_maestro.speech_engine.graph.compilation import GraphSettings
    from arqon_maestro.speech_engine.graph.info import graph_info

    if fst_type not in ("const", "vector"):
        raise UsageError(f"--fst-type {fst_type}", why=did_you_mean(fst_type, ("const", "vector")))
    settings = GraphSettings(transition_scale, self_loop_scale, fst_type == "const")
    build_graph(
        lang, model, acoustic_model, output, settings, reporter=StreamReporter(), force=force
    )
    _print(asdict(graph_info(output)), as_json)


@app.command()
def info(
    path: Annotated[
        Path, typer.Argument(help="A graph folder, an exported speech engine, or any transducer.")
    ],
    as_json: Json = False,
) -> None:
    """Prints states, arcs, size, vocabulary and order of a graph."""
    from arqon_maestro.speech_engine.graph.info import graph_info

    _print(asdict(graph_info(path)), as_json)
