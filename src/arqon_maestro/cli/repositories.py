"""`maestro repositories`: raw source code, fetched, added, listed, verified."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arqon_maestro import languages as language_table
from arqon_maestro.cli.options import DEFAULT_RUN, Json, RunOptions, run_options
from arqon_maestro.errors import EXIT_FAILED, UsageError
from arqon_maestro.library import Library, library_root, source_root

if TYPE_CHECKING:
    from arqon_maestro.repositories.manifest import FetchReport

SCHEMA_VERSION = 1
MEGABYTE = 1_000_000
SIZE_UNITS = {"": 1, "k": 1_000, "m": MEGABYTE, "g": 1_000_000_000}
SHOWN_REJECTS = 4

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Raw source code: fetch, add, list, verify.",
)

Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="A language; may be repeated [default: every language]."),
]


@app.command()
@run_options("test_mode", "recipe", "offline", "force", "dry_run")
def fetch(
    language: Languages = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only this source, e.g. standard-library or npm/express."),
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", help="Bytes a language, at most, e.g. 20M.")
    ] = None,
    run: RunOptions = DEFAULT_RUN,
    as_json: Json = False,
) -> None:
    """Fetches, filters and splits the source code of languages into shards."""
    from arqon_maestro.pipeline.repositories import fetch as fetch_step
    from arqon_maestro.pipeline.repositories import source_list
    from arqon_maestro.repositories.manifest import read_report

    pipeline = run.pipeline()
    listed = source_list(pipeline)
    wanted = _languages(language) or [
        name for name in language_table.names() if listed.of(name, names=())
    ]
    repositories = pipeline.recipe.repositories
    changes: dict[str, Any] = {}
    if source:
        changes["sources"] = {**repositories.sources, **{name: list(source) for name in wanted}}
    if limit:
        changes["limit_bytes"] = parse_size(limit)
    repositories = repositories.model_copy(update=changes)
    pipeline = dataclasses.replace(
        pipeline, recipe=pipeline.recipe.model_copy(update={"repositories": repositories})
    )
    for name in wanted:
        fetch_step(pipeline, name)
    if not run.dry_run:
        _show([read_report(pipeline.library.repositories(name)) for name in wanted], as_json)


@app.command()
def add(
    place: Annotated[str, typer.Argument(help="A folder, an archive or a git address.")],
    language: Annotated[
        list[str], typer.Option("--language", help="What it is read for; may be repeated.")
    ],
    licence: Annotated[str, typer.Option("--licence", help="SPDX expression, e.g. MIT.")],
    name: Annotated[str, typer.Option("--name", help="Its name [default: from the place].")] = "",
    sha256: Annotated[str, typer.Option("--sha256", help="An archive's promised digest.")] = "",
    as_json: Json = False,
) -> None:
    """Pins a source of your own and adds it to the library's source list."""
    from arqon_maestro.repositories.adding import add_source, make_source

    library = Library(library_root())
    names = _languages(language)
    source = make_source(
        place, names, licence, downloads=library.downloads, name=name, sha256=sha256
    )
    addition = add_source(source, library)
    if as_json:
        _print_json(
            source=addition.source.model_dump(mode="json", exclude_none=True),
            found=[dataclasses.asdict(found) for found in addition.found],
        )
        return
    for found in addition.found:
        typer.echo(
            f"{source.registry}/{source.name}  {found.language}  {found.files} files  "
            f"{found.bytes / MEGABYTE:.2f} MB  {_rejects(found.rejects)}".rstrip()
        )
    options = " ".join(f"--language {name}" for name in names)
    typer.echo(f"next: maestro repositories fetch {options}", err=True)


@app.command("list")
def list_languages(language: Languages = None, as_json: Json = False) -> None:
    """Shows what was fetched, by language and package."""
    library = Library(library_root())
    from arqon_maestro.repositories.manifest import read_report

    names = _languages(language) or _fetched(library)
    reports = [read_report(library.repositories(name)) for name in names]
    _show(reports, as_json)
    if as_json or language is None:
        return
    for report in reports:
        for package in report.packages:
            if package.files or package.refused:
                typer.echo(
                    f"  {package.repository}  {package.version}  {package.licence}  "
                    f"{package.files} files  {package.bytes / MEGABYTE:.2f} MB  "
                    f"{package.refused}".rstrip()
                )


@app.command()
def sources(language: Languages = None, as_json: Json = False) -> None:
    """Shows the pinned sources of config/sources.yaml and the library's own."""
    from arqon_maestro.repositories.sources import load_sources, own_sources

    own = own_sources(Library(library_root()))
    paths = [source_root() / "config" / "sources.yaml", *([own] if own.is_file() else [])]
    wanted = set(_languages(language) or language_table.names())
    found = [s for s in load_sources(*paths).sources if wanted.intersection(s.languages)]
    if as_json:
        _print_json(sources=[s.model_dump(mode="json", exclude_none=True) for s in found])
        return
    for source in found:
        version = getattr(source, "version", "")
        label = f"{source.registry}/{source.name}"
        typer.echo(f"{label}  {version}  {source.licence}  {' '.join(source.languages)}")


@app.command()
def verify(language: Languages = None, as_json: Json = False) -> None:
    """Checks every shard and record; exit status 1 if something is wrong."""
    from arqon_maestro.repositories.verification import verify_language

    library = Library(library_root())
    problems = {
        name: verify_language(library.repositories(name))
        for name in _languages(language) or _fetched(library)
    }
    if as_json:
        _print_json(
            languages={
                name: [dataclasses.asdict(problem) for problem in found]
                for name, found in problems.items()
            }
        )
    else:
        for name, found in problems.items():
            typer.echo(f"{name}: " + (f"{len(found)} problems" if found else "good"))
            for problem in found:
                typer.echo(f"  {problem.where}: {problem.what}")
    if any(problems.values()):
        raise typer.Exit(EXIT_FAILED)


def parse_size(text: str) -> int:
    """Returns bytes of ``500k``, ``20M``, ``1.5G`` or a plain number.

    Raises:
        UsageError: it is no size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)b?", text.strip().lower())
    size = int(float(found[1]) * SIZE_UNITS[found[2]]) if found else 0
    if size <= 0:
        raise UsageError(
            f"not a size: {text!r}", where="--limit", remedy="a number with k, M or G, e.g. 20M"
        )
    return size


def _languages(names: list[str] | None) -> list[str]:
    for name in names or ():
        language_table.get(name)
    return list(dict.fromkeys(names or ()))


def _fetched(library: Library) -> list[str]:
    from arqon_maestro.errors import MissingPartError
    from arqon_maestro.repositories.manifest import MANIFEST_NAME

    found = [
        name
        for name in language_table.names()
        if (library.repositories(name) / MANIFEST_NAME).is_file()
    ]
    if not found:
        raise MissingPartError(
            "no source code was fetched yet",
            where=Path(library.root, "repositories"),
            remedy="maestro repositories fetch --test-mode --language python",
        )
    return found


def _show(reports: list[FetchReport], as_json: bool) -> None:
    if as_json:
        _print_json(languages=[report.as_dict() for report in reports])
        return
    row = "{:<11}{:>13}{:>8}{:>9}   {:<18} {}"
    header = row.format("language", "repositories", "files", "MB", "train/valid/test", "left out")
    typer.echo(header)
    for report in reports:
        total = report.total
        sides = "/".join(str(amount.files) for amount in report.splits.values())
        megabytes = f"{total.bytes / MEGABYTE:.2f}"
        rejects = _rejects(report.rejects)
        values = (report.language, total.repositories, total.files, megabytes, sides, rejects)
        typer.echo(row.format(*values).rstrip())
        for name, why in report.unavailable.items():
            typer.echo(f"  not to be had: {name}: {why}", err=True)


def _rejects(rejects: dict[str, int]) -> str:
    commonest = sorted(rejects.items(), key=lambda entry: (-entry[1], entry[0]))
    text = ", ".join(f"{count} {reason}" for reason, count in commonest[:SHOWN_REJECTS])
    return text + (", …" if len(commonest) > SHOWN_REJECTS else "")


def _print_json(**content: Any) -> None:
    typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=1))
