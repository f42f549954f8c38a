"""The base of test-time training: what tasks share is learned, what is their own stays their own."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from puzzlerec.models import checkpoint
from puzzlerec.puzzles.arc.tasks import Pair, Task
from puzzlerec.training import base as module
from puzzlerec.training.base import Base, train
from puzzlerec.training.test_time import OWN, VIEWS, Encoding, Learner, answer, load_base

from .test_test_time import ticking, toy


@pytest.fixture
def tasks() -> list[Task]:
    changes = (np.fliplr, lambda grid: grid[:1], lambda grid: np.array([0, 2, 3, 1], np.uint8)[grid])
    toys = [toy(change, 2, colours=colours) for change, colours in zip(changes, (2, 3, 4), strict=True)]
    return [replace(one, id=f"toy {number}") for number, one in enumerate(toys)]


def test_tasks_share_all_but_their_own_vectors(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TASKS", 3)
    base = Base(tasks, 0)
    one, two, _ = (task.model for task in base.tasks)
    for name, weight in one.named_parameters():
        assert (weight is two.get_parameter(name)) == (name not in (OWN, VIEWS))
    losses = [base.step(0.0)[0] for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert not torch.equal(one.get_parameter(VIEWS), two.get_parameter(VIEWS))
    assert len(one.get_parameter(OWN)) == 2 and bool(one.get_parameter(OWN).any())


def test_what_is_kept_goes_on_and_a_new_task_begins_as_the_base(tasks: list[Task], tmp_path: Path) -> None:
    def clock() -> float:
        return float(next(ticks))

    ticks = count()
    base = Base(tasks, 0)
    train(base, tmp_path, 3, clock)
    again = Base(tasks, 1)
    again.resume(tmp_path / "state.safetensors")
    assert again.steps == base.steps == 3 and again.seconds == base.seconds
    assert all(torch.equal(weight, base.weights[name]) for name, weight in again.weights.items())
    assert torch.equal(again.tasks[2].own[VIEWS], base.tasks[2].own[VIEWS])
    shipped = checkpoint.load(tmp_path / "checkpoint")
    assert torch.equal(shipped.embedding.weight, base.average["embedding.weight"])
    task = toy(np.fliplr)
    learner = Learner(Encoding.of(task, module.size_rule(task)), 0, base=shipped)
    assert torch.equal(learner.model.embedding.weight, shipped.embedding.weight)
    assert torch.equal(learner.model.puzzle_embedding.weight, shipped.puzzle_embedding.weight)
    found = answer(task, 3, clock=ticking(), base=shipped)
    assert found.batches == 3 and found.networks == 1


def test_tasks_that_are_too_large_or_have_no_size_are_left_out(tasks: list[Task]) -> None:
    odd = Task("odd", tuple(Pair(np.ones((n, n), np.uint8), np.ones((n * n + 1, 1), np.uint8)) for n in (1, 2)), ())
    large = toy(np.fliplr, shape=(30, 30))
    assert [task.id for task in Base([*tasks, odd, large], 0).tasks] == ["toy 0", "toy 1", "toy 2"]


def test_a_base_is_named() -> None:
    assert load_base("none") is None
    base = load_base()
    assert base is not None and base.config.mixer == "colours"
    with pytest.raises(
        checkpoint.CheckpointError, match="sudoku-4x4 is no base for ARC tasks, but a model of sudoku-4x4"
    ):
        load_base("sudoku-4x4")
