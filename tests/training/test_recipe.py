"""Recipes: the shipped ones, overrides, and errors that name the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from puzzlerec.models import build
from puzzlerec.training.recipe import RecipeError, load_recipe, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_build_their_models(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.description
    with torch.device("meta" if recipe.model.puzzle_ids > 1000 else "cpu"):  # embeddings of gigabytes are not made
        assert build(recipe.model).config == recipe.model


def test_the_papers_recipes_are_there() -> None:
    for puzzle in ("sudoku", "maze"):
        assert {f"{puzzle}-trm-att", f"{puzzle}-hrm", f"{puzzle}-drm"} <= set(shipped_recipes())
    assert {"sudoku-trm-mlp", "sudoku", "sudoku-4x4", "sudoku-trldm", "maze-20x20-trldm"} <= set(shipped_recipes())
    paper = load_recipe("sudoku-trm-mlp")
    assert (paper.model.latent_updates, paper.model.recursions, paper.training.batch) == (6, 3, 768)
    hrm = build(load_recipe("sudoku-hrm").model)
    assert sum(p.numel() for name, p in hrm.named_parameters() if "puzzle_embedding" not in name) == 27_275_266


def test_overrides() -> None:
    recipe = load_recipe("sudoku-trm", ["optimizer.lr=2e-4", "model.mixer=units", "model.box=[3, 3]"])
    assert recipe.optimizer.lr == 2e-4
    assert recipe.model.mixer == "units"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.learning=1", "unknown key optimizer.learning"),
        ("learning", "a setting is section.key=value"),
        ("=3", "a setting is section.key=value"),
        ("model.prefix=3", r"^(?!.*got).*model: the .* mixer has no place for a prefix"),
        ("optimizer.warmpu=1", "did you mean 'warmup'"),
        ("optimzer.lr=1", "did you mean 'optimizer'"),
        ("optimizer.lr=-1", "optimizer.lr: .*greater than 0.*-1"),
        ("optimizer.lr", "section.key=value"),
        ("training.batch=many", "training.batch: .*'many'"),
        ("model.mixer=conv", "model.mixer"),
        ("objective.token_weights=[1, 2]", "2 token_weights for a vocabulary of 11"),
        ('data.curriculum=[{until=0.5, share={"sudoku-4x4"=1}}]', "unknown key data.curriculum.0.share; did you mean"),
        ("data.curriculum=[{until=1, shares={sudoku4x4=1}}]", "neither a set nor a dataset; did you mean 'sudoku-4x4'"),
        ("data.sets={small={name='sudoku-4x4', rows=3}}", "unknown key data.sets.small.rows"),
        ("data.sets={small={name='sudoko'}}", "data: There is no dataset 'sudoko'.*Did you mean 'sudoku'"),
        ("data.sets={small={name='sudoku', settings={train=3}}}", "no setting 'train'; it has extreme"),
        ("data.sets={sudoku={name='sudoku-4x4'}}", "the label sudoku of a set is the name"),
        ("data.settings={extreme=-1}", "0 or more"),
        ("name.x=1", "'name' is a value"),
    ],
)
def test_wrong_overrides(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe("sudoku", [override])


def test_a_curriculum_is_for_models_that_take_other_boards() -> None:
    stages = 'data.curriculum=[{until=0.5, shares={"sudoku-4x4"=1}}]'
    with pytest.raises(RecipeError, match="takes other boards, not attention"):
        load_recipe("sudoku-trm-att", [stages])


def test_shares_name_labels_and_a_wrong_one_is_told_with_the_nearest() -> None:
    sets = "data.sets={small = {name = 'maze-10x10', settings = {kind = 'mixed'}}}"
    recipe = load_recipe("maze-hints", [sets, "data.curriculum=[{until = 1.0, shares = {small = 1, maze-16x16 = 2}}]"])
    assert recipe.data.trained_on == ["small", "maze-16x16"]
    assert recipe.data.set_of("small").settings == {"kind": "mixed"}
    assert recipe.data.set_of("maze-16x16").name == "maze-16x16"
    with pytest.raises(RecipeError, match="'smal', which is neither a set nor a dataset; did you mean 'small'"):
        load_recipe("maze-hints", [sets, "data.curriculum=[{until = 1.0, shares = {smal = 1}}]"])


def test_a_recipes_own_dataset_is_trained_on_unless_stages_without_it_take_the_whole_run() -> None:
    for stages, names in (
        ("[]", ["maze"]),
        ("[{until = 0.5, shares = {maze-9x9 = 1}}]", ["maze", "maze-9x9"]),
        ("[{until = 1.0, shares = {maze-9x9 = 1, maze = 1}}]", ["maze", "maze-9x9"]),
        ("[{until = 0.2, shares = {maze-8x8 = 1}}, {until = 1.0, shares = {maze-9x9 = 1}}]", ["maze-8x8", "maze-9x9"]),
    ):
        data = load_recipe("maze-hints", [f"data.curriculum={stages}"]).data
        assert data.trained_on == names
        last = data.stage(1.0)
        assert last is None if "1.0" not in stages else "maze-9x9" in last.shares  # type: ignore[union-attr]


def test_stages_come_in_order() -> None:
    stages = "data.curriculum=[{until=0.5, shares={maze=1}}, {until=0.2, shares={maze=1}}]"
    with pytest.raises(RecipeError, match="order"):
        load_recipe("maze-hints", [stages])


def test_an_override_within_a_table_keeps_what_is_beside_it() -> None:
    recipe = load_recipe("arc1-trm", ["data.settings.with=mine", "data.settings.copies=30"])
    assert recipe.data.settings == {"version": 1, "copies": 30, "with": "mine"}
    assert load_recipe("arc1-trm", ["data.settings={with='mine'}"]).data.settings == {"with": "mine"}


def test_wrong_names_and_files(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'sudoku-4x4'"):
        load_recipe("sudoku4x4")
    with pytest.raises(RecipeError, match="no recipe file"):
        load_recipe(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[model\nwidth = 3")
    with pytest.raises(RecipeError, match="line 1"):
        load_recipe(bad)


def test_a_recipe_on_another(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('base = "sudoku-4x4"\n[training]\nsteps = 7\n')
    two = tmp_path / "two.toml"
    two.write_text('base = "one.toml"\ndescription = "mine"\n[training]\nbatch = 3\n')
    recipe, base = load_recipe(two), load_recipe("sudoku-4x4")
    assert (recipe.name, recipe.description) == ("two", "mine")
    assert (recipe.training.steps, recipe.training.batch) == (7, 3)
    assert recipe.training.ema == base.training.ema
    assert recipe.model == base.model


def test_a_recipe_of_another_system_takes_what_it_has_from_its_base(tmp_path: Path) -> None:
    one = tmp_path / "one.toml"
    one.write_text('base = "sudoku-6x6-trm"\n[model]\nsystem = "direct"\n')
    recipe, base = load_recipe(one), load_recipe("sudoku-6x6-trm")
    assert (recipe.model.system, recipe.model.width, recipe.model.layers) == ("direct", 64, base.model.layers)
    assert not hasattr(recipe.model, "recursions") and base.model.latent_updates == 4
    assert load_recipe("sudoku-6x6-trm", ["model.system=direct"]).model == recipe.model
    for said in ('system = "direct"\nrecursions = 2', 'system = "drm"\nhints = 5'):
        one.write_text(f'base = "sudoku-6x6-trm"\n[model]\n{said}\n')
        with pytest.raises(RecipeError, match=r"(direct|drm) has no setting (recursions|hints); "):
            load_recipe(one)
    with pytest.raises(RecipeError, match="direct has no setting latent_updates"):
        load_recipe("sudoku-6x6-trm", ["model.system=direct", "model.latent_updates=2"])
    with pytest.raises(RecipeError, match="trm has no setting wdith; did you mean 'width'"):
        load_recipe("sudoku-6x6-trm", ["model.wdith=8"])
    with pytest.raises(RecipeError, match="no system is called 'drn'"):
        load_recipe("sudoku-6x6-trm", ["model.system=drn"])


def test_bases_that_cannot_be(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('base = "two.toml"')
    two.write_text('base = "one.toml"')
    with pytest.raises(RecipeError, match="each other's base"):
        load_recipe(one)
    one.write_text('base = "sudoku-5x5"')
    with pytest.raises(RecipeError, match="no recipe 'sudoku-5x5'; did you mean"):
        load_recipe(one)
    one.write_text("base = 3")
    with pytest.raises(RecipeError, match="not 3"):
        load_recipe(one)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'description = "\xe9"', "no UTF-8 text .* at byte 16"),
        (b"[model]\nsystem = []", "no system is called"),
        (b"[model]\nsystem = {a = 1}", "no system is called"),
        (b"model = 1", "model"),
        (b"model = []", "model"),
        (b"data = []", "data"),
        (b"[training]\nsteps = " + b"9" * 5000, "limit|digits"),
        (b"[training]\nsteps = " + b"9" * 4000, "training.steps"),
        (b"x = " + b"[" * 20_000, "recursion|depth|nested|Invalid"),
        (b'base = "' + b"x" * 5000 + b'"', "no recipe"),
        (b'base = "' + b"x" * 5000 + b'.toml"', "no recipe file"),
        (b"base = 1", "base"),
        (b"\x00", "Invalid|Illegal"),
    ],
)
def test_whatever_a_recipe_says_the_error_is_of_the_recipe(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=words) as caught:
        load_recipe(path)
    assert len(str(caught.value)) < 1500


LONG = ("9" * 5000, "9" * 4000, "[" * 9000)


@pytest.mark.parametrize("override", ["model.system=[]", *(f"training.steps={value}" for value in LONG)])
def test_whatever_an_override_says_the_error_is_of_the_recipe(override: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("sudoku-4x4", [override])
    assert len(str(caught.value)) < 1500
