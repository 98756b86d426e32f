"""The 33 places a model can be installed at: the keys of models.yaml, flattened to paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import UsageError, did_you_mean
from arqon_maestro.library import SPEECH_MODELS, Library

MODEL_LANGUAGES = (
    "bash",
    "cplusplus",
    "csharp",
    "dart",
    "default",
    "go",
    "html",
    "java",
    "javascript",
    "kotlin",
    "python",
    "ruby",
    "rust",
    "scss",
)


@dataclass(frozen=True, order=True)
class ModelKey:
    """One entry of models.yaml, such as ``code-engine/export/auto-style/python``."""

    parts: tuple[str, ...]

    @property
    def path(self) -> str:
        """The flattened key: where the model lies below ``models/`` and below a download URL."""
        return "/".join(self.parts)

    def folder(self, library: Library) -> Path:
        """Returns where the model is installed; its tarballs lie there too."""
        return library.models.joinpath(*self.parts)

    def __str__(self) -> str:
        return self.path


def speech_key(name: str) -> ModelKey:
    """Returns the key of a speech model: ``acoustic-model``, ``export``, ``g2p``, …"""
    return parse_key(f"speech-engine/{name}")


def code_key(model: str, language: str) -> ModelKey:
    """Returns the key of a code-engine model of a language."""
    return parse_key(f"code-engine/export/{model}/{language}")


def parse_key(path: str) -> ModelKey:
    """Returns the key for a flattened path; a leading ``models/`` is allowed.

    Raises:
        UsageError: there is no such model.
    """
    key = ModelKey(tuple(path.strip("/").removeprefix("models/").split("/")))
    if key not in MODEL_KEYS:
        raise UsageError(
            f"unknown model {path!r}", why=key_hint(key.parts), remedy="maestro models list"
        )
    return key


def key_hint(parts: tuple[str, ...]) -> str:
    """Returns what could stand where an unknown key first goes wrong."""
    for depth in range(len(parts) + 1):
        allowed = {
            key.parts[depth]
            for key in MODEL_KEYS
            if len(key.parts) > depth and key.parts[:depth] == parts[:depth]
        }
        if not allowed:
            return f"nothing stands below {'.'.join(parts[:depth])}"
        if depth == len(parts):
            return "it lacks a further part; " + did_you_mean("", allowed)
        if parts[depth] not in allowed:
            return did_you_mean(parts[depth], allowed)
    raise AssertionError("a known key")


def key_of_folder(folder: Path) -> ModelKey | None:
    """Returns the key whose folder below some ``models/`` this is, by the end of its path."""
    parts = folder.absolute().parts
    for key in MODEL_KEYS:
        if parts[-len(key.parts) - 1 :] == ("models", *key.parts):
            return key
    return None


def _all_keys() -> Iterable[ModelKey]:
    for name in SPEECH_MODELS:
        yield ModelKey(("speech-engine", name))
    yield ModelKey(("code-engine", "export", "transcript-parser", "default"))
    for model in ("auto-style", "contextual-language-model"):
        for language in MODEL_LANGUAGES:
            yield ModelKey(("code-engine", "export", model, language))


MODEL_KEYS = tuple(_all_keys())
