"""The papers' protocol on ARC: copies drawn as theirs are, rows read from the file, embeddings without an optimiser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from puzzlerec.data import Dataset
from puzzlerec.models import build, checkpoint
from puzzlerec.training import examples as module
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.distributed import Group
from puzzlerec.training.examples import Groups, Material, OnDisk, load_material
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import Recipe, load_recipe, shipped_recipes
from puzzlerec.training.run_folder import RunFolder

CPU = torch.device("cpu")
RECIPES = [name for name in shipped_recipes() if name.startswith("arc")]
TINY = [
    "data.name=arc-6x6",
    "data.settings={copies = 3}",
    "model.grid=[6, 6]",
    "model.puzzle_ids=20",
    "model.width=16",
    "model.heads=2",
    "model.layers=1",
    "model.multiple=8",
    "optimizer.warmup=0",
    "training.steps=2",
    "training.batch=4",
    "training.micro_batch=2",
    "training.compile=false",
    "training.precision=float32",
    "training.log_every=1",
    "evaluation.every=2",
    "evaluation.batch=4",
]


@pytest.fixture(autouse=True)
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tasks, of which one has few copies."""
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "sets"))
    folder = tmp_path / "tasks"
    folder.mkdir()
    pairs = [{"input": [[n, 0], [0, n + 1]], "output": [[0, n], [n + 1, 0]]} for n in range(1, 6)]
    black = [{"input": [[0]], "output": [[0, 0]]}]
    for name, train, test in (
        ("one", pairs[:1], pairs[4:]),
        ("three", pairs[1:4], pairs[4:]),
        ("few", black, [{"input": [[0, 0], [0, 0]], "output": [[0]]}]),
    ):
        (folder / f"{name}.json").write_text(json.dumps({"train": train, "test": test}))
    return folder


def tiny(name: str, tasks: Path, *more: str) -> Recipe:
    return load_recipe(name, [*TINY, f"data.settings.with={tasks}", *more])


def loaded(recipe: Recipe) -> Material:
    return load_material(recipe, Group(CPU))


def trained(recipe: Recipe, material: Material, folder: Path) -> Trainer:
    folder.mkdir()
    trainer = Trainer(recipe, material.training, CPU, RunFolder(folder))
    trainer.records = list(run(trainer, material.test, save_checkpoint=CheckpointSaver(material.about)))  # type: ignore[attr-defined]
    return trainer


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_at_toy_size(name: str, tasks: Path, tmp_path: Path) -> None:
    recipe = tiny(name, tasks)
    trainer = trained(recipe, loaded(recipe), tmp_path / "run")
    assert trainer.records[-1]["step"] == 2 and "eval_exact_accuracy" in trainer.records[-1]  # type: ignore[attr-defined]
    assert checkpoint.load(tmp_path / "run" / "checkpoint").config == recipe.model


def test_the_papers_sizes() -> None:
    for version, ids in ((1, 729_802), (2, 1_046_124)):  # counted: `puzzlerec data info` of the datasets
        for system in ("trm", "hrm", "direct", "drm", "trldm"):
            recipe = load_recipe(f"arc{version}-{system}")
            assert recipe.data.settings == {"version": version, "copies": 1000}
            assert (recipe.model.system, recipe.model.grid, recipe.model.width) == (system, (30, 30), 512)
            assert ids <= recipe.model.puzzle_ids < 1.01 * ids
            assert recipe.optimizer.embedding_lr == 1e-2
    for name, weights in (("arc1-trm", 6_829_058), ("arc1-hrm", 27_276_290)):  # one token more than Sudoku's networks
        with torch.device("meta"):
            named = build(load_recipe(name).model).named_parameters()
            assert sum(p.numel() for key, p in named if "puzzle_embedding" not in key) == weights


def test_each_task_is_drawn_as_often_whatever_its_copies(tasks: Path) -> None:
    """In proportion to its demonstrations; all its rows alike."""
    material = loaded(tiny("arc1-trm", tasks, "data.settings.copies=40", "model.puzzle_ids=100"))
    examples = material.training["arc-6x6"]
    with Dataset.open(material.path) as dataset:
        rows = dataset.split("train").read()
    assert np.bincount(rows.group_ids).tolist() == [2, 41, 123]  # few, one, three
    drawn = examples.draw(50_000, torch.Generator().manual_seed(0))
    shares = np.bincount(rows.group_ids[drawn.numpy()]) / 50_000
    assert shares == pytest.approx([1 / 5, 1 / 5, 3 / 5], abs=0.01)
    times = np.bincount(drawn.numpy(), minlength=166)[2:43]
    assert times.min() > 0.7 * times.mean()
    assert Groups.of(np.arange(5), np.zeros(5, np.int64)) is None  # nothing has copies


def test_rows_that_stay_in_the_file_train_to_the_same_bits(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny("arc1-trm", tasks, "training.steps=5")
    ends = []
    for name, limit in (("memory", 1 << 30), ("file", 0)):
        monkeypatch.setattr(module, "IN_MEMORY", limit)
        material = loaded(recipe)
        assert isinstance(material.training["arc-6x6"].questions, OnDisk) == (name == "file")
        ends.append(trained(recipe, material, tmp_path / name).model.state_dict())
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


def test_rows_in_the_file_are_read_as_they_are_drawn(tasks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of slots that go on, none."""
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    recipe = tiny("arc1-trm", tasks)
    material = loaded(recipe)
    read: list[int] = []
    monkeypatch.setattr(OnDisk, "__getitem__", counted(OnDisk.__getitem__, read))
    trainer = Trainer(recipe, material.training, CPU, RunFolder(tasks / "run"))
    trainer.step()
    trainer.step()
    assert read[:2] != [1, 1] and read[2:] == [1, 1]


def counted(method, read: list[int]):  # type: ignore[no-untyped-def]
    def reading(self: OnDisk, rows: torch.Tensor) -> torch.Tensor:
        read.append(len(rows.unique()))
        found: torch.Tensor = method(self, rows)
        return found

    return reading


def test_embeddings_have_no_optimiser_state_no_average_and_one_place_in_the_state(tasks: Path, tmp_path: Path) -> None:
    recipe = tiny("arc1-trm", tasks, "model.puzzle_ids=100_000")
    trainer = trained(recipe, loaded(recipe), tmp_path / "run")
    with safe_open(tmp_path / "run" / "state.safetensors", framework="pt") as file:
        large = [key for key in file.keys() if file.get_slice(key).get_shape()[:1] == [100_000]]  # noqa: SIM118
    assert large == ["model.puzzle_embedding.weight"]
    embedding = trainer.model.puzzle_embedding.weight.detach()
    assert trainer.averaged.puzzle_embedding.weight.data_ptr() == embedding.data_ptr()
    moved = embedding.ne(0).any(-1).nonzero()[:, 0]
    assert 0 < len(moved) <= 8 and moved.min() > 0 and moved.max() < 11  # rows of puzzles that were seen
    again = Trainer(recipe, loaded(recipe).training, CPU, RunFolder(tmp_path / "run"))
    again.resume()
    assert torch.equal(again.model.puzzle_embedding.weight, embedding)
    assert again.averaged.puzzle_embedding.weight.data_ptr() == again.model.puzzle_embedding.weight.data_ptr()


def test_training_measures_the_tests_as_they_are(tasks: Path) -> None:
    material = loaded(tiny("arc1-trm", tasks))
    assert material.test is not None and len(material.test.questions) == 3  # of each task one, whatever its copies
    with Dataset.open(material.path) as dataset:
        names = dataset.identifiers[:]
    assert [names[id] for id in material.test.puzzle_ids[0:3]] == ["few", "one", "three"]
