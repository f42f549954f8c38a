"""The command on a model card makes the same recipe again."""

from __future__ import annotations

import shlex

import pytest

from puzzlerec.training.card import command
from puzzlerec.training.recipe import load_recipe


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["training.seed=3", "optimizer.lr=2e-4", "training.init=maze"],
        ['data.curriculum=[{until = 0.5, shares = {"maze-12x12" = 1, maze = 5}}]', "model.width=64"],
        [
            'data.sets={"small" = {"name" = "maze-10x10", "settings" = {"kind" = "mixed", "moves" = 3}}}',
            'data.curriculum=[{until = 1.0, shares = {"small" = 1}}]',
            'data.settings={"kind" = "prim"}',
        ],
    ],
)
def test_a_card_tells_every_setting_that_is_not_the_recipes(settings: list[str]) -> None:
    recipe = load_recipe("maze-hints", settings)
    puzzlerec, train, name, *options = shlex.split(command(recipe, 90.0))
    assert (puzzlerec, train, name, options[-2:]) == ("puzzlerec", "train", "maze-hints", ["--minutes", "1.5"])
    told = options[1:-2:2]
    assert len(told) == len(settings) and load_recipe(name, told) == recipe
