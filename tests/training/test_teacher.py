"""Learning from a trained model besides the true answers: it is asked once of each puzzle."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from puzzlerec.models import checkpoint
from puzzlerec.training import teacher
from puzzlerec.training.loop import Trainer
from puzzlerec.training.recipe import Recipe, load_recipe
from puzzlerec.training.run_folder import RunFolder

from .conftest import tiny_examples, tiny_recipe

ATTENTION = {"mixer": "attention", "heads": 2, "prefix": 2, "puzzle_ids": 24}


def trainer_of(recipe: Recipe, folder: Path, ids: int = 24) -> Trainer:
    return Trainer(recipe, {"sudoku": tiny_examples(ids=ids)}, torch.device("cpu"), RunFolder(folder))


@pytest.fixture
def taught(tmp_path: Path) -> dict[str, object]:
    """The objective of a student of a model that says something else of every puzzle id."""
    made = trainer_of(tiny_recipe(model=ATTENTION), tmp_path).model
    with torch.no_grad():
        made.puzzle_embedding.weight.normal_()
    checkpoint.save(made, tmp_path / "teacher", card="")
    return {"teacher": str(tmp_path / "teacher")}


def test_it_is_asked_once_of_each_puzzle(
    taught: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    answer = teacher.Teacher.answer

    def noted(self: teacher.Teacher, rows: torch.Tensor) -> torch.Tensor:
        asked.extend(rows.tolist())
        return answer(self, rows)

    monkeypatch.setattr(teacher.Teacher, "answer", noted)
    trainer = trainer_of(tiny_recipe(objective=taught), tmp_path)
    for _ in range(40):
        trainer.step()
    assert sorted(asked) == list(range(24))
    monkeypatch.setattr(teacher, "IN_MEMORY", 1000)  # bytes
    forgetful = trainer_of(tiny_recipe(objective=taught), tmp_path)
    for _ in range(40):
        forgetful.step()
    assert len(asked) > 48
    for one, other in zip(trainer.model.parameters(), forgetful.model.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_it_answers_for_each_puzzle_id(taught: dict[str, object], tmp_path: Path) -> None:
    student = trainer_of(tiny_recipe(objective=taught), tmp_path)
    pool = student.pools["sudoku"]
    assert pool.teacher is not None
    pool.examples.questions[1] = pool.examples.questions[0]
    one, same, other = pool.teacher(torch.tensor([0, 0, 1]))
    assert torch.equal(one, same) and not torch.allclose(one, other)


def test_it_thinks_until_it_halts(taught: dict[str, object], tmp_path: Path) -> None:
    pool = trainer_of(tiny_recipe(objective=taught), tmp_path).pools["sudoku"]
    assert pool.teacher is not None
    model, rows = pool.teacher.model, torch.arange(8)
    question, ids = pool.examples.questions[rows].long(), pool.examples.puzzle_ids[rows]
    steps, halts, state = [], [], model.start(question)
    with torch.no_grad():
        model.halting.weight.normal_()
        for _ in range(model.config.supervision_steps):
            state, prediction = model.step(question, state, ids)
            steps.append(prediction.logits)
            halts.append(prediction.halt)
        middle = torch.stack(halts).median()
        model.halting.bias -= middle
        first = ((torch.stack(halts) - middle > 0).cumsum(0) == 0).sum(0).clamp(max=len(steps) - 1)
    wanted = torch.stack([steps[step][row] for row, step in enumerate(first.tolist())])
    torch.testing.assert_close(pool.teacher.answer(rows), wanted)
    assert first.unique().numel() > 1


def test_what_it_says_moves_with_the_copies(taught: dict[str, object], tmp_path: Path) -> None:
    """Were the teacher always right, it would be right of every copy of a puzzle."""
    student = trainer_of(tiny_recipe(objective=taught), tmp_path)
    pool = student.pools["sudoku"]
    question, label = pool.examples.questions.long(), pool.examples.labels.long()
    right = torch.nn.functional.one_hot(label, 6).float()
    _, copy, said = student.lesson._copies(pool.kind, question, label, right, 3)
    assert torch.equal(said.argmax(-1), copy) and not torch.equal(copy, label)


def test_a_slot_keeps_what_it_was_told_until_it_halts(taught: dict[str, object], tmp_path: Path) -> None:
    student = trainer_of(tiny_recipe(objective=taught | {"halt_threshold": 0.999}), tmp_path)
    slots = student.pools["sudoku"].slots
    student.step()
    before, halted = slots.taught.clone(), slots.halted.clone()
    assert before.abs().sum() > 0 and not halted.all()
    student.step()
    assert torch.equal(slots.taught[~halted], before[~halted])
    assert "taught" in slots.tensors()  # and so in what a run goes on from


def test_it_must_know_the_puzzle_ids_and_teaches_no_closed_candidate(tmp_path: Path) -> None:
    known_one = trainer_of(tiny_recipe(model=ATTENTION | {"puzzle_ids": 1}), tmp_path, ids=1)
    checkpoint.save(known_one.model, tmp_path / "teacher", card="")
    objective = {"teacher": str(tmp_path / "teacher"), "teacher_weight": 1.0}
    student = trainer_of(tiny_recipe(objective=objective), tmp_path, ids=1)  # of candidates, with closed ones
    student.step()
    assert student.report()["loss"] < 100
    with pytest.raises(ValueError, match=r"which the teacher .* lacks"):
        trainer_of(tiny_recipe(model=ATTENTION, objective=objective), tmp_path)


@pytest.mark.parametrize("name", ["copy", "maze-9x9-trm", "sudoku-6x6"])
def test_it_must_know_the_puzzle(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"the teacher {name} knows .*, not the 4x4 grids of sudoku-4x4"):
        trainer_of(tiny_recipe(objective={"teacher": name}), tmp_path)


def test_a_lesson_that_hears_none_says_so() -> None:
    with pytest.raises(ValueError, match=r"hears no teacher: leave out objective\.teacher"):
        load_recipe("maze", ["objective.teacher='maze'"])
