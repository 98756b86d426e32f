"""What an exported speech engine's manifest and card say."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.library import Library
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.pipeline.provenance import data_of, data_rows
from arqon_maestro.speech_engine.acoustic.bundle import AcousticBundle, BundleKind

SEARCH, RESCORING = "search", "rescoring"


def engine_facts(library: Library) -> dict[str, Any]:
    """Returns a manifest's facts: configuration, data with licences, sizes, libraries.

    Raises:
        MissingPartError: lexicon or language models were not made yet.
    """
    data = library.lm_model_data
    lexicon = read_json(data / "manifest.json")
    models = {role: read_json(data / f"{role}.manifest.json") for role in (SEARCH, RESCORING)}
    languages = sorted(set(lexicon["inputs"]) - {"corpus", "g2p", "own words"})
    return {
        "configuration": {
            "lexicon": lexicon["configuration"],
            **{role: manifest["configuration"] for role, manifest in models.items()},
        },
        "data": data_of(library, languages),
        "scores": {
            "words that can be recognised": lexicon["counts"]["vocabulary"],
            **{f"n-grams, {role}": _ngrams(manifest) for role, manifest in models.items()},
        },
        "libraries": {"pocketsphinx": importlib.metadata.version("pocketsphinx")},
    }


def engine_card(facts: dict[str, Any], bundle: AcousticBundle, command: str) -> str:
    """Returns the model card of an engine with these facts that `command` exports."""
    return render_card(
        Card(
            title="speech engine",
            what="Turns 16 kHz speech into ranked transcripts of spoken commands.",
            data=data_rows(facts["data"]),
            scores=facts["scores"],
            limits=[
                "The acoustic model is the one of the pocketsphinx wheel: US English, read speech."
                if bundle.kind is BundleKind.POCKETSPHINX
                else f"The acoustic model is {bundle.reference}; see its own card.",
                "The language models learned from generated commands, not from recordings.",
            ],
            made=f"`maestro speech-engine train-model`, then `{command}`.",
        )
    )


def _ngrams(manifest: dict[str, Any]) -> int:
    return sum(n for name, n in manifest["counts"].items() if name.endswith("-grams"))
