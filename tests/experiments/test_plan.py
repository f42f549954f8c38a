"""Plans: their form, their faults, those that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from puzzlerec.experiments.plan import Entrant, Plan, load_plan, shipped_plans
from puzzlerec.training.recipe import RecipeError

MAZES = """
description = "what z is worth"
budget = { minutes = 2 }
seeds = 2
[test]
limit = 10
[common]
training = { batch = 8 }
[systems."TR-LDM"]
recipe = "maze-9x9-trldm"
[systems."no z"]
recipe = "maze-9x9-trldm"
model = { states = "y" }
training = { ema = 0 }
[[claims]]
says = "z helps"
more = "TR-LDM"
less = "no z"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mazes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_system_is_its_recipe_and_what_is_common_and_its_own(tmp_path: Path) -> None:
    plan = load_plan(written(tmp_path, MAZES))
    assert (plan.name, plan.seeds, plan.budget.minutes, plan.test.limit) == ("mazes", 2, 2, 10)
    recipe = plan.recipe("no z", 1)
    assert (recipe.model.states, recipe.training.batch, recipe.training.ema, recipe.training.seed) == ("y", 8, 0, 1)
    assert plan.recipe("TR-LDM", 0).model.states == "yz"


def test_a_command_line_is_a_small_plan() -> None:
    text = "no z=maze-9x9-trldm,model.states=y,model.grid=[9, 9]"
    label, entrant = Entrant.parse(text)
    assert (label, entrant.recipe, entrant.model) == ("no z", "maze-9x9-trldm", {"states": "y", "grid": [9, 9]})
    assert Entrant.parse("maze-9x9")[0] == "maze-9x9" and Entrant.parse("n=2=maze")[0] == "n=2"
    assert Entrant.parse("maze,model.width=8")[0] == "maze,model.width=8"
    plan = Plan.of([text], budget={"evaluations": 3e5}, over={"training": {"batch": 4}})
    assert plan.recipe("no z", 3).training.batch == 4


def test_files_that_a_plan_names_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('base = "maze-9x9-trm"\n[model]\nlayers = 3\n', encoding="utf-8")
    text = 'budget = { steps = 1 }\ntest = { file = "t.h5" }\n[systems.own]\nrecipe = "own.toml"\n'
    plan = load_plan(written(tmp_path, text))
    assert plan.recipe("own", 0).model.layers == 3
    assert plan.test.path() == tmp_path / "t.h5"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes = 2", "hours = 2", r"unknown key budget\.hours; known: minutes, evaluations, steps"),
        ("minutes = 2", "minutes = 2, steps = 3", r"give one of them"),
        ("minutes = 2", "minutes = inf", r"has no end"),
        ("minutes = 2", "minutes = -2", r"budget\.minutes: .* greater than 0 \(got -2\)"),
        ("seeds = 2", "seed = 2", r"unknown key seed; did you mean 'seeds'\?"),
        (
            'more = "TR-LDM"',
            'more = "TRLDM"',
            r"claims\.0\.more is no system of the plan: 'TRLDM'; did you mean 'TR-LDM'",
        ),
        ('says = "z helps"', 'says = "z helps"\nmeasure = "beauty"', r"claims\.0\.measure: .*'exact'.*got 'beauty'"),
        ("model = {", "modle = {", r"unknown key systems\.no z\.modle; did you mean 'model'\?"),
        (
            'recipe = "maze-9x9-trldm"\nmodel',
            "model",
            r"systems\.no z: a system has a recipe, addition, .* or the weights",
        ),
        ('[systems."no z"]', '[systems."tr-ldm"]\nrecipe = "maze"\n[systems."no z"]', r"every system needs a folder"),
        ('model = { states = "y" }', 'weights = "TR-LDM"', r"systems\.no z: a system has a recipe"),
        ('recipe = "maze-9x9-trldm"\nmodel', 'weights = "TRLDM"\nmodel', r"no z\.weights is no system.*'TR-LDM'"),
        ('recipe = "maze-9x9-trldm"\nmodel', 'weights = "no z"\nmodel', r"'no z' trains nothing itself"),
        ("limit = 10", 'file = "a.h5"\nname = "maze"', r"not both"),
        ("seeds = 2", "seeds = ", r"mazes\.toml: Invalid value"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in MAZES
    with pytest.raises(RecipeError, match=said) as fault:
        load_plan(written(tmp_path, MAZES.replace(old, new, 1)))
    assert "mazes.toml" in str(fault.value)


def test_a_systems_own_fault_is_told_with_its_name(tmp_path: Path) -> None:
    plan = load_plan(written(tmp_path, MAZES.replace("states =", "stats =")))
    with pytest.raises(RecipeError, match=r"no z: unknown key model.stats.*did you mean 'states'"):
        plan.recipe("no z", 0)


def test_what_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no plan 'maze-9x'; did you mean 'maze-9x9'\?"):
        load_plan("maze-9x")
    with pytest.raises(RecipeError, match="no plan file"):
        load_plan(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(RecipeError, match="no UTF-8 text"):
        load_plan(tmp_path / "latin.toml")
    with pytest.raises(RecipeError, match="every system of a comparison needs a name of its own"):
        Plan.of(["a=maze-9x9", "a=maze-9x9-trm"], budget={"minutes": 1})
    with pytest.raises(RecipeError, match="give one of them"):
        Plan.of(["maze-9x9"], budget={})
    for text in ("a, n=2=maze-9x9", "maze-9x9,width=8", "maze-9x9,modle.width=8"):
        with pytest.raises(RecipeError, match=r"is no setting SECTION\.KEY=VALUE.*; a label has no comma"):
            Plan.of([text], budget={"minutes": 1})


@pytest.mark.parametrize("name", shipped_plans())
def test_the_shipped_plans_can_be_used_and_rehearsed(name: str) -> None:
    plan = load_plan(name)
    assert plan.description
    for some in (plan, plan.rehearsal()):
        recipes = [some.recipe(label, 0) for label in some.systems]
        assert len({str((r.data.name, r.data.train, r.data.test, r.data.settings)) for r in recipes}) == 1
    assert all(recipe.training.batch == 2 and recipe.model.width == 16 for recipe in recipes)
    assert some.budget.steps == 2 and some.name == f"{name}-rehearsal"
