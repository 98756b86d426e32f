"""Unknown replacement: tokens outside the lexicon travel through a model as ``UNK0`` … ``UNK19``.

One id space covers the whole source line, so that an identifier keeps its id in the alpha
context, the leading context, the spoken words and the target, and can be copied without having
been seen in training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.errors import DataError

MAX_UNKNOWNS = 20
"""Distinct unknown tokens that one line can carry; the runtime's limit."""

_PLACEHOLDER = re.compile(r"UNK\d+")

# Words are lower-case, so a token that starts with a capital is a marker (`SP`, `CTX`,
# `SNIP_ClassMemberList`), and `<…>` of letters is a tag of the command grammar.
_STRUCTURAL = re.compile(r"[A-Z][A-Za-z_]*|</?[A-Za-z]+>")


class DropReason(StrEnum):
    """Why a pair cannot be used for training."""

    TOO_MANY_UNKNOWNS = "more than 20 unknown tokens"
    TARGET_UNKNOWN = "unknown token in the target only"


class TooManyUnknownsError(DataError):
    """A source line with more distinct unknown tokens than there are placeholders."""


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """A source and a target with the same placeholders."""

    source: str
    target: str


def count_lexicon(lines: Iterable[str], max_words: int) -> list[str]:
    """Returns the most frequent tokens, at most `max_words`.

    Markers and tags come first whatever their count: they are never spoken, so they must not
    become unknowns, and one missing tag would drop every pair that has it.

    Args:
        lines: source and target lines of the training split, tokens separated by blanks.
        max_words: the most entries to return.

    Returns:
        Tokens by structural first, then descending count, then byte order.
    """
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line.split())
    return choose_lexicon(counts, max_words)


def choose_lexicon(counts: Mapping[str, int], max_words: int) -> list[str]:
    """Returns what `count_lexicon` does, of tokens that are counted already."""
    return nsmallest(
        max_words,
        (token for token in counts if token and not is_placeholder(token)),
        key=lambda token: (not _STRUCTURAL.fullmatch(token), -counts[token], token.encode()),
    )


def is_placeholder(token: str) -> bool:
    """Returns whether `token` is ``UNK`` and a number."""
    return _PLACEHOLDER.fullmatch(token) is not None


class UnknownReplacer:
    """Replaces tokens outside a lexicon by placeholders, and back.

    Args:
        lexicon: known tokens. Placeholders among them are ignored.
    """

    def __init__(self, lexicon: Iterable[str]) -> None:
        # The empty string is what two adjacent blanks leave; it is no token to replace.
        self._known = {token for token in lexicon if not is_placeholder(token)} | {""}

    def encode(self, source: str, choices: Choices | None = None) -> tuple[str, dict[str, str]]:
        """Replaces the unknown tokens of a source line.

        Args:
            source: tokens separated by single blanks.
            choices: draws the ids; None numbers them 0, 1, 2 … in order of appearance.

        Returns:
            The line with placeholders, and placeholder → token for `resolve`.

        Raises:
            TooManyUnknownsError: more than 20 distinct unknown tokens.
        """
        tokens = source.split(" ")
        placeholders = self._placeholders(tokens, choices)
        if placeholders is None:
            raise TooManyUnknownsError(
                f"more than {MAX_UNKNOWNS} distinct unknown tokens in one line",
                why="the models have placeholders UNK0 to UNK19",
                remedy="shorten the text",
            )
        if not placeholders:
            return source, {}
        encoded = " ".join([placeholders.get(token, token) for token in tokens])
        return encoded, {placeholder: token for token, placeholder in placeholders.items()}

    def encode_pair(
        self, source: str, target: str, choices: Choices | None = None
    ) -> EncodedPair | DropReason:
        """Replaces the unknown tokens of a training pair, by equality of whole tokens."""
        source_tokens, target_tokens = source.split(" "), target.split(" ")
        placeholders = self._placeholders(source_tokens, choices)
        if placeholders is None:
            return DropReason.TOO_MANY_UNKNOWNS
        known = self._known
        if not all(token in known or token in placeholders for token in target_tokens):
            return DropReason.TARGET_UNKNOWN
        if not placeholders:
            return EncodedPair(source, target)
        return EncodedPair(
            " ".join([placeholders.get(token, token) for token in source_tokens]),
            " ".join([placeholders.get(token, token) for token in target_tokens]),
        )

    def apply(self, target: str, mapping: Mapping[str, str]) -> str:
        """Puts a source line's placeholders (from `encode`) into a target to be scored."""
        placeholders = {token: placeholder for placeholder, token in mapping.items()}
        return " ".join([placeholders.get(token, token) for token in target.split(" ")])

    def count_unknowns(self, source: str) -> int:
        """Returns how many distinct unknown tokens a source line has."""
        return len(set(source.split(" ")) - self._known)

    def resolve(self, output: str, mapping: Mapping[str, str]) -> str:
        """Puts the original tokens back into a model's output.

        A placeholder that the source did not have stays as it is: the model invented it.
        """
        if not mapping:
            return output
        return " ".join([mapping.get(token, token) for token in output.split(" ")])

    def _placeholders(self, tokens: list[str], choices: Choices | None) -> dict[str, str] | None:
        """Returns unknown token → placeholder, or None if there are too many."""
        if self._known.issuperset(tokens):
            return {}
        unknown = list(dict.fromkeys(token for token in tokens if token not in self._known))
        if len(unknown) > MAX_UNKNOWNS:
            return None
        ids = list(range(MAX_UNKNOWNS))
        if choices is not None:
            # The first steps of a Fisher-Yates shuffle: only as many ids as are needed.
            for first in range(len(unknown)):
                other = first + choices.below(MAX_UNKNOWNS - first)
                ids[first], ids[other] = ids[other], ids[first]
        return {token: f"UNK{ids[position]}" for position, token in enumerate(unknown)}
