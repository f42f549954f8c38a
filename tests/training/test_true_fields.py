"""The lesson of true fields: a step from what can be known at a time to what can be known a step later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from puzzlerec.puzzles import get
from puzzlerec.training.examples import Examples, with_hints
from puzzlerec.training.lesson import TrueFields
from puzzlerec.training.loop import Trainer
from puzzlerec.training.recipe import RecipeError, load_recipe
from puzzlerec.training.run_folder import RunFolder

from .conftest import tiny_recipe

KIND = get("maze")
MAZE = "S     \n##### \n      \n #####\n     G\n######"  # 19 moves along a winding corridor
MODEL = {
    "puzzle": "maze", "vocabulary": 6, "grid": (6, 6), "mixer": "local", "mask_padding": True, "box": None,
    "symbols": None, "hints": 5, "projection": "fresh", "recursions": 1, "latent_updates": 3, "width": 16,
}  # fmt: skip


def examples(count: int = 6) -> Examples:
    question = KIND.parse(MAZE)
    copies, answers = KIND.copies(np.stack([question])) or ((), ())
    questions = torch.from_numpy(np.ascontiguousarray(copies[:count]))
    labels = torch.from_numpy(np.ascontiguousarray(answers[:count]).reshape(len(questions), -1))
    return with_hints(Examples.without_hints(questions, labels, torch.zeros(len(questions), dtype=torch.long)), KIND)


def trainer(folder: Path, **objective: object) -> Trainer:
    recipe = tiny_recipe(
        model=MODEL,
        objective={"lesson": "true-fields", "pace": 4, "exploration": 0.0} | objective,
        optimizer={"lr": 1e-2},
        training={"batch": 24},
    )
    return Trainer(recipe, {"sudoku": examples()}, torch.device("cpu"), RunFolder(folder))


def test_fields_of_a_time_and_of_a_step_later(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    (pool,) = made.pools.values()
    assert isinstance(made.lesson, TrueFields)
    times = set()
    for step in range(20):
        made.lesson.refill(pool, step)
        slots = pool.slots
        answer, hint = made.lesson._target
        for slot in range(len(slots)):
            same = (pool.examples.questions == slots.question[slot].to(torch.uint8)).flatten(1).all(1)
            example = int(same.nonzero()[0])
            away, path = pool.examples.due[example].float()
            whole, label = 19, pool.examples.labels[example].long()
            found = [  # the times at which the state's fields are the true ones
                time
                for time in range(14)
                if torch.equal(slots.state.hint[slot], pool.examples.hints[example].long() * (away <= 4 * time))
                and torch.equal(
                    slots.state.answer[slot], torch.where(path <= 4 * time, label, slots.question[slot].flatten())
                )
            ]
            time = found[0]
            later = 4 * (time + 1)
            assert torch.equal(hint[slot], pool.examples.hints[example].long() * (away <= later))
            assert int((answer[slot] == 5).sum()) == max(0, min(whole - 1, later - whole))
            end = -(-int(path.max()) // 4)
            assert bool(made.lesson._left[slot] <= 0) == (max(found) + 1 >= end)
            times.add(time)
    assert len(times) > 8  # all of the course is drawn


def test_mistakes_stand_at_another_time_and_are_not_asked_for(tmp_path: Path) -> None:
    plain, astray = trainer(tmp_path / "a"), trainer(tmp_path / "b", mistakes=0.5)
    (right,), (wrong,) = plain.pools.values(), astray.pools.values()
    plain.lesson.refill(right, 7)
    astray.lesson.refill(wrong, 7)
    assert isinstance(plain.lesson, TrueFields) and isinstance(astray.lesson, TrueFields)
    assert all(map(torch.equal, plain.lesson._target, astray.lesson._target))
    differ = (right.slots.state.hint != wrong.slots.state.hint).float().mean()
    assert 0 < differ < 0.5


def test_slots_take_a_new_puzzle_at_every_step(tmp_path: Path) -> None:
    made = trainer(tmp_path, exploration=1.0)
    (pool,) = made.pools.values()
    for step in range(5):
        made.lesson.refill(pool, step)
        made.lesson.advance(pool, made.lesson.learn(pool, step))
        assert pool.slots.halted.all()


def test_it_learns_a_winding_corridor(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    for _ in range(150):
        made.step()
    assert made.report()["exact_accuracy"] > 0
    made.model.eval()
    found = made.evaluate(examples(2))
    assert found["eval_token_accuracy"] > 0.8


def test_a_lesson_needs_its_settings() -> None:
    with pytest.raises(RecipeError, match="true-fields"):
        load_recipe("maze-hints", ["objective.lesson=true-fields"])
