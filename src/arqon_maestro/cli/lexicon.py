"""`maestro lexicon`: the pronunciation dictionary, and a person's own words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arqon_maestro.cli.options import Json

if TYPE_CHECKING:
    from arqon_maestro.library import Library
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel
    from arqon_maestro.speech_engine.lexicon.lookup import LexiconFiles
    from arqon_maestro.speech_engine.lexicon.own_words import OwnWord

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The pronunciation dictionary, and your own words.",
)

Words = Annotated[list[str], typer.Argument(help="Words, as they are said.", show_default=False)]

REBUILD = ("maestro speech-engine train-model", "maestro speech-engine export")


@app.callback()
def lexicon() -> None:
    """The pronunciation dictionary, and your own words."""


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
    without_stress: Annotated[
        bool, typer.Option("--without-stress", help="Leave the marks of stress out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Writes lexicon.txt: own and hand-labelled words, CMU dictionary, letters, compounds, G2P."""
    from arqon_maestro.speech_engine.corpus import count_words
    from arqon_maestro.speech_engine.lexicon.build import build_lexicon, missing_words
    from arqon_maestro.speech_engine.lexicon.compounds import pronounce_missing
    from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel
    from arqon_maestro.speech_engine.lexicon.own_words import read_own_words
    from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon

    if g2p_model is not None and not text:
        raise typer.BadParameter("--g2p needs --text, where the missing words are counted")
    counts = count_words(text or [])
    own = [word.pronunciation() for word in read_own_words(_library().own_words)]
    result = build_lexicon(counts, own=own)
    if g2p_model is not None:
        wanted = missing_words(counts, result, g2p_words)
        found = pronounce_missing(wanted, counts, result, G2pModel(g2p_model))
        result = Lexicon.of([*result, *found])
    if without_stress:
        result = result.without_stress()
    write_lexicon(output, result)
    sources = result.sources()
    if as_json:
        _print_json(
            {"words": len(result.words()), "pronunciations": len(result), "sources": sources}
        )
        return
    for source, count in sources.items():
        typer.echo(f"{source:<18} {count:7}")
    typer.echo(f"{'pronunciations':<18} {len(result):7}")
    typer.echo(f"{'words':<18} {len(result.words()):7}")


@app.command()
def show(words: Words, as_json: Json = False) -> None:
    """Shows pronunciations, where each comes from, and whether the word can be recognised."""
    from arqon_maestro.speech_engine.lexicon.lookup import look_up

    found = look_up([word.lower() for word in words], _files(_library()))
    if as_json:
        document = {
            entry.word: {
                "recognised": entry.recognised,
                "note": entry.note,
                "pronunciations": [
                    {"phones": " ".join(said.phones), "source": said.source}
                    for said in entry.pronunciations
                ],
            }
            for entry in found
        }
        _print_json({"words": document})
    else:
        rows = [
            (said.word, " ".join(said.phones), said.source)
            for entry in found
            for said in entry.pronunciations
        ]
        _print_rows(rows)
        for entry in found:
            silent = "" if entry.pronunciations else "no pronunciation; "
            typer.echo(f"{entry.word}: {silent}{entry.note}")
    if not all(entry.pronunciations for entry in found):
        raise typer.Exit(1)


@app.command()
def add(
    words: Words,
    pronunciation: Annotated[
        list[str] | None,
        typer.Option(
            "--pronunciation",
            metavar="'PH ON ES'",
            help="How one word is said, in ARPAbet; may be given more than once.",
        ),
    ] = None,
    spell: Annotated[
        bool, typer.Option("--spell", help="The words are said letter by letter.")
    ] = False,
    n_best: Annotated[
        int, typer.Option("--n-best", min=1, help="Pronunciations that G2P proposes a word.")
    ] = 1,
    g2p_model: Annotated[
        Path | None, typer.Option("--g2p", help="A G2P model [default: the library root's].")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the pronunciations.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Adds words of your own, with your pronunciations or with proposed ones."""
    from arqon_maestro.speech_engine.lexicon import own_words
    from arqon_maestro.speech_engine.lexicon.build import known_pronunciations
    from arqon_maestro.speech_engine.lexicon.compounds import pronounce_compounds
    from arqon_maestro.speech_engine.lexicon.lookup import current_lexicon
    from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
    from arqon_maestro.speech_engine.lexicon.sources import SPELLED, letter_phones

    if pronunciation and (spell or len(set(words)) > 1):
        raise typer.BadParameter("--pronunciation says how one word is said, and not by letters")
    library = _library()
    checked = list(dict.fromkeys(own_words.checked_word(word) for word in words))
    proposed: list[OwnWord] = []
    if pronunciation:
        proposed = [own_words.typed(checked[0], said) for said in pronunciation]
    elif spell:
        proposed = [own_words.OwnWord(word, letter_phones(word), SPELLED) for word in checked]
    else:
        files = _files(library)
        known = current_lexicon(checked, files)
        unknown = [word for word in checked if word not in known]
        model = _g2p_model(library, g2p_model) if unknown else None
        counts = files.word_counts() if unknown else {}
        compounds = pronounce_compounds(unknown, counts, known_pronunciations(counts))
        known = Lexicon.of([*known, *compounds])
        for word in checked:
            proposed += own_words.propose(word, known, model, n_best=n_best)
    added: Sequence[OwnWord] = proposed
    if not dry_run:
        added = own_words.add_own_words(library.own_words, proposed)
    if as_json:
        _print_json({**_own_json(added), "rebuild": list(REBUILD) if added else []})
        return
    _print_rows([(own.word, " ".join(own.phones), own.origin) for own in added])
    if dry_run:
        typer.echo("nothing was added (--dry-run)")
    elif not added:
        typer.echo("nothing was added: all of it is there already")
    else:
        _say_what_to_rebuild()


@app.command("list")
def list_words(as_json: Json = False) -> None:
    """Lists your own words."""
    from arqon_maestro.speech_engine.lexicon.own_words import read_own_words

    own = read_own_words(_library().own_words)
    if as_json:
        _print_json(_own_json(own))
    else:
        _print_rows([(word.word, " ".join(word.phones), word.origin) for word in own])


@app.command()
def remove(words: Words, as_json: Json = False) -> None:
    """Removes words of your own, with all their pronunciations."""
    from arqon_maestro.speech_engine.lexicon.own_words import remove_own_words

    removed = remove_own_words(_library().own_words, [word.lower() for word in words])
    if as_json:
        _print_json({**_own_json(removed), "rebuild": list(REBUILD)})
        return
    for word in dict.fromkeys(own.word for own in removed):
        typer.echo(f"removed {word}")
    _say_what_to_rebuild()


def _library() -> Library:
    from arqon_maestro.library import Library, library_root

    return Library(library_root())


def _files(library: Library) -> LexiconFiles:
    from arqon_maestro.speech_engine.lexicon.lookup import LexiconFiles

    data = library.lm_model_data
    return LexiconFiles(
        own_words=library.own_words,
        provenance=data / "lexicon-sources.tsv",
        vocabulary=data / "vocab.txt",
        dropped=data / "vocab-dropped.tsv",
        counts=data / "vocab-counts.tsv",
    )


def _g2p_model(library: Library, chosen: Path | None) -> G2pModel | None:
    """The model that was named, trained here, or installed; None if there is none."""
    from arqon_maestro.pipeline.lexicon import find_g2p_model
    from arqon_maestro.speech_engine.lexicon.g2p import G2pModel

    path = chosen or find_g2p_model(library)
    return None if path is None else G2pModel(path)


def _own_json(words: Sequence[OwnWord]) -> dict[str, Any]:
    return {
        "words": [
            {"word": own.word, "phones": " ".join(own.phones), "origin": own.origin}
            for own in words
        ]
    }


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps({"schema_version": 1, **document}, indent=1))


def _print_rows(rows: Sequence[tuple[str, str, str]]) -> None:
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for word, phones, source in rows:
        typer.echo(f"{word:<{widths[0]}}  {phones:<{widths[1]}}  {source}")


def _say_what_to_rebuild() -> None:
    typer.echo("to rebuild: the lexicon, both language models, the export")
    for command in REBUILD:
        typer.echo(f"  {command}")
