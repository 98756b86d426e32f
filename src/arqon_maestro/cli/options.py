"""Options that several commands share, and the pipeline that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arqon_maestro.errors import DataError, MissingPartError

if TYPE_CHECKING:
    from arqon_maestro.pipeline.context import Pipeline

TestMode = Annotated[
    bool, typer.Option("--test-mode", help="Less data and fewer updates: config/recipes/test.yaml.")
]
RecipeOption = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        help="A name of config/recipes, or a YAML file of the same keys [default: full].",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Run every step even if it is up to date.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which steps would run.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes [default: one a core].")
]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing from the network.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="May be given more than once [default: all of the recipe]."),
]


def pipeline_of(
    *,
    test_mode: bool = False,
    recipe: str | None = None,
    workers: int | None = None,
    force: bool = False,
    dry_run: bool = False,
    offline: bool = False,
) -> Pipeline:
    """Returns the pipeline of the library root and checkout that the environment names."""
    from arqon_maestro.library import library_root, source_root
    from arqon_maestro.pipeline.context import open_pipeline
    from arqon_maestro.progress import StreamReporter

    return open_pipeline(
        library_root(),
        source_root(),
        test_mode=test_mode,
        recipe=recipe,
        workers=workers,
        force=force,
        dry_run=dry_run,
        offline=offline,
        reporter=StreamReporter(),
    )


def read_source(file: Path) -> str:
    """Returns the text of source code, line ends as they are.

    Raises:
        MissingPartError: no such file.
        DataError: not UTF-8.
    """
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        raise MissingPartError("no such file", where=file) from None
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8 text", where=file, why=str(error)) from None
