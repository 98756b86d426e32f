"""The step that measures an installed code-engine model, beside the one before it.

What is measured is told in docs/how-to/evaluate.md, the JSON in docs/reference/evaluation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arqon_maestro.errors import MissingPartError, UsageError
from arqon_maestro.evaluation.metrics import Paired
from arqon_maestro.library import CODE_MODELS, PARSER, PROSE, Library
from arqon_maestro.models.extraction import extract
from arqon_maestro.models.install import require_installed
from arqon_maestro.models.keys import code_key
from arqon_maestro.models.version import (
    ARCHIVE_SUFFIX,
    VERSION_NAME,
    installed_version,
    is_tarball,
    version_in_name,
)
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.evaluation import CONTEXTUAL, SCHEMA_VERSION, measure
from arqon_maestro.pipeline.held_out import (
    HeldOut,
    NoHeldOutCodeError,
    draw_cases,
    read_cases,
)
from arqon_maestro.pipeline.transcript_choice import choose_transcripts, speech_inputs
from arqon_maestro.steps import Work

__all__ = ["SCHEMA_VERSION", "evaluate_code_model", "evaluate_installed", "with_lines"]

PREVIOUS, NONE = "previous", "none"


@dataclass(frozen=True)
class Skipped:
    """An installed model that could not be measured, and why."""

    model: str
    language: str
    why: str


def with_lines(pipeline: Pipeline, lines: int) -> Pipeline:
    """Returns the pipeline with another number of held-out lines."""
    evaluation = pipeline.recipe.evaluation.model_copy(update={"lines": lines})
    return replace(pipeline, recipe=pipeline.recipe.model_copy(update={"evaluation": evaluation}))


def evaluate_installed(
    pipeline: Pipeline, model: str | None, language: str | None, *, baseline: str = PREVIOUS
) -> tuple[list[dict[str, Any]], list[Skipped]]:
    """Measures installed models, all or those named; arguments as `evaluate_code_model`.

    Returns:
        The scores of each, and the models that were not named and lack held-out source code.

    Raises:
        MissingPartError: none is installed, or none can be measured.
    """
    measured: list[dict[str, Any]] = []
    skipped: list[Skipped] = []
    lacking: MissingPartError | None = None
    for name, spoken in installed_models(pipeline.library, model, language):
        try:
            measured.append(evaluate_code_model(pipeline, name, spoken, baseline=baseline))
        except NoHeldOutCodeError as error:
            if model is not None and language is not None:
                raise
            lacking = error
            skipped.append(Skipped(name, spoken, f"{error.what} ({error.where})"))
    if lacking is not None and not measured:
        raise lacking
    return measured, skipped


def installed_models(
    library: Library, model: str | None = None, language: str | None = None
) -> list[tuple[str, str]]:
    """Returns (model, language) of the installed code-engine models, all or those named.

    Raises:
        MissingPartError: there is none.
    """
    found = [
        (name, folder.name)
        for name in CODE_MODELS
        if model in (None, name)
        for folder in sorted(library.code_model(name, PROSE).parent.glob("*"))
        if language in (None, folder.name) and installed_version(folder) is not None
    ]
    if not found:
        named = " ".join(name for name in (model, language) if name)
        raise MissingPartError(
            f"no {named or 'code-engine'} model is installed",
            where=library.models,
            remedy="maestro train --test-mode, or maestro models download --url URL",
        )
    return found


def find_baseline(folder: Path, named: str) -> Path | None:
    """Returns the tarball of the model to compare an installed one with.

    Args:
        folder: the installed model. Tarballs of earlier versions lie in it.
        named: `PREVIOUS`, the newest of these; `NONE`; the first digits of a version there; or a
            tarball's path.

    Returns:
        None for `NONE`, and for `PREVIOUS` where there is no earlier version.

    Raises:
        UsageError: nothing, or more than one version, has the name.
    """
    current = installed_version(folder)
    earlier = [
        path
        for path in sorted(folder.iterdir())
        if is_tarball(path) and version_in_name(path) != current
    ]
    if named == NONE:
        return None
    if named == PREVIOUS:
        return max(earlier, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)
    path = Path(named)
    if named.endswith(ARCHIVE_SUFFIX) and path.is_file():
        return path
    found = [path for path in earlier if path.name.startswith(named)]
    if len(found) != 1:
        there = ", ".join(path.name.removesuffix(ARCHIVE_SUFFIX) for path in earlier)
        raise UsageError(
            f"{len(found) or 'no'} earlier versions begin with {named!r}",
            where="--baseline",
            why=f"in {folder} there are: {there or 'none'}",
            remedy=f"--baseline {PREVIOUS}, {NONE}, a version, or a tarball",
        )
    return found[0]


def evaluate_code_model(
    pipeline: Pipeline, model: str, language: str, *, baseline: str = PREVIOUS
) -> dict[str, Any]:
    """Measures an installed model on lines of repositories that training did not see.

    Args:
        pipeline: the recipe says how many lines.
        model: its name.
        language: its language.
        baseline: see `find_baseline`.

    Returns:
        The scores, as docs/reference/evaluation.md describes them; nothing on a dry run.

    Raises:
        MissingPartError: no model is installed, or there is no held-out source code.
        UsageError: there is no such baseline.
    """
    folder = require_installed(pipeline.library, code_key(model, language))
    earlier = find_baseline(folder, baseline)
    cases = draw_cases(pipeline, model, language)
    if cases is None:
        return {}
    inputs = {"version": folder / VERSION_NAME, "cases": cases}
    if earlier is not None:
        inputs["baseline"] = earlier
    if model == CONTEXTUAL:
        inputs |= speech_inputs(pipeline)

    def action(work: Work) -> dict[str, Any]:
        held = read_cases(work.input("cases"))
        evaluation = _Evaluation(pipeline, work, model, language, held)
        facts = {
            "model": model,
            "language": language,
            "version": installed_version(folder),
            "lines": len(held.cases),
            "files": len({case.file for case in held.cases}),
        }
        scores = _contextual if model == CONTEXTUAL else _translation
        return {**facts, **scores(evaluation, folder, earlier)}

    recipe = pipeline.recipe.evaluation
    return measure(
        pipeline,
        f"{model}-{language}",
        inputs,
        {"n_best": recipe.n_best, "seed": pipeline.recipe.seed},
        ("ctranslate2", "tree-sitter"),
        action,
        version=2,
    )


@dataclass(frozen=True)
class _Evaluation:
    pipeline: Pipeline
    work: Work
    model: str
    language: str
    held: HeldOut

    def label(self, what: str) -> str:
        return f"{self.model}/{self.language}: {what}"

    def unpack(self, tarball: Path) -> Path:
        """Returns the folder of a tarball's files."""
        folder = self.work.scratch / "baseline" / "model"
        if not folder.is_dir():
            extract(tarball, folder)
        return folder


def _translation(evaluation: _Evaluation, folder: Path, earlier: Path | None) -> dict[str, Any]:
    from arqon_maestro.code_engine.engine import find_lexicon, read_lexicon
    from arqon_maestro.evaluation.groups import all_groups, unknown_shares

    cases = evaluation.held.cases
    scores, firsts = _translated(evaluation, folder, "")
    hits = [first == case.target for first, case in zip(firsts, cases, strict=True)]
    found = {
        "n_best": evaluation.pipeline.recipe.evaluation.n_best,
        **scores,
        "groups": all_groups(cases, hits),
        "unknowns": unknown_shares(evaluation.held.pairs, read_lexicon(find_lexicon(folder))),
    }
    if evaluation.model == PARSER:
        found["held_to_grammar"] = _held_to_grammar(evaluation, folder)
    found["baseline"] = None
    if earlier is not None:
        before, others = _translated(evaluation, evaluation.unpack(earlier), ", baseline")
        del before["misses"]
        other_hits = [first == case.target for first, case in zip(others, cases, strict=True)]
        found["baseline"] = {
            "version": version_in_name(earlier),
            **before,
            "paired": Paired.of(hits, other_hits).to_json(),
        }
    return found


def _translated(
    evaluation: _Evaluation, folder: Path, suffix: str
) -> tuple[dict[str, Any], list[str]]:
    """Returns the scores of a model's outputs, and the first output of every line."""
    from arqon_maestro.code_engine.translator import Translator
    from arqon_maestro.evaluation.code_engine import exact_match
    from arqon_maestro.evaluation.placing import parse_rates

    pipeline, held, reporter = evaluation.pipeline, evaluation.held, evaluation.work.reporter
    translated = exact_match(
        Translator(folder, pipeline.recipe.threads),
        held.pairs,
        n_best=pipeline.recipe.evaluation.n_best,
        kind=_kinds(held),
        accept=_accepted if evaluation.model == PARSER else None,
        label=evaluation.label(f"exact match{suffix}"),
        reporter=reporter,
    )
    scores = translated.to_json()
    if evaluation.model != PARSER:
        rates = parse_rates(
            held.cases,
            translated.firsts,
            held.sources,
            label=evaluation.label(f"parse rate{suffix}"),
            reporter=reporter,
        )
        scores["parse_rate"] = rates and rates.to_json()
    return scores, translated.firsts


def _held_to_grammar(evaluation: _Evaluation, folder: Path) -> dict[str, Any]:
    from arqon_maestro.code_engine.parsing import GrammarParser
    from arqon_maestro.evaluation.code_engine import exact_match

    pipeline, held = evaluation.pipeline, evaluation.held
    return exact_match(
        GrammarParser(folder),
        held.pairs,
        n_best=pipeline.recipe.evaluation.n_best,
        kind=_kinds(held),
        accept=_accepted,
        label=evaluation.label("held to the grammar"),
        reporter=evaluation.work.reporter,
    ).to_json()


def _contextual(evaluation: _Evaluation, folder: Path, earlier: Path | None) -> dict[str, Any]:
    from arqon_maestro.code_engine.translator import Rescorer
    from arqon_maestro.evaluation.code_engine import cross_entropy, loss_difference

    pipeline, reporter = evaluation.pipeline, evaluation.work.reporter
    threads, pairs = pipeline.recipe.threads, evaluation.held.pairs
    rescorer = Rescorer(folder, threads)
    loss = cross_entropy(rescorer, pairs, label=evaluation.label("loss"), reporter=reporter)
    found: dict[str, Any] = {**loss.to_json(), "baseline": None}
    if earlier is not None:
        other = cross_entropy(
            Rescorer(evaluation.unpack(earlier), threads),
            pairs,
            label=evaluation.label("loss, baseline"),
            reporter=reporter,
        )
        difference, low, high = loss_difference(loss, other)
        found["baseline"] = {
            "version": version_in_name(earlier),
            **other.to_json(),
            "difference": {"value": difference, "low": low, "high": high},
        }
    found["choice_among_ten"] = choose_transcripts(
        evaluation.work, evaluation.held, rescorer, pipeline.recipe.seed, evaluation.label("")
    )
    return found


def _kinds(held: HeldOut) -> Any:
    from arqon_maestro.evaluation.groups import kind_group

    kinds = {case.source: kind_group(case) for case in held.cases}
    return kinds.__getitem__


def _accepted(source: str, target: str) -> bool:
    from arqon_maestro.corpusgen.grammar import accept_parse

    return accept_parse(source.split(), target) is not None
