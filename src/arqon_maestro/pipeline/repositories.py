"""The step that fetches a language's raw source code."""

from __future__ import annotations

import sys
from typing import Any

from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.repositories.fetch import FetchSettings, fetch_language
from arqon_maestro.repositories.selection import SelectionLimits
from arqon_maestro.repositories.sources import Source, SourceList, load_sources
from arqon_maestro.repositories.split import SplitShares
from arqon_maestro.steps import Outcome, Step, Work

LIBRARIES = ("pyarrow", "xxhash")


def source_list(pipeline: Pipeline) -> SourceList:
    """Returns the pinned sources of the checkout, and those added to the library."""
    own = pipeline.library.root / "repositories" / "sources.yaml"
    paths = [pipeline.source_root / "config" / "sources.yaml", *([own] if own.is_file() else [])]
    return load_sources(*paths)


def chosen_sources(pipeline: Pipeline, language: str) -> tuple[Source, ...]:
    """Returns the sources that the recipe names for a language, or all of its sources."""
    names = pipeline.recipe.repositories.sources.get(language, [])
    return source_list(pipeline).of(language, names=names)


def fetch(pipeline: Pipeline, language: str) -> Outcome:
    """Fetches, filters and splits a language's source code into shards."""
    recipe = pipeline.recipe.repositories
    sources = chosen_sources(pipeline, language)
    folder = pipeline.library.repositories(language)
    limits = SelectionLimits(
        shares=SplitShares(valid=recipe.valid_share, test=recipe.test_share),
        package_share=recipe.package_share,
        limit_bytes=recipe.limit_bytes,
    )

    def action(work: Work) -> None:
        report = fetch_language(
            language,
            sources,
            pipeline.library,
            FetchSettings(selection=limits, offline=pipeline.offline),
            folder=work.output("shards"),
            reporter=work.reporter,
        ).as_dict()
        work.count("files", report["total"]["files"])
        work.count("repositories", report["total"]["repositories"])
        work.count("bytes", report["total"]["bytes"])
        work.rejects.update(report["rejects"])
        work.note("splits", report["splits"])

    configuration: dict[str, Any] = {
        "sources": [source.model_dump(mode="json") for source in sources],
        "recipe": recipe.model_dump(mode="json", exclude={"sources"}),
    }
    if any(source.registry == "standard-library" for source in sources):
        configuration["python"] = sys.version
    local = {f"source {s.name}": s.path for s in sources if s.registry == "local-folder"}
    return pipeline.runner.run(
        Step(
            name=f"repositories/{language}",
            version=1,
            action=action,
            inputs=local,
            outputs={"shards": folder},
            manifest=folder.with_name(f"{language}.step.json"),
            configuration=configuration,
            libraries=LIBRARIES,
        )
    )
