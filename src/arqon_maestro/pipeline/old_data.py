"""What the base of a fine-tuning has learnt from before: replayed, and tested on for losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arqon_maestro.code_engine.dataset import raw_paths
from arqon_maestro.config import Recipe
from arqon_maestro.errors import MissingPartError
from arqon_maestro.library import Library
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.datasets import generate_dataset, source_languages
from arqon_maestro.pipeline.provenance import data_of
from arqon_maestro.pipeline.repositories import source_list
from arqon_maestro.repositories.records import SPLITS
from arqon_maestro.repositories.sources import StandardLibrary

SUBSTITUTE = "old"
"""The folder of a tuning that is the library root of a substitute for the base's dataset."""


@dataclass(frozen=True)
class OldData:
    """Pairs like those that the base was trained on.

    Attributes:
        folder: a dataset with its raw files.
        library: the library root that it and its source code belong to.
        languages: whose code it is made of.
        substitute: whether it is made for the purpose, since the base's dataset is not here. Then
            the base may have seen what is held out.
    """

    folder: Path
    library: Library
    languages: tuple[str, ...]
    substitute: bool

    def files(self, language: str) -> dict[str, Path]:
        """Returns the files by split and side, as the inputs of a step."""
        return {
            f"old {split} {side}": path
            for split in SPLITS
            for side, path in zip(
                ("sources", "targets"), raw_paths(self.folder, language, split), strict=True
            )
        }

    def facts(self) -> dict[str, Any]:
        """Returns where the source code came from, as manifests say it."""
        known = [
            language
            for language in self.languages
            if (self.library.repositories(language) / "manifest.json").is_file()
        ]
        return data_of(self.library, known)


def old_data(pipeline: Pipeline, model: str, language: str) -> OldData:
    """Returns the base's dataset, or makes a substitute of the standard library.

    Raises:
        MissingPartError: the dataset is not in the library, and the standard library has no code
            of the language.
    """
    folder = pipeline.library.dataset(model, language)
    mix = tuple(source_languages(pipeline, model, language))
    if all(path.is_file() for split in SPLITS for path in raw_paths(folder, language, split)):
        return OldData(folder, pipeline.library, mix, substitute=False)
    sources = source_list(pipeline)
    embedded = {
        name: [s.name for s in sources.of(name) if isinstance(s, StandardLibrary)] for name in mix
    }
    mix = tuple(name for name in mix if embedded[name])
    if not mix:
        raise MissingPartError(
            f"there is no old data of {model} {language} to keep in mind",
            where=folder,
            why="without it a model forgets what it knew, and nobody could say how much",
            remedy=f"maestro code-engine generate-dataset --model {model} --language {language}",
        )
    library = Library(pipeline.library.tuning(model, language) / SUBSTITUTE)
    pipeline.reporter.say("old data: the standard library, for the base's dataset is not here")
    recipe = _narrowed(pipeline.recipe, model, {name: embedded[name] for name in mix})
    generate_dataset(replace(pipeline, library=library, recipe=recipe), model, language)
    return OldData(library.dataset(model, language), library, mix, substitute=True)


def _narrowed(recipe: Recipe, model: str, sources: Mapping[str, list[str]]) -> Recipe:
    """Returns a recipe that reads these sources alone."""
    repositories = recipe.repositories.model_copy(update={"sources": dict(sources)})
    own = recipe.code_engine.model_named(model)
    mix = {name: weight for name, weight in own.mapping.mix.items() if name in sources}
    own = own.model_copy(update={"mapping": own.mapping.model_copy(update={"mix": mix})})
    engine = recipe.code_engine.model_copy(update={model.replace("-", "_"): own})
    return recipe.model_copy(update={"repositories": repositories, "code_engine": engine})
