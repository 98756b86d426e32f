"""Where training data came from, as manifests and model cards say it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.library import Library


def data_of(library: Library, languages: list[str]) -> dict[str, Any]:
    """Returns by language the repositories behind its shards: licences and amounts."""
    found: dict[str, Any] = {}
    for language in languages:
        manifest = read_json(library.repositories(language) / "manifest.json")
        found[language] = {
            "total": manifest["total"],
            "packages": [
                {
                    "repository": package["repository"],
                    "version": package["version"],
                    "licence": package["licence"],
                    "provenance": package["provenance"],
                    "files": package["files"],
                    "bytes": package["bytes"],
                }
                for package in manifest["packages"]
                if package["files"]
            ],
        }
    return found


def data_rows(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Returns a model card's rows: language, licence, amount."""
    rows = []
    for language, facts in sorted(data.items()):
        sizes: Counter[str] = Counter()
        names: dict[str, int] = Counter()
        for package in facts["packages"]:
            sizes[package["licence"]] += package["bytes"]
            names[package["licence"]] += 1
        rows += [
            (f"{language}: {names[licence]} repositories", licence, f"{size / 1e6:.1f} MB")
            for licence, size in sorted(sizes.items())
        ]
    return rows
