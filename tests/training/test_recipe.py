"""Recipes: the shipped ones, overrides, and errors that name the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from puzzlerec.models.trm import TRM
from puzzlerec.training.recipe import RecipeError, load_recipe, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_build_their_models(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.description
    TRM(recipe.model)


def test_the_papers_recipes_are_there() -> None:
    assert {"sudoku-trm-mlp", "sudoku-trm-att", "sudoku", "sudoku-4x4"} <= set(shipped_recipes())
    paper = load_recipe("sudoku-trm-mlp")
    assert (paper.model.latent_updates, paper.model.recursions, paper.training.batch) == (6, 3, 768)


def test_overrides() -> None:
    recipe = load_recipe("sudoku", ["optimizer.lr=2e-4", "model.mixer=units", "model.box=[3, 3]"])
    assert recipe.optimizer.lr == 2e-4
    assert recipe.model.mixer == "units"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.learning=1", "unknown key optimizer.learning"),
        ("optimizer.warmpu=1", "did you mean 'warmup'"),
        ("optimzer.lr=1", "did you mean 'optimizer'"),
        ("optimizer.lr=-1", "optimizer.lr: .*greater than 0.*-1"),
        ("optimizer.lr", "section.key=value"),
        ("training.batch=many", "training.batch: .*'many'"),
        ("model.mixer=conv", "model.mixer"),
        ("objective.token_weights=[1, 2]", "2 token_weights for a vocabulary of 11"),
        ('data.curriculum=[{until=0.5, shares={"sudoku-4x4"=1}}]', "any size, not candidates"),
        ("name.x=1", "'name' is a value"),
    ],
)
def test_wrong_overrides(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe("sudoku", [override])


def test_stages_come_in_order() -> None:
    stages = "data.curriculum=[{until=0.5, shares={maze=1}}, {until=0.2, shares={maze=1}}]"
    with pytest.raises(RecipeError, match="order"):
        load_recipe("maze", [stages])


def test_wrong_names_and_files(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'sudoku-4x4'"):
        load_recipe("sudoku4x4")
    with pytest.raises(RecipeError, match="no recipe file"):
        load_recipe(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[model\nwidth = 3")
    with pytest.raises(RecipeError, match="line 1"):
        load_recipe(bad)
