"""The records that CorpusGen makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mapping:
    """One way to say one piece of a source.

    Attributes:
        kind: ``insert`` (plain text) or ``add`` (a syntax node said with its trigger).
        words: spoken words, one each, in lower case; without the word "add".
        tokens: printed target tokens (``C``, ``max``); ``CRSR`` marks the caret.
        leading_tokens: the leading context, the tokens just before the mapping, as many as were
            drawn for it.
        alpha_context: earlier identifiers whose words are being said, each as its tokens.
        container: name of the list or slot that an added node lies in; None for an insert.
        start: offset in the normalised source of the first character said.
        stop: offset after the last one said. An insert's decoded target is the text between, and
            after it the closers of brackets that closed early.
        cursor: offset of the caret in the decoded tokens; None without ``CRSR``.
    """

    kind: Literal["insert", "add"]
    words: tuple[str, ...]
    tokens: tuple[str, ...]
    leading_tokens: tuple[str, ...]
    alpha_context: tuple[tuple[str, ...], ...]
    container: str | None
    start: int
    stop: int
    cursor: int | None
