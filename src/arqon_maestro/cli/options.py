"""Options that several commands share, and the pipeline that they describe."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from arqon_maestro.errors import DataError, MissingPartError

if TYPE_CHECKING:
    from arqon_maestro.pipeline.context import Pipeline

R = TypeVar("R")

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


@dataclass(frozen=True)
class RunOptions:
    """How a command's steps are run; each field is an option of the command line."""

    test_mode: TestMode = False
    recipe: RecipeOption = None
    workers: Workers = None
    force: Force = False
    dry_run: DryRun = False
    offline: Offline = False

    def pipeline(self) -> Pipeline:
        """Returns the pipeline of the library root and checkout that the environment names."""
        from arqon_maestro.library import library_root, source_root
        from arqon_maestro.pipeline.context import open_pipeline
        from arqon_maestro.progress import StreamReporter

        chosen = {option.name: getattr(self, option.name) for option in fields(self)}
        return open_pipeline(library_root(), source_root(), reporter=StreamReporter(), **chosen)


DEFAULT_RUN = RunOptions()


def run_options(*names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Gives a command, in the place of its parameter ``run``, the options of `RunOptions`.

    Args:
        names: those that it has, in the order of its help; none: all of them.
    """
    annotations = get_type_hints(RunOptions, include_extras=True)
    options = {
        field.name: Parameter(
            field.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=field.default,
            annotation=annotations[field.name],
        )
        for field in fields(RunOptions)
    }
    chosen = [options[name] for name in names or options]

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def with_options(**given: Any) -> R:
            run = RunOptions(**{option.name: given.pop(option.name) for option in chosen})
            return command(run=run, **given)

        shown: list[Parameter] = []
        for parameter in own.parameters.values():
            shown += chosen if parameter.name == "run" else [parameter]
        # typer makes the command line of these two.
        with_options.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
        with_options.__annotations__ = {each.name: each.annotation for each in shown}
        return with_options

    return decorate


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
