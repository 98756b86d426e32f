"""What kind of snippet an "add" phrase asks for. The patterns are data (``triggers.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

BARE = "bare"
_ANY_WORDS = r"\S+(?: \S+)*"
# A type has a few words: "list of string", "map of int to string".
_MOST_TYPE_WORDS = 5


class _Triggers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    modifiers: str
    patterns: dict[str, str]
    own_line: str
    languages: dict[str, str]


@lru_cache(maxsize=1)
def _data() -> _Triggers:
    text = resources.files(__package__).joinpath("triggers.yaml").read_text("utf-8")
    return _Triggers.model_validate(yaml.safe_load(text))


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    data = _data()
    heads = {
        word
        for pattern in data.patterns.values()
        for word in re.findall(r"[a-z]+", pattern.split(" ")[0].replace("{type}", ""))
        if word not in ("mods", "type")
    }
    modifiers = f"(?:(?:{'|'.join(data.modifiers.split())}) )*"
    type_words = rf"(?:(?!(?:{'|'.join(sorted(heads))}) )\S+ ){{0,{_MOST_TYPE_WORDS}}}"
    parts = {"{mods}": modifiers, "{type}": type_words, "{X}": _ANY_WORDS}
    return {
        kind: re.compile(re.sub(r"\{\w+\}", lambda found: parts[found[0]], pattern))
        for kind, pattern in data.patterns.items()
    }


def kinds_of(language: str) -> frozenset[str]:
    """Returns the kinds that a language has snippets for; none if it has no snippets."""
    return frozenset(_data().languages.get(language, "").split())


def on_own_line(kind: str) -> bool:
    """Returns whether a kind stands on lines of its own, as statements and members do."""
    return kind in _data().own_line.split()


def snippet_kind(words: Sequence[str], language: str) -> str | None:
    """Returns the kind of snippet that a phrase asks for, without its "add".

    Args:
        words: what was said after "add".
        language: a language's name.

    Returns:
        A key of the patterns; None where the language has no snippet for the phrase.
    """
    text = " ".join(words)
    kinds = kinds_of(language)
    return next(
        (
            kind
            for kind, pattern in _patterns().items()
            if kind in kinds and pattern.fullmatch(text)
        ),
        None,
    )
