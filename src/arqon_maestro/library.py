"""The library root: every path of it in one place.

Paths inside are relative to the root, so that it can be copied to another machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import MissingPartError, UsageError

CODE_MODELS = ("auto-style", "contextual-language-model", "transcript-parser")
PARSER = "transcript-parser"
PROSE = "default"
SPEECH_MODELS = ("acoustic-model", "g2p", "user-language-model", "export")


def source_root(environment: dict[str, str] | None = None) -> Path:
    """Returns the checkout: `ARQON_MAESTRO_SOURCE_ROOT`, or found from this file.

    Raises:
        MissingPartError: no ``config/models.yaml`` there.
    """
    values = os.environ if environment is None else environment
    named = values.get("ARQON_MAESTRO_SOURCE_ROOT")
    root = Path(named).expanduser() if named else Path(__file__).resolve().parents[2]
    if not (root / "config" / "models.yaml").is_file():
        raise MissingPartError(
            "not a checkout of arqon-maestro",
            where=root,
            why="config/models.yaml is missing",
            remedy="export ARQON_MAESTRO_SOURCE_ROOT=<the checkout>",
        )
    return root


def library_root(environment: dict[str, str] | None = None) -> Path:
    """Returns the data's folder: `ARQON_MAESTRO_LIBRARY_ROOT`, default ``~/libarqon``."""
    values = os.environ if environment is None else environment
    return Path(values.get("ARQON_MAESTRO_LIBRARY_ROOT") or "~/libarqon").expanduser().absolute()


def check_language(model: str, language: str) -> None:
    """Raises `UsageError` for a parser in another language than prose."""
    if model == PARSER and language != PROSE:
        raise UsageError(
            f"the transcript parser has one language, {PROSE!r}",
            where="--language",
            remedy=f"--model {PARSER} --language {PROSE}",
        )


@dataclass(frozen=True)
class Library:
    """Paths below the library root (interface.md, section 3)."""

    root: Path

    @property
    def downloads(self) -> Path:
        return self.root / "downloads"

    def repositories(self, language: str) -> Path:
        return self.root / "repositories" / language

    @property
    def lm(self) -> Path:
        return self.root / "lm"

    def language_corpus(self, language: str) -> Path:
        return self.lm / f"{language}-data" / f"{language}-corpus.txt"

    @property
    def lm_corpus(self) -> Path:
        return self.lm / "corpus.txt"

    @property
    def lm_model_data(self) -> Path:
        return self.lm / "model-data"

    @property
    def lm_model(self) -> Path:
        return self.lm / "model"

    @property
    def g2p_model(self) -> Path:
        """The G2P model that was trained here."""
        return self.lm / "g2p" / "model.fst"

    @property
    def own_words(self) -> Path:
        """A person's own words and their pronunciations (`maestro lexicon add`)."""
        return self.lm / "own-words.txt"

    def dataset(self, model: str, language: str) -> Path:
        return self.root / "code-engine-training" / "data" / model / language

    def training(self, model: str, language: str) -> Path:
        return self.root / "code-engine-training" / "models" / model / language

    def tuning(self, model: str, language: str) -> Path:
        """Where a model that goes on with a person's own code is made."""
        return self.root / "code-engine-training" / "tuned" / model / language

    @property
    def models(self) -> Path:
        return self.root / "models"

    def speech_model(self, name: str) -> Path:
        """Where a speech model is installed; its tarball ``<version>.tar.gz`` lies there too."""
        return self.models / "speech-engine" / name

    def code_model(self, model: str, language: str) -> Path:
        """Where a code-engine model is installed; its tarball lies there too."""
        return self.models / "code-engine" / "export" / model / language

    @property
    def reports(self) -> Path:
        return self.root / "reports"
