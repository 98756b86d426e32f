"""Recipes: how a node of each kind is said and what of it stays. Read from ``recipes.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from arqon_maestro.corpusgen.choices import Table
from arqon_maestro.errors import ConfigurationError

WHOLE = "whole"

Phrase = tuple[str, ...]
Weights = Annotated[dict[str, float], Field(min_length=1)]
Chance = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _texts(weights: Weights | None) -> Table[Phrase]:
    return Table((tuple(text.split()), weight) for text, weight in (weights or {}).items())


_Model = TypeVar("_Model", bound=_Strict)


class Section(_Strict):
    """One section of a form; exactly one of `phrase`, `name`, `say`, `first`, `drop`, `keep`.

    Attributes:
        phrase: texts to say, with weights; an empty text says nothing.
        name: role of an identifier that is said with one of the `trigger` texts near it.
        say: role whose text is said.
        first: role of a body of which the first statement is said.
        drop: role that is removed. keep: role that stays unsaid.
        optional: a said part that a stop removes.
        lead: texts said right before the part.
        silent: chance that the part stays unsaid.
        unquote: chance that a string is said without its quotes.
        complete: the part is never said in part.
    """

    phrase: Weights | None = None
    name: str | None = None
    say: str | None = None
    first: str | None = None
    drop: str | None = None
    keep: str | None = None
    trigger: Weights | None = None
    optional: bool = False
    lead: Weights | None = None
    silent: Chance = 0.0
    unquote: Chance = 0.0
    complete: bool = False

    @model_validator(mode="after")
    def _one_purpose(self) -> Section:
        purposes = (self.phrase, self.name, self.say, self.first, self.drop, self.keep)
        if sum(purpose is not None for purpose in purposes) != 1:
            raise ValueError("a section is exactly one of phrase, name, say, first, drop, keep")
        if (self.name is None) != (self.trigger is None):
            raise ValueError("a name needs trigger texts, and only a name has them")
        return self

    @cached_property
    def role(self) -> str | None:
        """The role that the section is about; None for a phrase."""
        return self.name or self.say or self.first or self.drop or self.keep

    @cached_property
    def phrase_texts(self) -> Table[Phrase]:
        """The texts of the phrase."""
        return _texts(self.phrase)

    @cached_property
    def trigger_texts(self) -> Table[Phrase]:
        """The trigger's texts."""
        return _texts(self.trigger)

    @cached_property
    def lead_texts(self) -> Table[Phrase]:
        """The texts that lead to the part."""
        return _texts(self.lead)

    @property
    def removable(self) -> bool:
        """Whether a stop may remove what the section says."""
        return self.optional or self.first is not None


class When(_Strict):
    """Condition of a form: the roles that the node has or lacks, and a chance."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    chance: Chance = 1.0


def _split_caret(value: Any) -> Any:
    return tuple(value.split(" ", 1)) if isinstance(value, str) else value


CaretPlace = Annotated[
    tuple[Literal["after", "before", "start"], str], BeforeValidator(_split_caret)
]


class Form(_Strict):
    """One way to say a node.

    Attributes:
        when: condition on the node.
        in_text: the form may also be used inside the text of an insert.
        forced: the caret stays at its default place unless something was left unsaid.
        sections: in spoken order.
        caret: default places, the first that the node has.
    """

    when: When = When()
    in_text: bool = False
    forced: bool = False
    sections: tuple[Section, ...] = Field(min_length=1)
    caret: tuple[CaretPlace, ...] = ()

    @cached_property
    def plain(self) -> bool:
        """Whether the node is just said whole, at most with a phrase before it."""
        *before, last = self.sections
        return last == Section(say=WHOLE) and (
            not before or (len(before) == 1 and before[0].phrase is not None)
        )

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The roles that a node has to have: its condition's, and the identifiers it says."""
        names = tuple(section.name for section in self.sections if section.name is not None)
        return self.when.has + names

    @cached_property
    def unconditional(self) -> bool:
        """Whether the form is for every node."""
        return self.when == When()


Recipe = tuple[Form, ...]
_RECIPES = TypeAdapter(dict[str, Recipe])


def rephrased(recipe: Recipe, phrases: Weights) -> Recipe:
    """Returns `recipe` with other trigger texts: those of its name, or its first phrase."""
    return tuple(_rephrased_form(form, phrases) for form in recipe)


def _rephrased_form(form: Form, phrases: Weights) -> Form:
    sections = list(form.sections)
    for index, section in enumerate(sections):
        if section.trigger is not None:
            sections[index] = _changed(section, trigger=phrases)
            break
        if section.phrase is not None:
            sections[index] = _changed(section, phrase=phrases)
            break
    return _changed(form, sections=tuple(sections))


def _changed(model: _Model, **changes: Any) -> _Model:
    # `model_copy` would copy what the model has worked out of its fields, too.
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return type(model)(**{**fields, **changes})


def validated(data: Any, where: str) -> Mapping[str, Recipe]:
    """Validates recipes that were read from a data file.

    Raises:
        ConfigurationError: if they do not fit the schema.
    """
    try:
        return _RECIPES.validate_python(data)
    except ValidationError as error:
        raise ConfigurationError("malformed snippet recipes", where=where, why=str(error)) from None


@cache
def recipes() -> Mapping[str, Recipe]:
    """Returns the recipes of all kinds, before a language's own."""
    name = "recipes.yaml"
    text = resources.files("arqon_maestro.corpusgen.snippets").joinpath(name).read_text("utf-8")
    return validated(yaml.safe_load(text), name)
