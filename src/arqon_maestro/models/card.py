"""The model card that each tarball carries: what it is, data and licences, scores, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    """The sections of a model card, each in plain Markdown.

    Args:
        title: the model's name, ``auto-style, Python``.
        what: what it is for, its input and its output.
        data: rows of the training data: source, licence, amount.
        scores: what was measured, by name, with its unit or the data it was measured on.
        limits: what it cannot do.
        made: how it was made: the recipe and the command.
    """

    title: str
    what: str
    data: Sequence[tuple[str, str, str]] = ()
    scores: Mapping[str, object] = field(default_factory=dict)
    limits: Sequence[str] = ()
    made: str = ""


def render_card(card: Card) -> str:
    """Returns a card as Markdown."""
    parts = [f"# {card.title}", card.what]
    parts.append("## Data and licences")
    parts.append(_table(("source", "licence", "amount"), card.data) or "Not recorded.")
    parts.append("## Scores")
    rows = [(name, _number(value)) for name, value in card.scores.items()]
    parts.append(_table(("measure", "value"), rows) or "Not measured.")
    parts.append("## Limits")
    parts.append("\n".join(f"- {limit}" for limit in card.limits) or "None recorded.")
    parts.append("## How it was made")
    parts.append(card.made or "Not recorded.")
    return "\n\n".join(parts) + "\n"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
