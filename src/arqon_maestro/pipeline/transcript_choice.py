"""The contextual language model beside the n-grams: which of ten transcripts is the true one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arqon_maestro.models.version import installed_version
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.held_out import HeldOut
from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH
from arqon_maestro.pipeline.speech_engine import EXPORT_KEY, arpa_path
from arqon_maestro.speech_engine.export import LEXICON_FILE, RESCORING_MODEL_FILE
from arqon_maestro.steps import Work

CONTEXTUAL_SCORER = "contextual model"
SUM = "contextual model + {}"
_LEXICON = "lexicon"


def speech_inputs(pipeline: Pipeline) -> dict[str, Path]:
    """Returns what of an installed speech engine the choice of transcripts needs.

    Returns:
        Lexicon and rescoring model of the installed engine, and the search model if the library
        still has it as text; nothing if no engine is installed.
    """
    engine = EXPORT_KEY.folder(pipeline.library)
    if installed_version(engine) is None:
        return {}
    # An engine with a decoding graph has its models packed, and its lexicon in the phones of its
    # acoustic model; the library has them as they were made.
    made = pipeline.library.lm_model_data
    places = {
        _LEXICON: (engine / LEXICON_FILE, made / LEXICON_FILE),
        RESCORING: (engine / RESCORING_MODEL_FILE, arpa_path(pipeline, RESCORING)),
    }
    inputs = {
        name: next(path for path in paths if path.is_file())
        for name, paths in places.items()
        if any(path.is_file() for path in paths)
    }
    if len(inputs) < len(places):
        return {}
    search = arpa_path(pipeline, SEARCH)
    return {**inputs, SEARCH: search} if search.is_file() else inputs


def choose_transcripts(
    work: Work, held: HeldOut, rescorer: Any, seed: int, label: str
) -> dict[str, Any] | None:
    """Lets the contextual model, the n-grams and their sum choose among ten transcripts.

    Args:
        work: its inputs are those of `speech_inputs`.
        held: inserts with their places.
        rescorer: the contextual model.
        seed: draws the alternatives.
        label: what progress begins with.

    Returns:
        JSON as `contest.hold` gives it, with what was left out; None without a speech engine.
    """
    from arqon_maestro.evaluation.contest import (
        NgramScorer,
        contextual_scorer,
        hold,
        make_confuser,
        make_contests,
        summed,
    )
    from arqon_maestro.speech_engine.lexicon.formats import read_lexicon
    from arqon_maestro.speech_engine.ngram.model import NgramModel

    if RESCORING not in work.step.inputs:
        return None
    reporter = work.reporter
    models = {
        role: NgramModel.read(work.input(role))
        for role in (RESCORING, SEARCH)
        if role in work.step.inputs
    }
    confuser = make_confuser(read_lexicon(work.input(_LEXICON)), models[RESCORING])
    made = make_contests(
        held.cases, held.sources, confuser, seed, label=f"{label}alternatives", reporter=reporter
    )
    contests = made.contests
    score = contextual_scorer(rescorer, label=f"{label}choice of transcripts", reporter=reporter)
    contextual = score(contests)
    scorers = {CONTEXTUAL_SCORER: contextual}
    for model in models.values():
        scorers[f"{model.order}-gram"] = NgramScorer(model)(contests)
    best = f"{models[RESCORING].order}-gram"
    scorers[SUM.format(best)] = summed(contextual, scorers[best])
    return {
        "contests": len(contests),
        "left_out": {"unknown words": made.unknown, "too few alternatives": made.unrivalled},
        **hold(contests, scorers),
    }
