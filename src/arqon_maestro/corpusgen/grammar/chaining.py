"""The rates of chains and the classification of commands (sections 5.2 and 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from arqon_maestro.corpusgen.grammar.expressions import Expression
from arqon_maestro.corpusgen.grammar.rules import load_grammar
from arqon_maestro.errors import DataError, did_you_mean

CHAINING_FILE = "chaining.yaml"

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Chaining(BaseModel):
    """What `chaining.yaml` says; each key is explained there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unchainable: Share
    meta: Share
    lengths: dict[Count, Share]
    text_tail: Share
    preposition: Share
    repeat: Share
    go_to: Share
    after_focus: Share
    quantified: Share
    replaced: Share
    replacement_lengths: dict[Count, Share]
    spotted: Share
    spot: Share
    markup_tokens: Count
    attempts: Count
    meta_commands: tuple[str, ...]
    unchainable_commands: tuple[str, ...]
    quantifiable: tuple[str, ...]
    text: tuple[str, ...]
    other: tuple[str, ...]

    @model_validator(mode="after")
    def _check_shares(self) -> Chaining:
        for name, shares in (
            ("lengths", self.lengths),
            ("replacement_lengths", self.replacement_lengths),
        ):
            if abs(sum(shares.values()) - 1) > 1e-9:
                raise ValueError(f"the shares of {name} sum to {sum(shares.values())}, not 1")
        if self.unchainable + self.meta > 1:
            raise ValueError("unchainable and meta are more than all chains")
        return self

    @property
    def without_text(self) -> tuple[str, ...]:
        """The pool of the commands that are not text."""
        return self.other + self.quantifiable


def parse_chaining(text: str, rules: Mapping[str, Expression]) -> Chaining:
    """Reads `chaining.yaml`.

    Raises:
        DataError: it is not YAML, a key is missing or unknown, a share is out of range, a command
            is no rule of the grammar or is listed twice.
    """
    try:
        chaining = Chaining.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise DataError("cannot be used", where=CHAINING_FILE, why=str(error)) from None
    listed: set[str] = set()
    for rule in (
        *chaining.meta_commands,
        *chaining.unchainable_commands,
        *chaining.text,
        *chaining.without_text,
    ):
        if rule not in rules:
            raise DataError(f"no rule {rule!r}", where=CHAINING_FILE, why=did_you_mean(rule, rules))
        if rule in listed:
            raise DataError(f"the command {rule!r} is listed twice", where=CHAINING_FILE)
        listed.add(rule)
    return chaining


@cache
def load_chaining() -> Chaining:
    """Returns the package's rates."""
    text = files(__package__).joinpath(CHAINING_FILE).read_text(encoding="utf-8")
    return parse_chaining(text, load_grammar().rules)
