"""One run may train on kinds of one family side by side, where its model can be put on their boards."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from puzzlerec.models.trm import TRM
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.solver import Solver
from puzzlerec.training.examples import Examples
from puzzlerec.training.loop import Trainer
from puzzlerec.training.run_folder import RunFolder

from .conftest import tiny_examples, tiny_recipe

SIX = "123456456123231564564231312645645312"


def six(count: int = 8) -> Examples:
    label = torch.from_numpy(get("sudoku-6x6").parse(SIX)).view(1, 36).expand(count, -1).contiguous()
    question = torch.where(torch.rand(count, 36, generator=torch.Generator().manual_seed(1)) < 0.5, label, 1)
    return Examples.without_hints(question.view(-1, 6, 6), label, torch.zeros(count, dtype=torch.long), "sudoku-6x6")


def test_pools_of_two_kinds_train_the_same_weights_each_on_its_board(tmp_path: Path) -> None:
    trainer = Trainer(
        tiny_recipe(), {"sudoku": tiny_examples(), "sudoku-6x6": six()}, torch.device("cpu"), RunFolder(tmp_path)
    )
    small, large = trainer.pools.values()
    assert small.model is trainer.model and large.model.config.grid == (6, 6)
    assert (small.kind.name, large.kind.name) == ("sudoku-4x4", "sudoku-6x6")
    assert large.batch == small.batch * 16 // 36
    assert large.slots.question.shape[1:] == (6, 6)
    before = [parameter.clone() for parameter in trainer.model.parameters()]
    trainer.lesson.refill(large, 0)
    trainer.lesson.learn(large, 0)
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in trainer.model.parameters())
    trainer._choose = lambda: large  # type: ignore[method-assign]
    trainer.step()
    after = list(trainer.model.parameters())
    assert not all(map(torch.equal, before, after))
    assert all(one is other for one, other in zip(after, large.model.parameters(), strict=True))
    kind = large.kind
    for row in large.slots.label.numpy().reshape(-1, 6, 6):
        assert kind.check(row.astype("uint8"), row.astype("uint8")).solved, "copied by its own kind's symmetries"


def test_a_solver_takes_a_mixed_family_in_any_order() -> None:
    model = TRM(tiny_recipe().model).eval()
    solver = Solver(model)
    four, large = get("sudoku-4x4"), get("sudoku-6x6")
    easy = Puzzle(four, four.parse("1234341221434..."))
    other = Puzzle(large, large.parse(SIX[:-3] + "..."))
    seen: set[tuple[int, ...]] = set()
    answers = list(
        solver.solve([easy, other, easy, other], SolveSettings(), lambda frame, _: seen.add(frame.tokens.shape))
    )
    assert [answer.puzzle.kind.name for answer in answers] == ["sudoku-4x4", "sudoku-6x6"] * 2
    assert all(answer.verdict.solved for answer in answers)
    assert seen == {(2, 4, 4), (2, 6, 6)}, "puzzles of a kind side by side"


def test_a_model_of_one_board_is_not_put_on_another(tmp_path: Path) -> None:
    recipe = tiny_recipe(model={"mixer": "attention", "heads": 2, "box": None, "symbols": None})
    with pytest.raises(ValueError, match="sudoku-4x4 cannot be put on the board of sudoku-6x6"):
        Trainer(recipe, {"sudoku-6x6": six()}, torch.device("cpu"), RunFolder(tmp_path))


def test_weights_of_one_kinds_tokens_are_not_for_anothers(tmp_path: Path) -> None:
    recipe = tiny_recipe(objective={"token_weights": (0, 1, 1, 1, 1, 1)})
    with pytest.raises(ValueError, match="tokens of sudoku-4x4, not sudoku-6x6"):
        Trainer(recipe, {"sudoku-6x6": six()}, torch.device("cpu"), RunFolder(tmp_path))
