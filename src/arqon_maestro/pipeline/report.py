"""The step that writes the report of a training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json, replace, write_json
from arqon_maestro.evaluation.report import Section, Table, write_report
from arqon_maestro.library import Library
from arqon_maestro.models.install import Installed
from arqon_maestro.pipeline.code_report import code_model_section, training_curves
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.evaluation import scores_path
from arqon_maestro.progress import clock
from arqon_maestro.speech_engine.lexicon.vocabulary import PROFANE, read_dropped_words
from arqon_maestro.steps import Step, Work

#: Dropped words that are shown for each reason.
_COMMONEST = 12
SYNTHETIC = (
    "The spoken commands are synthetic voices (flite), not people: these figures are optimistic."
)


def make_report(
    pipeline: Pipeline,
    languages: list[str],
    installed: list[Installed],
    scores: dict[str, dict[str, Any]],
) -> tuple[Path, Path]:
    """Writes ``reports/<time>/report.html`` and ``.json`` if anything has changed.

    Returns:
        The paths of the newest page and JSON file.
    """
    latest = pipeline.library.reports / "latest.json"

    def action(work: Work) -> None:
        stamp = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
        folder = pipeline.library.reports / stamp
        numbers = {
            "recipe": pipeline.recipe.name,
            "seed": pipeline.recipe.seed,
            "languages": languages,
            "scores": scores,
            "training": {
                name: training_curves(pipeline.library, *name.split("/"))
                for name in scores
                if "/" in name
            },
            "models": [_model(pipeline, model) for model in installed],
            "lexicon": lexicon_facts(pipeline.library),
            "steps": _steps(pipeline),
        }
        title = f"Training report: {', '.join(languages)} ({pipeline.recipe.name} recipe)"
        # Page and data appear together: a killed run leaves no half of a report.
        write_report(work.scratch / "report", title, _sections(scores, numbers), numbers)
        folder.parent.mkdir(parents=True, exist_ok=True)
        replace(work.scratch / "report", folder)
        write_json(work.output("latest"), {"schema_version": 1, "folder": stamp})

    inputs = {name: scores_path(pipeline, name.replace("/", "-")) for name in scores}
    step = Step(
        name="report",
        version=3,
        action=action,
        inputs=inputs,
        outputs={"latest": latest},
        manifest=latest.with_name("latest.step.json"),
        configuration={
            "recipe": pipeline.recipe.name,
            "languages": languages,
            "models": [f"{model.key.path} {model.version}" for model in installed],
        },
        libraries=("matplotlib",),
    )
    folder = _latest(pipeline.library.reports, latest)
    if folder is not None and not (folder / "report.html").is_file():
        latest.unlink()  # the report was deleted by hand: write it again
    pipeline.runner.run(step)
    folder = _latest(pipeline.library.reports, latest)
    assert folder is not None  # the step has just made or confirmed it
    return folder / "report.html", folder / "report.json"


def _latest(reports: Path, latest: Path) -> Path | None:
    return reports / str(read_json(latest)["folder"]) if latest.is_file() else None


def _model(pipeline: Pipeline, model: Installed) -> dict[str, Any]:
    tarball = model.folder / f"{model.version}.tar.gz"
    return {
        "model": model.key.path,
        "version": model.version,
        "tarball": tarball.relative_to(pipeline.library.root).as_posix(),
        "size_bytes": tarball.stat().st_size,
    }


def _steps(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [
        {"step": outcome.step, "status": outcome.status, "seconds": outcome.manifest["seconds"]}
        for outcome in pipeline.runner.outcomes
        if outcome.manifest
    ]


def lexicon_facts(library: Library) -> dict[str, Any]:
    """Returns what the lexicon is made of, what was dropped and why, and the error of G2P."""
    made = read_json(library.lm_model_data / "manifest.json")
    g2p = read_json(library.g2p_model.with_suffix(".step.json"))
    occurrences = made["notes"]["occurrences dropped"]
    # Profane words are counted, not shown.
    dropped = [
        lost
        for lost in read_dropped_words(library.lm_model_data / "vocab-dropped.tsv")
        if lost.reason != PROFANE
    ]
    return {
        "vocabulary": made["counts"]["vocabulary"],
        "own_words": made["counts"]["own words"],
        "pronunciations_by_source": made["notes"]["pronunciations by source"],
        "dropped": {
            reason: {
                "words": number,
                "occurrences": occurrences[reason],
                "commonest": [lost.word for lost in dropped if lost.reason == reason][:_COMMONEST],
            }
            for reason, number in made["rejects"].items()
        },
        "g2p": g2p["notes"],
    }


def _lexicon(facts: dict[str, Any]) -> Section:
    sources = [[source, n] for source, n in facts["pronunciations_by_source"].items()]
    dropped = [
        [reason, row["words"], row["occurrences"], " ".join(row["commonest"])]
        for reason, row in facts["dropped"].items()
    ]
    g2p = facts["g2p"]
    return Section(
        "Lexicon",
        [
            f"{facts['vocabulary']} words can be recognised, {facts['own_words']} of them your "
            "own; the other words of the corpus became hints.",
            f"The G2P model says {g2p['word_error_rate']:.1%} of {g2p['held_out_words']} held-out "
            f"words of the dictionary otherwise ({g2p['phone_error_rate']:.1%} of their phones).",
        ],
        [
            Table(["why a word was dropped", "words", "occurrences", "the commonest"], dropped),
            Table(["source", "pronunciations"], sources),
        ],
    )


def _sections(scores: dict[str, dict[str, Any]], numbers: dict[str, Any]) -> list[Section]:
    sections = [
        _speech(scores["speech"]),
        _language_models(scores["language-models"]),
        _lexicon(numbers["lexicon"]),
    ]
    for name, values in scores.items():
        if "/" in name:
            model, language = name.split("/")
            curves = numbers["training"].get(name, {})
            sections.append(code_model_section(model, language, values, curves))
    models = [[m["model"], m["version"], m["tarball"], m["size_bytes"]] for m in numbers["models"]]
    steps = [[s["step"], clock(float(s["seconds"]))] for s in numbers["steps"]]
    sections += [
        Section(
            "Models",
            ["Tarballs, relative to the library root. The same model twice is the same file."],
            [Table(["model", "version", "tarball", "bytes"], models)],
        ),
        Section(
            "Steps",
            ["How long each step took when it last ran."],
            [Table(["step", "time"], steps)],
        ),
    ]
    return sections


def rate(value: dict[str, Any] | None) -> str:
    """Formats a share with its interval."""
    if value is None:
        return "–"
    interval = f"{value['low']:.1%} to {value['high']:.1%}"
    return f"{value['value']:.1%} ({interval}; {value['count']} of {value['total']})"


def _speech(scores: dict[str, Any]) -> Section:
    peers: dict[str, dict[str, Any]] = scores.get("peers", {})
    columns = [_recognition(found) for found in (scores, *peers.values())]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    if peers:
        rows.append(["right at once only here, or only there", "", *map(_paired, peers.values())])
    missed = [
        [item["reference"], (item["ranked"] or [""])[0], item["rank"] or "–"]
        for item in scores["utterances"]
        if item["rank"] != 1
    ]
    return Section(
        "Spoken commands",
        [SYNTHETIC, "Intervals are at 95%."],
        [
            Table(["measure", "value", *peers], rows),
            Table(["said", "heard first", "rank"], missed[:25]),
        ],
    )


def _recognition(scores: dict[str, Any]) -> dict[str, str]:
    low, high = scores["word_error_rate_interval"]
    return {
        **{f"recall@{k}": rate(value) for k, value in scores["recall"].items()},
        "word error rate": f"{scores['word_error_rate']:.1%} ({low:.1%} to {high:.1%})",
        "real-time factor": f"{scores['real_time_factor']:.3f}",
    }


def _paired(peer: dict[str, Any]) -> str:
    """Says which of two recognisers is right at once where only one of them is."""
    paired = peer["paired"]
    verdict = f"p = {paired['p_value']:.2g}"
    return f"{paired['first_only']} here, {paired['second_only']} there ({verdict})"


def _language_models(scores: dict[str, Any]) -> Section:
    roles = [name for name in scores if name != "schema_version"]
    rows = [
        [
            role,
            scores[role]["perplexity"],
            scores[role]["perplexity_excluding_eos"],
            scores[role]["words"],
            scores[role]["oovs"],
        ]
        for role in roles
    ]
    return Section(
        "Language models",
        ["Perplexity on text of repositories that were not trained on; unknown words left out."],
        [Table(["model", "perplexity", "without </s>", "words", "unknown"], rows)],
    )
