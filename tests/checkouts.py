"""A small checkout for tests: the project's configuration with a tiny recipe."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures"


def make_checkout(folder: Path) -> Path:
    """Makes a checkout in `folder` whose test recipe is ``tests/fixtures/recipes/tiny.yaml``."""
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copy(FIXTURES / "recipes" / "tiny.yaml", folder / "config" / "recipes" / "test.yaml")
    (folder / "tests" / "fixtures").mkdir(parents=True)
    speech = folder / "tests" / "fixtures" / "speech"
    speech.mkdir()
    for name in ("001.flac", "002.flac", "003.flac"):
        shutil.copy(FIXTURES / "speech" / name, speech / name)
    rows = (FIXTURES / "speech" / "transcripts.tsv").read_text(encoding="utf-8").splitlines()
    chosen = [rows[0], *(row for row in rows if row.startswith(("001.", "002.", "003.")))]
    (speech / "transcripts.tsv").write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return folder


def environment(checkout: Path, library: Path) -> dict[str, str]:
    """Returns the environment in which commands use a checkout and a library root."""
    return {
        **os.environ,
        "ARQON_MAESTRO_SOURCE_ROOT": str(checkout),
        "ARQON_MAESTRO_LIBRARY_ROOT": str(library),
        "OMP_NUM_THREADS": "1",
    }
