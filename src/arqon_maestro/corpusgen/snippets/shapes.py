"""Shapes: what the syntax nodes of one language are. Read from ``kinds/<language>.yaml``.

A shape maps a grammar's node type to a kind (a recipe) and names the node's parts, its roles. The
container rules say which nodes are elements of which list or optional slot (spec section 4.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)

from arqon_maestro.corpusgen.snippets.recipes import (
    Form,
    Recipe,
    Weights,
    recipes,
    rephrased,
    validated,
)
from arqon_maestro.corpusgen.snippets.selectors import compile_path
from arqon_maestro.errors import ConfigurationError

_PACKAGE = "arqon_maestro.corpusgen.snippets"

COMMENT = "Comment"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _role(value: Any) -> Any:
    return {"at": value} if isinstance(value, str | list) else value


def _paths(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Role(_Strict):
    """A part of a node, and what its removal leaves.

    Attributes:
        at: paths from the node to the part (see `selectors`), the first that leads anywhere.
        kinds: node types that the part may have; any by default. unless: may not have.
        unless_field: fields that the part may not fill.
        inside: the part is what lies in the brackets there, if there are any.
        delete: ``slot`` takes the blanks before it along, ``lead`` those behind it, ``around``
            both, ``clear`` empties its brackets, ``indented`` and ``braced`` empty a body.
        after: tokens of which one has to stand right before it.
        along: tokens before it that go with it (``':'`` before a type). behind: those after it.
        keep: texts of a first child that ``clear`` leaves (``self``).
        replace: words that take its place.
        statements: path from a body to its statements; ``.`` if they are the part's nodes.
    """

    at: Annotated[tuple[str, ...], BeforeValidator(_paths)]
    kinds: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    unless_field: tuple[str, ...] = ()
    inside: bool = False
    delete: Literal["slot", "lead", "around", "clear", "indented", "braced"] = "slot"
    after: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    replace: tuple[str, ...] | None = None
    statements: str = "*"

    def admits(self, kind: str, field: str) -> bool:
        """Returns whether a node of this type, in this field, can be the part."""
        return (
            (not self.kinds or kind in self.kinds)
            and kind not in self.unless
            and not (field and field in self.unless_field)
        )

    @cached_property
    def selective(self) -> bool:
        """Whether not every node that the path leads to is the part."""
        return bool(self.kinds or self.unless or self.unless_field)

    @model_validator(mode="after")
    def _compilable(self) -> Role:
        for path in (*self.at, self.statements):
            compile_path(path)
        return self


class Variant(_Strict):
    """A more special kind, where all conditions hold; kind None: the node is not said."""

    kind: str | None
    container: tuple[str, ...] = ()
    text: dict[str, tuple[str, ...]] = {}
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Shape(_Strict):
    """What a node type is.

    Attributes:
        kind: name of its recipe; None for a mere wrapper.
        variants: more special kinds, the first that fits.
        wraps: path to the node that it wraps, whose kind and roles it has beside its own.
        roles: its parts.
    """

    kind: str | None = None
    variants: tuple[Variant, ...] = ()
    wraps: str | None = None
    roles: dict[str, Annotated[Role, BeforeValidator(_role)]] = {}


class ContainerRule(_Strict):
    """Which children of a node are elements of a container.

    Attributes:
        parent: node types of the parent.
        under: types that the parent's own parent must have. unless_under: must not have.
        role: fields that the parent must fill in its own parent. unless_role: must not fill.
        children: node types of the elements; all named ones but comments by default.
        unless: node types that are no elements. field: fields that the elements fill.
        unless_field: fields that no element fills.
        after: nodes of which one has to stand right before an element.
        has: path to a node that every element has. lacks: that none has.
        along: nodes before an element that belong to it (``'else'``). behind: after it (``';'``).
        count: ``one`` or ``many`` elements in the parent.
        kind: kind of every element. otherwise: kind of elements that have no shape.
    """

    parent: tuple[str, ...]
    under: tuple[str, ...] = ()
    unless_under: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    unless_role: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    unless_field: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    has: str | None = None
    lacks: str | None = None
    along: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    count: Literal["any", "one", "many"] = "any"
    kind: str | None = None
    otherwise: str | None = None

    @cached_property
    def plain(self) -> bool:
        """Whether the kinds and fields of parent and child settle it."""
        return not self.after and self.has is self.lacks is None and self.count == "any"

    def holds_in(self, kind: str, above: str, field: str) -> bool:
        """Returns whether a parent of a kind, in a field of a node of kind `above`, is meant."""
        return (
            kind in self.parent
            and (not self.under or above in self.under)
            and above not in self.unless_under
            and (not self.role or field in self.role)
            and field not in self.unless_role
        )


NamedRules = tuple[tuple[str, ContainerRule], ...]
PlaceRules = tuple[NamedRules, dict[tuple[str, str], NamedRules]]


class CommentShape(_Strict):
    """Regular expressions for a comment's delimiters, which stay unsaid."""

    opens: str
    closes: str = ""


class Shapes(_Strict):
    """All that is known of one language's syntax tree.

    Attributes:
        other_grammars: entry points ``module:function`` for sources that the language's own
            grammar has errors in.
        comments: comment node types. strings: string node types.
        nodes: shapes by node type. containers: rules by container name.
        keywords: skeleton words beside the 53 of all languages.
        recipes: recipes that this language has its own of.
        phrases: by kind, what is said for its trigger here instead.
        ends: where a node may be cut short, by node type: the fields (``.left``) and types of
            children behind which it may end; ``_`` for every named child that fills no field, and
            ``*`` for a text that may end anywhere, ``+`` for one that may end behind a word.
        bound: node types that text elsewhere belongs to, such as the start of a heredoc.
        filled: node types of which more than brackets has to be left where one is all that a body
            has: ``void f() { {} }`` would be an initializer.
        reserved: words that nothing may be cut short behind, beside the grammar's own tokens.
        statement_lists: containers whose elements are statements or members: a bare element has
            a caret there, and comments are said there.
        empty_statement: where an empty body is no node, the statement that a node is said with
            when it is asked for with an empty body.
    """

    language: str
    other_grammars: tuple[str, ...] = ()
    comments: dict[str, CommentShape]
    strings: tuple[str, ...]
    nodes: dict[str, Shape]
    containers: dict[str, tuple[ContainerRule, ...]]
    keywords: tuple[str, ...] = ()
    recipes: dict[str, Any] = {}
    phrases: dict[str, Weights] = {}
    ends: dict[str, frozenset[str]] = {}
    bound: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    reserved: frozenset[str] = frozenset()
    statement_lists: tuple[str, ...] = ()
    empty_statement: str = ""

    @model_validator(mode="after")
    def _known_kinds(self) -> Shapes:
        kinds = {shape.kind for shape in self.nodes.values()}
        kinds |= {variant.kind for shape in self.nodes.values() for variant in shape.variants}
        for rules in self.containers.values():
            kinds |= {kind for rule in rules for kind in (rule.kind, rule.otherwise)}
        kinds.update(self.phrases)
        own = {*recipes(), *self.recipes}
        unknown = sorted(kind for kind in kinds if kind and kind not in own)
        if unknown:
            raise ValueError(f"kinds without a recipe: {', '.join(unknown)}")
        unknown = sorted(set(self.containers) - container_names())
        if unknown:
            raise ValueError(f"unknown containers: {', '.join(unknown)}")
        unknown = sorted(set(self.statement_lists) - set(self.containers))
        if unknown:
            raise ValueError(f"statement lists without a rule: {', '.join(unknown)}")
        return self

    @cached_property
    def all_recipes(self) -> Mapping[str, Recipe]:
        """The recipes of all kinds, with this language's own recipes and phrases."""
        merged = {**recipes(), **validated(self.recipes, f"kinds/{self.language}.yaml")}
        for kind, phrases in self.phrases.items():
            merged[kind] = rephrased(merged[kind], phrases)
        return merged

    @cached_property
    def plain_forms(self) -> Mapping[str, Form]:
        """The forms of the kinds that are always just said whole."""
        firsts = {kind: recipe[0] for kind, recipe in self.all_recipes.items()}
        return {kind: form for kind, form in firsts.items() if form.plain and form.unconditional}

    @cached_property
    def parents(self) -> frozenset[str]:
        """Node types that are containers somewhere."""
        rules = [rule for rules in self.containers.values() for rule in rules]
        return frozenset(parent for rule in rules for parent in rule.parent)

    @cached_property
    def _places(self) -> dict[tuple[str, str, str], PlaceRules]:
        return {}

    def rules_in(self, kind: str, above: str, field: str) -> PlaceRules:
        """Returns the rules for a parent by its kind, its own parent's kind and its field.

        With them comes a table of the rules that fit a child, by its kind and field, which is
        filled as children are met.
        """
        place = (kind, above, field)
        found = self._places.get(place)
        if found is None:
            rules = tuple(
                (container, rule)
                for container, rules in self.containers.items()
                for rule in rules
                if rule.holds_in(*place)
            )
            found = self._places[place] = (rules, {})
        return found

    @cached_property
    def in_text_kinds(self) -> frozenset[str]:
        """Kinds that are said inside inserts."""
        return frozenset(
            kind
            for kind, recipe in self.all_recipes.items()
            if any(form.in_text for form in recipe)
        )

    @cached_property
    def in_text_nodes(self) -> frozenset[str]:
        """Node types that may be of such a kind."""
        return frozenset(
            node
            for node, shape in self.nodes.items()
            if not self.in_text_kinds.isdisjoint(
                {shape.kind, *(variant.kind for variant in shape.variants)}
            )
        )

    @cached_property
    def skeleton_words(self) -> frozenset[str]:
        """Words that may stay in a target unsaid, as they belong to a skeleton."""
        text = resources.files(_PACKAGE).joinpath("keywords.txt").read_text("utf-8")
        return frozenset([*text.split(), *self.keywords])


@cache
def container_names() -> frozenset[str]:
    """Returns the names of all lists and optional slots (spec section 4.5)."""
    text = resources.files(_PACKAGE).joinpath("containers.txt").read_text("utf-8")
    return frozenset(text.split())


@cache
def shapes_named(name: str) -> Shapes:
    """Returns the shapes in the data file ``kinds/<name>.yaml``.

    Raises:
        ConfigurationError: if the file is missing or malformed.
    """
    where = f"kinds/{name}.yaml"
    path = resources.files(_PACKAGE).joinpath("kinds", f"{name}.yaml")
    try:
        return Shapes.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except FileNotFoundError:
        raise ConfigurationError("no such node kinds", where=where) from None
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError("malformed node kinds", where=where, why=str(error)) from None
