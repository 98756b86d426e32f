"""Recipes: those that ship, and every kind of mistake in one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from arqon_maestro.config import Recipe, load, load_recipe
from arqon_maestro.errors import ConfigurationError, MissingPartError, UsageError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("test_mode", [True, False])
def test_the_modes_have_recipes(test_mode: bool) -> None:
    recipe = load_recipe(ROOT, test_mode=test_mode)
    assert recipe.name == ("test" if test_mode else "full")
    parser = recipe.code_engine.model_named("transcript-parser")
    assert parser == recipe.code_engine.transcript_parser


def test_all_errors_are_reported_together(tmp_path: Path) -> None:
    values = yaml.safe_load((ROOT / "config" / "recipes" / "test.yaml").read_text())
    values["sede"] = values.pop("seed")
    values["code-engine"]["auto-style"]["training"]["learning_rte"] = 1
    values["evaluation"]["lines"] = "many"
    values["speech-engine"]["search_order"] = 9
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigurationError) as caught:
        load(path, Recipe)
    text = str(caught.value)
    assert str(path) in text
    assert "seed: missing" in text
    assert "sede: unknown key; did you mean 'seed'?" in text
    assert "learning_rte: unknown key; did you mean 'learning_rate'?" in text
    assert "evaluation.lines" in text
    assert "'many'" in text
    assert "speech-engine.search_order" in text
    assert caught.value.exit_status == 2


def test_what_is_no_file_and_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError):
        load(tmp_path / "none.yaml", Recipe)
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigurationError, match="not a YAML file"):
        load(tmp_path / "bad.yaml", Recipe)


@pytest.mark.parametrize("name", ["full", "hour", "test"])
def test_the_shipped_recipes_load(name: str) -> None:
    assert load_recipe(ROOT, recipe=name).name == name


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    text = (ROOT / "config" / "recipes" / "test.yaml").read_text(encoding="utf-8")
    own.write_text(text.replace("name: test", "name: mine"), encoding="utf-8")
    assert load_recipe(ROOT, recipe=str(own)).name == "mine"


def test_an_unknown_recipe_is_named() -> None:
    with pytest.raises(UsageError, match="no such recipe: 'tset'") as caught:
        load_recipe(ROOT, recipe="tset")
    assert "test" in str(caught.value)


def test_test_mode_is_one_recipe() -> None:
    assert load_recipe(ROOT, test_mode=True, recipe="test").name == "test"
    with pytest.raises(UsageError, match="--test-mode"):
        load_recipe(ROOT, test_mode=True, recipe="full")
