"""The scores of a code-engine model in a few lines of text."""

from __future__ import annotations

from typing import Any


def share(rate: dict[str, Any]) -> str:
    """Formats a rate with its interval: ``38.2% (35.1–41.4)``."""
    return f"{rate['value']:.1%} ({100 * rate['low']:.1f}–{100 * rate['high']:.1f})"


def p_value(value: float) -> str:
    """Formats a p-value: ``p < 0.001``, ``p = 0.032``."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def points(paired: dict[str, Any]) -> str:
    """Formats a difference of two shares: ``+2.1 points (0.3 to 3.9; p = 0.021)``."""
    low, high = 100 * paired["low"], 100 * paired["high"]
    return (
        f"{100 * paired['difference']:+.1f} points ({low:+.1f} to {high:+.1f}; "
        f"{p_value(paired['p_value'])})"
    )


def summarise(scores: dict[str, Any]) -> list[str]:
    """Returns the main figures of an evaluation, a line each."""
    return _contextual(scores) if "cross_entropy" in scores else _translation(scores)


def _translation(scores: dict[str, Any]) -> list[str]:
    lines = ["exact match " + ", ".join(f"@{k} {share(r)}" for k, r in _ranks(scores))]
    kinds = scores["exact_match_by_kind"]
    lines.append("at 1, " + ", ".join(f"{kind} {share(rate)}" for kind, rate in kinds.items()))
    if scores.get("parse_rate"):
        rates = scores["parse_rate"]
        if rates["parses"]:
            lines.append(f"the file parses with the first output {share(rates['parses'])}")
        if rates["misses_that_parse"]:
            lines[-1] += f", with a wrong one {share(rates['misses_that_parse'])}"
    if scores.get("valid_at_1"):
        lines.append(f"valid {share(scores['valid_at_1'])}")
    if scores.get("held_to_grammar"):
        held = scores["held_to_grammar"]
        shown = ", ".join(f"@{k} {share(r)}" for k, r in _ranks(held))
        lines.append(f"held to the grammar: exact match {shown}")
        if held["valid_at_1"]:
            lines[-1] += f", valid {share(held['valid_at_1'])}"
    unknowns = scores["unknowns"]
    if unknowns["tokens"]:
        lines.append(
            f"unknown {share(unknowns['tokens'])} of source tokens; out of reach "
            f"{share(unknowns['unreachable'])} of lines"
        )
    if scores["baseline"]:
        baseline = scores["baseline"]
        lines.append(
            f"before ({baseline['version'][:8]}): exact match @1 "
            f"{share(baseline['exact_match']['1'])}; now {points(baseline['paired'])}"
        )
    return lines


def _ranks(scores: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(scores["exact_match"].items())


def _contextual(scores: dict[str, Any]) -> list[str]:
    lines = [
        f"loss {scores['cross_entropy']:.3f} nats a word "
        f"({scores['low']:.3f}–{scores['high']:.3f}), perplexity {scores['perplexity']:.1f}"
    ]
    if scores["baseline"]:
        baseline, found = scores["baseline"], scores["baseline"]["difference"]
        lines.append(
            f"before ({baseline['version'][:8]}): {baseline['cross_entropy']:.3f}; now "
            f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"
        )
    contest = scores.get("choice_among_ten")
    if contest:
        for name, found in contest["scorers"].items():
            lines.append(f"picks the true one of ten: {name} {share(found['accuracy'])}")
        for found in contest["comparisons"]:
            lines.append(f"{found['first']} against {found['second']}: {points(found)}")
    return lines
