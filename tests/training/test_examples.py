"""What a recipe's datasets become in memory: built when missing, each with its settings, none that is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from puzzlerec.data import Dataset
from puzzlerec.training.distributed import Group
from puzzlerec.training.examples import Material, load_material
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import Recipe
from puzzlerec.training.run_folder import RunFolder

from .conftest import tiny_recipe

SETS = {
    "small": {"name": "maze-7x7", "settings": {"kind": "mixed"}, "train": 12},
    "wide": {"name": "maze-6x9", "settings": {"kind": "random", "moves": 2}},
}


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "sets"))
    return tmp_path / "sets"


def of_mazes(**data: object) -> Recipe:
    return tiny_recipe(
        data={"name": "maze-8x8", "train": 20, "test": 8, "augment": False} | data,
        model={
            "puzzle": "maze", "grid": (8, 8), "mixer": "local", "mask_padding": True, "box": None, "symbols": None
        },
        training={"steps": 6, "batch": 4, "log_every": 3, "save_every": 3, "compile": False},
    )  # fmt: skip


def loaded(recipe: Recipe) -> Material:
    return load_material(recipe, Group(torch.device("cpu")))


def test_labels_share_a_whole_run_and_the_recipes_own_dataset_is_a_test_alone(tmp_path: Path, datasets: Path) -> None:
    recipe = of_mazes(sets=SETS, curriculum=[{"until": 1.0, "shares": {"small": 1, "wide": 1}}])
    material = loaded(recipe)
    assert {label: tuple(some.questions.shape) for label, some in material.training.items()} == {
        "small": (12, 7, 7),
        "wide": (20, 6, 9),
    }
    assert len(material.test.questions) == 8
    with Dataset.open(material.path) as own:
        assert own.shape == (8, 8) and list(own.splits) == ["test"]
    parts = material.about.split("; ")
    assert [part.split("-")[1] for part in parts] == ["7x7", "6x9", "8x8"]
    assert "kind mixed" in parts[0] and "kind random, moves 2" in parts[1] and "measured on alone" in parts[2]
    written = {path: path.stat().st_mtime_ns for path in datasets.iterdir()}
    loaded(recipe)
    assert written == {path: path.stat().st_mtime_ns for path in datasets.iterdir()}

    (tmp_path / "run").mkdir()
    trainer = Trainer(recipe, material.training, torch.device("cpu"), RunFolder(tmp_path / "run"))
    records = list(run(trainer, material.test))
    assert records[-1]["step"] == 6 and "eval_exact_accuracy" in records[-1]
    trainer.step()  # beyond the end, still by the last stage


def test_the_recipes_own_dataset_has_settings_too() -> None:
    material = loaded(of_mazes(settings={"kind": "depth-first", "border": 0}))
    assert list(material.training) == ["maze-8x8"]
    with Dataset.open(material.path) as own:
        assert own.settings == {"kind": "depth-first", "border": 0, "moves": 0, "train": 20, "test": 8}
    assert "kind depth-first, border 0" in material.about and "measured" not in material.about


def test_a_dataset_without_settings_is_the_one_that_it_was(datasets: Path) -> None:
    loaded(of_mazes(curriculum=[{"until": 0.5, "shares": {"maze-5x5": 1}}]))
    hashes = {path.name.rpartition("-")[2] for path in datasets.iterdir()}
    assert hashes == {"63712d04.h5"}
