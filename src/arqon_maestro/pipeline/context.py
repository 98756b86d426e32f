"""What every step of a pipeline is made with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from arqon_maestro.config import Recipe, load_recipe
from arqon_maestro.executors import Executor, LocalExecutor
from arqon_maestro.library import Library
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.steps import Runner


@dataclass(frozen=True)
class Pipeline:
    """A library root, a checkout, a recipe, and the means to run steps on them.

    Attributes:
        library: where the data lies.
        source_root: the checkout, for its configuration.
        recipe: sizes, limits, hyper-parameters.
        runner: skips, redoes and records steps.
        executor: maps over shards.
        reporter: told about progress.
        offline: use only what is on this machine already.
    """

    library: Library
    source_root: Path
    recipe: Recipe
    runner: Runner
    executor: Executor
    reporter: Reporter = SILENT
    offline: bool = False


def open_pipeline(
    library_root: Path,
    source_root: Path,
    *,
    test_mode: bool = False,
    recipe: str | Recipe | None = None,
    workers: int | None = None,
    force: bool = False,
    dry_run: bool = False,
    offline: bool = False,
    reporter: Reporter = SILENT,
) -> Pipeline:
    """Reads the recipe and returns a pipeline on local processes.

    Args:
        library_root: where the data lies.
        source_root: the checkout.
        test_mode: take the recipe ``test``.
        recipe: another one: its name, its path, or the recipe itself.
        workers: processes; one a core by default.
        force: run every step even if it is up to date.
        dry_run: only say which steps would run.
        offline: fetch nothing.
        reporter: told about progress.
    """
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(source_root, test_mode=test_mode, recipe=recipe)
    return Pipeline(
        library=Library(library_root),
        source_root=source_root,
        recipe=recipe,
        runner=Runner(library_root, reporter, force=force, dry_run=dry_run),
        executor=LocalExecutor(workers),
        reporter=reporter,
        offline=offline,
    )


def settings(record: BaseModel) -> dict[str, Any]:
    """Returns a recipe's values as plain data, for a step's configuration."""
    return record.model_dump(mode="json")
