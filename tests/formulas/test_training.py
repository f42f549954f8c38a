"""What the loop does between the losses: averages, exploration, halting, and how it counts."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
import torch

from puzzlerec.training.examples import Examples
from puzzlerec.training.loop import run

from .training import SUDOKU, figures, one_sudoku, set_halting, trainer

CANDIDATES = SUDOKU | {"mixer": "candidates", "box": (2, 2), "symbols": (2, 4)}


def test_the_average_forgets_its_start_at_a_decay_that_warms_up(tmp_path: Path) -> None:
    """The first average is the weights themselves; then the decay is (1 + n) / (10 + n), up to the setting."""
    held = trainer(tmp_path, one_sudoku(), optimizer={"lr": 0.1}, training={"ema": 0.28})
    held.step()
    average = [weight.detach().clone() for weight in held.model.parameters()]
    for decay in (2 / 11, 3 / 12, 0.28, 0.28):
        held.step()
        weights = [weight.detach() for weight in held.model.parameters()]
        average = [decay * mean + (1 - decay) * weight for mean, weight in zip(average, weights, strict=True)]
        for mean, expected in zip(held.averaged.parameters(), average, strict=True):
            torch.testing.assert_close(mean, expected)


def steps_until_halting(folder: Path, count: int, **sections: dict[str, object]) -> list[int]:
    """The supervision steps of each puzzle that one slot works on, of a model that always wants to halt."""
    held = trainer(folder, one_sudoku(), **sections)
    set_halting(held, 5.0)
    reports = [figures(held) for _ in range(count)]
    return [int(report["halting_steps"]) for report in reports if report["halting_steps"]]


def test_exploring_puzzles_do_two_steps_or_more(tmp_path: Path) -> None:
    counts = steps_until_halting(tmp_path, 150, objective={"exploration": 1.0}, model=CANDIDATES)
    assert set(counts) == {2, 3, 4} and len(counts) >= 35
    assert all(counts.count(steps) >= 5 for steps in (2, 3, 4))


def test_others_halt_as_soon_as_they_want_to(tmp_path: Path) -> None:
    assert steps_until_halting(tmp_path, 10, objective={"exploration": 0.0}, model=CANDIDATES) == [1] * 10


def test_some_puzzles_explore(tmp_path: Path) -> None:
    counts = steps_until_halting(tmp_path, 200, objective={"exploration": 0.3}, model=CANDIDATES)
    assert 0.15 < sum(steps > 1 for steps in counts) / len(counts) < 0.45


@pytest.mark.parametrize(("halt", "steps"), [(0.8, 4), (0.9, 1)])
def test_a_slot_halts_above_the_threshold(tmp_path: Path, halt: float, steps: int) -> None:
    """A halting logit of 0.8 is a probability of 0.69, one of 0.9 is 0.71."""
    held = trainer(tmp_path, one_sudoku(), objective={"halt_threshold": 0.7}, model=CANDIDATES)
    set_halting(held, halt)
    reports = [figures(held) for _ in range(4)]
    assert next(int(report["halting_steps"]) for report in reports if report["halting_steps"]) == steps


@pytest.mark.parametrize(("while_right", "steps"), [(False, 4), (True, 1)])
def test_a_slot_halts_where_nothing_more_can_be_learned(tmp_path: Path, while_right: bool, steps: int) -> None:
    """What it keeps after its first step is wrong."""
    some = one_sudoku()
    model = {"system": "trldm", "prefix": 0, "regime": "ds", "training_denoising": 4, "while_right": while_right}
    held = trainer(tmp_path, some, objective={"exploration": 0.0}, model=model)
    with patch.object(type(held.model), "_again", lambda self, logits, answer, *_: answer == some.labels):
        reports = [figures(held) for _ in range(4)]
    assert next(int(report["halting_steps"]) for report in reports if report["halting_steps"]) == steps


def test_a_continue_value_decides_instead_of_the_threshold(tmp_path: Path) -> None:
    held = trainer(tmp_path, one_sudoku(), objective={"continue_loss": True}, model=CANDIDATES)
    set_halting(held, 1.0, 1.1)
    assert figures(held)["halting_steps"] == 0
    set_halting(held, -2.0, -2.1)
    assert figures(held)["halting_steps"] == 2


def test_evaluation_asks_nothing_of_padding(tmp_path: Path) -> None:
    """A grid that is given in full is right, whatever a model says where there is no cell."""
    some = one_sudoku()
    label = torch.where(torch.arange(16) < 12, some.labels, 0)
    examples = Examples.without_hints(label.view(1, 4, 4), label, some.puzzle_ids)
    held = trainer(tmp_path, some, model=CANDIDATES, training={"steps": 1})
    (record,) = run(held, examples)
    assert record["eval_exact_accuracy"] == record["eval_token_accuracy"] == 1


def test_evaluation_counts_puzzles_and_cells(tmp_path: Path) -> None:
    """Two puzzles that are given in full; the label of one differs from the question in four of its sixteen cells."""
    some = one_sudoku()
    labels = some.labels.repeat(2, 1)
    questions = labels.view(2, 4, 4).clone()
    labels[1, :4] = labels[1, :4].flip(0)
    examples = Examples.without_hints(questions, labels, torch.zeros(2, dtype=torch.long))
    held = trainer(tmp_path, some, model=CANDIDATES, training={"steps": 1})
    (record,) = run(held, examples)
    assert record["eval_exact_accuracy"] == 0.5
    assert record["eval_token_accuracy"] == pytest.approx(1 - 4 / 32)
