"""What the report says of a code-engine model: its training's curves and its scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arqon_maestro.code_engine.journal import LOG_FILE, read_log
from arqon_maestro.evaluation.report import Curve, Panels, Part, Plot, Section, Table
from arqon_maestro.evaluation.summary import points, share
from arqon_maestro.library import Library

#: Points of a curve, at most: more can't be told apart.
MOST_POINTS = 600
_MISSES = 10
#: Groups of fewer lines say nothing.
_LEAST_LINES = 5
_CURVES = ("loss", "valid_loss", "valid_accuracy", "learning_rate", "words_per_s")
_GROUP_TITLES = {
    "rule": "rule of the command",
    "container": "container",
    "snippet": "added as",
    "length": "length",
    "language": "language of the code",
}

Rows = list[list[object]]


def training_curves(library: Library, model: str, language: str) -> dict[str, list[list[float]]]:
    """Returns the curves of a training's log: name → [update, value] points, thinned evenly."""
    lines = read_log(library.training(model, language) / LOG_FILE)
    curves = {}
    for name in _CURVES:
        found = [[line["update"], line[name]] for line in lines if line.get(name) is not None]
        step = -(-len(found) // MOST_POINTS) or 1
        # The last one is always kept.
        curves[name] = [point for at, point in enumerate(found, 1 - len(found)) if at % step == 0]
    return {name: found for name, found in curves.items() if found}


def code_model_section(
    model: str, language: str, scores: dict[str, Any], curves: dict[str, list[list[float]]]
) -> Section:
    """Returns the part of the report on one model.

    Args:
        model: its name.
        language: its language.
        scores: of its evaluation.
        curves: of its training; none for a model that was trained elsewhere.
    """
    notes = [
        f"{scores['lines']} lines of {scores['files']} files of repositories that training did not "
        "see. Intervals are at 95%."
    ]
    parts: list[Part] = []
    if "cross_entropy" in scores:
        parts += _contextual(scores, notes)
    else:
        parts += _translation(scores, notes)
    if curves:
        parts.append(_panels(curves))
    return Section(f"{model}, {language}", notes, parts)


def _translation(scores: dict[str, Any], notes: list[str]) -> list[Part]:
    baseline = scores["baseline"]

    def row(name: str, find: Callable[[dict[str, Any]], dict[str, Any] | None]) -> list[object]:
        here, before = find(scores), find(baseline) if baseline else None
        cells: list[object] = [name, here and share(here), here and here["total"]]
        return [*cells, before and share(before)] if baseline else cells

    rows: Rows = [
        row(f"exact match at {k}", lambda found, k=k: found["exact_match"][k])  # type: ignore[misc]
        for k in scores["exact_match"]
    ]
    rows += [
        row(f"at 1, {kind}", lambda found, kind=kind: found["exact_match_by_kind"].get(kind))  # type: ignore[misc]
        for kind in scores["exact_match_by_kind"]
    ]
    if scores.get("parse_rate"):
        rows.append(row("the file parses", lambda found: found["parse_rate"]["parses"]))
        rows.append(
            row(
                "the file parses, output wrong",
                lambda found: found["parse_rate"]["misses_that_parse"],
            )
        )
        notes.append(
            "The file parses if the first output, put in its place, brings no syntax error; "
            f"{scores['parse_rate']['unjudged']} lines whose reference itself does are left out."
        )
    if scores["valid_at_1"]:
        rows.append(row("valid at 1", lambda found: found["valid_at_1"]))
        rows.append(
            row("exact match of the first valid", lambda found: found["exact_match_of_first_valid"])
        )
    for k, found in scores.get("held_to_grammar", {}).get("exact_match", {}).items():
        rows.append([f"held to the grammar, at {k}", share(found), found["total"]])
    for name, key in (
        ("source tokens that are unknown", "tokens"),
        ("lines with an unknown token", "lines"),
        ("lines out of the model's reach", "unreachable"),
        ("lines with too many unknown tokens", "too_many"),
    ):
        found = scores["unknowns"][key]
        if found is not None:
            rows.append([name, share(found), found["total"]])
    header = ["measure", "value", "of"]
    if baseline:
        header.append(f"before ({baseline['version'][:8]})")
        notes.append(
            f"Exact match at 1 against the version before: {points(baseline['paired'])}, "
            "by McNemar's test."
        )
    parts: list[Part] = [Table(header, _even(rows, len(header)))]
    kinds = scores["exact_match_by_kind"].keys()
    # The kinds of commands are their lengths, which are shown above.
    parts += _groups({n: found for n, found in scores["groups"].items() if found.keys() != kinds})
    if scores["misses"]:
        wrong = [[m["source"], m["reference"], m["output"]] for m in scores["misses"][:_MISSES]]
        parts.append(Table(["source", "reference", "first output, wrong"], wrong))
    return parts


def _even(rows: Rows, width: int) -> Rows:
    return [row + [None] * (width - len(row)) for row in rows]


def _groups(groups: dict[str, dict[str, Any]]) -> list[Part]:
    tables: list[Part] = []
    for name, title in _GROUP_TITLES.items():
        rows = [
            [group, share(found), found["total"]]
            for group, found in groups.get(name, {}).items()
            if found["total"] >= _LEAST_LINES
        ]
        if rows:
            tables.append(Table([title, "exact match at 1", "of"], rows))
    return tables


def _contextual(scores: dict[str, Any], notes: list[str]) -> list[Part]:
    interval = f"{scores['low']:.3f}–{scores['high']:.3f}"
    rows: Rows = [
        ["loss, nats a word", f"{scores['cross_entropy']:.3f} ({interval})"],
        ["perplexity a word", f"{scores['perplexity']:.1f}"],
    ]
    baseline = scores["baseline"]
    if baseline:
        change = baseline["difference"]
        rows += [
            [f"loss before ({baseline['version'][:8]})", f"{baseline['cross_entropy']:.3f}"],
            [
                "difference",
                f"{change['value']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})",
            ],
        ]
    parts: list[Part] = [Table(["measure", "value"], rows)]
    choice = scores["choice_among_ten"]
    if choice is None:
        return parts
    notes.append(
        f"Choice: {choice['contests']} true transcripts, each among nine that sound like it, drawn "
        "from the recogniser's words; how often a model gives the true one the highest score."
    )
    scorers = choice["scorers"]
    against = {found["second"]: found for found in choice["comparisons"]}
    lengths = list(next(iter(scorers.values()))["by_length"])
    parts.append(
        Table(
            ["picks the true one", "accuracy", "nats a word", "the first against it"],
            [
                [
                    name,
                    share(found["accuracy"]),
                    found["nats_a_word"],
                    points(against[name]) if name in against else None,
                ]
                for name, found in scorers.items()
            ],
        )
    )
    parts.append(
        Table(
            ["length", *scorers, "of"],
            [
                [
                    length,
                    *(share(found["by_length"][length]) for found in scorers.values()),
                    scorers[next(iter(scorers))]["by_length"][length]["total"],
                ]
                for length in lengths
            ],
        )
    )
    wrong = [[m["context"], m["reference"], m["chosen"]] for m in choice["misses"][:_MISSES]]
    if wrong:
        parts.append(Table(["code before the caret", "said", "chosen, wrong"], wrong))
    return parts


def _panels(curves: dict[str, list[list[float]]]) -> Panels:
    def plot(title: str, unit: str, names: dict[str, str]) -> Plot:
        drawn = [
            Curve(label, [x for x, _ in curves[name]], [y for _, y in curves[name]])
            for name, label in names.items()
            if name in curves
        ]
        return Plot(title, "updates", unit, drawn)

    plots = [
        plot("Loss", "nats a target token", {"loss": "training", "valid_loss": "validation"}),
        plot("Validation accuracy", "share of target tokens", {"valid_accuracy": "validation"}),
        plot("Learning rate", "", {"learning_rate": "learning rate"}),
        plot("Speed", "target tokens a second", {"words_per_s": "speed"}),
    ]
    return Panels([plot for plot in plots if plot.curves])
