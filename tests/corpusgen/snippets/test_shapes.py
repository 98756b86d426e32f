"""The data files: every one loads, and a mistake in one is an error."""

from __future__ import annotations

import importlib
from importlib import resources

import pytest
import yaml
from pydantic import ValidationError

from arqon_maestro import languages
from arqon_maestro.corpusgen.snippets.recipes import recipes, rephrased, validated
from arqon_maestro.corpusgen.snippets.selectors import ANY_TOKEN, compile_path
from arqon_maestro.corpusgen.snippets.shapes import Shapes, shapes_named
from arqon_maestro.corpusgen.snippets.syntax import OWN_PARSERS, load_grammar
from arqon_maestro.errors import ConfigurationError

KINDS = resources.files("arqon_maestro.corpusgen.snippets").joinpath("kinds")
NAMES = sorted(path.name.removesuffix(".yaml") for path in KINDS.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_data_file(name: str) -> None:
    shapes = shapes_named(name)
    assert shapes.language == name
    assert shapes.all_recipes.keys() >= recipes().keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_node_type_and_field_is_in_the_grammar(name: str) -> None:
    shapes = shapes_named(name)
    language = languages.get(name)
    kinds, fields = _vocabulary(f"{language.grammar}:{language.grammar_function}")
    for entry in shapes.other_grammars:
        more_kinds, more_fields = _vocabulary(entry)
        kinds |= more_kinds
        fields |= more_fields
    rules = [rule for rules in shapes.containers.values() for rule in rules]
    used = {*shapes.nodes, *shapes.comments, *shapes.strings}
    for rule in rules:
        used |= {*rule.parent, *rule.under, *rule.unless_under, *rule.children, *rule.unless}
        assert {*rule.role, *rule.unless_role, *rule.field} <= fields
    roles = [role for shape in shapes.nodes.values() for role in shape.roles.values()]
    used.update(kind for role in roles for kind in (*role.kinds, *role.along))
    paths = [path for role in roles for path in (*role.at, role.statements)]
    paths += [shape.wraps for shape in shapes.nodes.values() if shape.wraps]
    for path in paths:
        for step in compile_path(path):
            used |= step.kinds
            assert step.fields <= fields
    assert sorted(used - kinds - {ANY_TOKEN}) == []


def _vocabulary(entry: str) -> tuple[set[str], set[str]]:
    if entry.startswith(OWN_PARSERS):
        module = importlib.import_module(entry.partition(":")[0])
        return set(module.NODE_TYPES.split()), set(module.FIELDS.split())
    grammar = load_grammar(entry)
    return set(grammar.kinds), set(grammar.fields)


def _data() -> dict[str, object]:
    return yaml.safe_load(KINDS.joinpath("python.yaml").read_text())


def test_unknown_key() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Shapes.model_validate({**_data(), "colour": 1})


def test_unknown_kind() -> None:
    data = _data()
    data["nodes"]["pair"]["kind"] = "Pear"
    with pytest.raises(ValidationError, match="kinds without a recipe: Pear"):
        Shapes.model_validate(data)


def test_unknown_container() -> None:
    data = _data()
    data["containers"]["PearList"] = data["containers"].pop("List_")
    with pytest.raises(ValidationError, match="unknown containers: PearList"):
        Shapes.model_validate(data)


def test_malformed_path() -> None:
    data = _data()
    data["nodes"]["pair"]["roles"]["key"] = ".key[7]"
    with pytest.raises(ValidationError, match="malformed step"):
        Shapes.model_validate(data)


def test_missing_file() -> None:
    with pytest.raises(ConfigurationError, match="no such node kinds"):
        shapes_named("klingon")


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"say": "a", "drop": "b"}, "exactly one of"),
        ({"name": "a"}, "trigger"),
        ({"say": "a", "silent": 2}, "less than or equal to 1"),
        ({"say": "a", "loud": True}, "loud"),
    ],
)
def test_malformed_recipes(section: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        validated({"Tank": [{"sections": [section]}]}, "recipes.yaml")


def test_all_kinds_of_the_specification_have_recipes() -> None:
    named = """Class_ Enum Interface Struct Trait Implementation Namespace Function Method Prototype
    Parameter Property Argument ListElement MarkupAttribute Modifier ReturnValue ImplementsType
    ExtendsType Type Decorator KeyValuePair Comment If ElseIfClause ElseClause While Until Loop For
    Try CatchClause FinallyClause EnsureClause Begin RescueClause With Lambda MarkupElement
    MarkupOpeningTag MarkupClosingTag CssRuleset CssMixin CssInclude Statement"""
    assert set(named.split()) <= set(recipes())


def test_phrases_of_a_language_replace_those_that_were_said_before() -> None:
    common = recipes()["Namespace"]
    assert [s.trigger_texts for form in common for s in form.sections if s.trigger is not None]
    (form,) = rephrased(common, {"module": 1})
    said = [section.trigger_texts for section in form.sections if section.trigger is not None]
    assert list(said[0].options) == [("module",)]
