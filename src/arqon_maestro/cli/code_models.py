"""Which model of the code engine a command means: its options, and what they may be."""

from __future__ import annotations

from typing import Annotated

import typer

from arqon_maestro.errors import UsageError, did_you_mean
from arqon_maestro.library import CODE_MODELS, check_language

ModelOption = Annotated[str, typer.Option("--model", help=f"One of {', '.join(CODE_MODELS)}.")]
LanguageOption = Annotated[
    str, typer.Option("--language", help="Language of the model; `default` for transcript-parser.")
]
OptionalModel = Annotated[str | None, typer.Option("--model", help="Only this model.")]
OptionalLanguage = Annotated[str | None, typer.Option("--language", help="Only this language.")]


def check_names(model: str | None, language: str | None) -> None:
    """Raises `UsageError` for a model or a language that there is not."""
    from arqon_maestro import languages

    if model is not None and model not in CODE_MODELS:
        raise UsageError(f"no such model: {model!r}", remedy=did_you_mean(model, CODE_MODELS))
    if language is not None:
        languages.get(language)
        if model is not None:
            check_language(model, language)
