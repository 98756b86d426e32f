"""The registry of npm, through ``npm pack``: no install, no scripts."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

from arqon_maestro.repositories.downloads import client_file, run_client


def obtain(name: str, version: str, archive: str, folder: Path) -> Path:
    """Downloads a package's tarball into `folder`.

    Raises:
        MissingPartError: npm is not installed, or the package can't be had.
    """
    label = f"npm/{name} {version}"
    run_client(
        ["npm", "pack", f"{name}@{version}", "--ignore-scripts", "--silent"],
        label=label,
        folder=folder,
        environment={"npm_config_update_notifier": "false", "npm_config_fund": "false"},
    )
    return client_file(folder, archive, label)


def provenance(name: str, version: str) -> str:
    """Returns the package URL (purl)."""
    return f"pkg:npm/{urllib.parse.quote(name)}@{version}"
