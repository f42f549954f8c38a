"""The terms of the loss, each beside numbers that a person can work out."""

from __future__ import annotations

from math import exp, log, log1p
from pathlib import Path

import pytest
import torch
from torch import Tensor

from puzzlerec.models.prediction import Prediction
from puzzlerec.training.examples import Examples
from puzzlerec.training.objectives import log_stablemax, supervise
from puzzlerec.training.recipe import Objective

from .training import SUDOKU, figures, one_sudoku, set_halting, trainer

PLAIN = Objective(loss="softmax", halt_weight=0.0)
LOG3 = log(3)  # the logit of 3/4


def says(logits: Tensor, halt: float = 0.0, proceed: float = 0.0) -> Prediction:
    return Prediction(logits, torch.full((len(logits),), halt), torch.full((len(logits),), proceed))


def certain(*tokens: int, vocabulary: int = 4) -> Tensor:
    """Logits [1, L, V] of an answer beyond doubt."""
    return 50 * torch.nn.functional.one_hot(torch.tensor([tokens]), vocabulary).float()


def test_stablemax() -> None:
    """s(2) = 3, s(0) = 1, s(-1) = 1/2, s(-3) = 1/4."""
    p = log_stablemax(torch.tensor([2.0, 0.0, -1.0, -3.0])).exp()
    assert p.tolist() == pytest.approx([12 / 19, 4 / 19, 2 / 19, 1 / 19])


def test_cross_entropy_is_of_the_labels_token() -> None:
    """Of p = (1/8, 1/8, 3/4) and (1/3, 1/3, 1/3): -ln 3/4 and ln 3."""
    logits = torch.tensor([[[0.0, 0.0, log(6)], [0.0, 0.0, 0.0]]])
    loss = float(supervise(says(logits), torch.tensor([[2, 1]]), PLAIN).loss)
    assert loss == pytest.approx((log(4 / 3) + log(3)) / 2)


@pytest.mark.parametrize(
    ("tokens", "right"), [((1, 2, 3), True), ((1, 2, 0), False), ((3, 2, 3), False), ((2, 3, 1), False)]
)
def test_the_halting_logit_learns_whether_all_tokens_are_right(tokens: tuple[int, ...], right: bool) -> None:
    """Of a halting probability of 3/4: ln 4/3 if all are, else ln 4, and half of that in the loss."""
    objective = Objective(loss="softmax", halt_weight=0.5)
    label = torch.tensor([[1, 2, 3]])
    outcome = supervise(says(certain(*tokens), halt=LOG3), label, objective)
    assert outcome.right.tolist() == [right]
    assert float(outcome.halting) == pytest.approx(log(4 / 3) if right else log(4))
    assert float(outcome.loss - outcome.tokens) == pytest.approx(0.5 * float(outcome.halting), rel=1e-4)


def test_padding_is_neither_right_nor_wrong() -> None:
    label = torch.tensor([[1, 2, 0, 0]])
    wrong_there = supervise(says(certain(1, 2, 3, 0)), label, PLAIN)
    assert wrong_there.right.all() and float(wrong_there.accuracy) == 1
    right_there = supervise(says(certain(1, 3, 0, 0)), label, PLAIN)
    assert not right_there.right.any() and float(right_there.accuracy) == 0.5
    assert float(wrong_there.loss) == pytest.approx(0, abs=1e-6)


def test_the_continue_value_learns_a_probability() -> None:
    """The cross-entropy of 3/4 with a target of 1/4, half of which is in the loss."""
    objective = Objective(loss="softmax", halt_weight=0.5)
    prediction, label = says(certain(1), proceed=LOG3), torch.tensor([[1]])
    plain = supervise(prediction, label, objective).loss
    learned = supervise(prediction, label, objective, torch.tensor([0.25])).loss
    assert float(learned - plain) == pytest.approx(0.5 * (0.25 * log(4 / 3) + 0.75 * log(4)))


@pytest.mark.parametrize(("halt", "proceed"), [(-1.0, 2.0), (-2.0, -0.5)])
def test_the_continue_target_is_the_best_of_the_next_step_and_on_the_last_halting_alone(
    tmp_path: Path, halt: float, proceed: float
) -> None:
    """HRM, section 2: of two steps the first learns max(halt, continue) of the second, the second learns halt."""
    held = trainer(
        tmp_path,
        one_sudoku(),
        model=SUDOKU | {"supervision_steps": 2},
        objective={"continue_loss": True, "halt_weight": 1.0},
    )
    set_halting(held, halt, proceed)
    for best in (max(halt, proceed), halt):
        report = figures(held)
        target = 1 / (1 + exp(-best))
        expected = target * log1p(exp(-proceed)) + (1 - target) * log1p(exp(proceed))
        assert report["loss"] - report["token_loss"] - report["halt_loss"] == pytest.approx(expected, rel=1e-4)
    assert report["halting_steps"] == 2


def test_the_teachers_divergence_is_from_the_student() -> None:
    """KL(teacher | student) of (3/4, 1/4) and (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2, not 1/2 ln 4/3 as the other way."""
    student, teacher = torch.tensor([[[-1e9, 0.0, 0.0]]]), torch.tensor([[[-1e9, LOG3, 0.0]]])
    label = torch.tensor([[1]])
    objective = PLAIN.model_copy(update={"teacher_weight": 2.0})
    plain = supervise(says(student), label, objective).loss
    taught = supervise(says(student), label, objective, teacher=teacher).loss
    expected = 2 * (0.75 * log(3 / 2) + 0.25 * log(1 / 2))
    assert float(taught - plain) == pytest.approx(expected, rel=1e-5) and expected > 0
    same = supervise(says(student), label, objective, teacher=student).loss
    assert float(same - plain) == pytest.approx(0, abs=1e-6)


def test_the_teacher_draws_the_student_towards_it() -> None:
    student, teacher = torch.zeros(1, 1, 3, requires_grad=True), torch.tensor([[[0.0, 0.0, 4.0]]])
    plain = torch.autograd.grad(supervise(says(student), torch.tensor([[1]]), PLAIN).loss, student)[0]
    taught = torch.autograd.grad(supervise(says(student), torch.tensor([[1]]), PLAIN, teacher=teacher).loss, student)[0]
    assert float(taught[0, 0, 2]) < 0 < float(plain[0, 0, 2])  # descent raises what the teacher believes in


def test_hints_and_labels_are_asked_for_when_news_can_have_come(tmp_path: Path) -> None:
    """At a pace of 1.5 moves a step, what takes 3 moves is due at the second step and not before.

    With readouts of zeros, a hint that is asked for costs ln 5 and a label ln 6.
    """
    known = torch.full((1, 2, 16), 3, dtype=torch.int16)
    examples = one_sudoku()._replace(hints=torch.ones(1, 16, dtype=torch.uint8), due=known)
    held = trainer(
        tmp_path,
        examples,
        model=SUDOKU | {"hints": 5},
        objective={"pace": 1.5, "hint_weight": 2.0, "halt_weight": 0.0},
    )
    with torch.no_grad():
        held.model.readout.weight.zero_()
        held.model.hint_readout.weight.zero_()
    for labels, hints in ((0.0, 0.0), (log(6), log(5)), (log(6), log(5))):
        report = figures(held)
        assert report["token_loss"] == pytest.approx(labels, abs=1e-6)
        assert report["loss"] - report["token_loss"] == pytest.approx(2 * hints, abs=1e-6)


def test_hints_of_a_maze_are_due_by_their_distance(tmp_path: Path) -> None:
    """Half of the hints at once, and the loss is their mean; the labels take longer than the run."""
    due = torch.stack((torch.arange(16) // 8 * 9, torch.full((16,), 99)))[None].short()
    hints = torch.where(torch.arange(16) < 8, 1, 2)[None].byte()
    examples: Examples = one_sudoku()._replace(hints=hints, due=due)
    held = trainer(tmp_path, examples, model=SUDOKU | {"hints": 5}, objective={"pace": 2.0, "halt_weight": 0.0})
    with torch.no_grad():
        held.model.hint_readout.weight.zero_()
    report = figures(held)
    assert report["token_loss"] == 0
    assert report["loss"] == pytest.approx(log(5))
