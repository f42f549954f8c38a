"""Stablemax, the loss of a supervision step, label smoothing."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from puzzlerec.models.prediction import Prediction
from puzzlerec.training.objectives import log_stablemax, supervise, token_losses
from puzzlerec.training.recipe import Objective


def test_float32_stablemax_is_close_to_float64() -> None:
    x = torch.randn(1000, 11, generator=torch.Generator().manual_seed(0)) * 30
    exact = x.double()
    s = torch.where(exact >= 0, exact + 1, 1 / (1 - exact))
    expected = (s / s.sum(-1, keepdim=True)).log()
    assert float((log_stablemax(x).double() - expected).abs().max()) < 2e-6


def test_stablemax_has_gradients_everywhere() -> None:
    x = torch.tensor([[0.0, -0.0, 1e-9, -1e9, 1e9, 3.0]], requires_grad=True)
    log_stablemax(x)[0, 2].backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()


def test_loss_of_a_step_by_hand() -> None:
    """Mean cross-entropy over each puzzle's own tokens plus half the halting loss; padding counts for nothing."""
    logits = torch.tensor([[[0.0, 2.0, 0.0], [0.0, 0.0, 5.0]], [[1.0, 1.0, 0.0], [0.0, 4.0, 0.0]]])
    labels = torch.tensor([[1, 2], [2, 0]])
    prediction = Prediction(logits, torch.tensor([0.3, -0.2]), torch.zeros(2))
    outcome = supervise(prediction, labels, Objective(loss="softmax"))
    p = F.log_softmax(logits, -1)
    first, second = -(p[0, 0, 1] + p[0, 1, 2]) / 2, -p[1, 0, 2]
    halting = F.softplus(torch.tensor(-0.3)) + F.softplus(torch.tensor(-0.2))
    torch.testing.assert_close(outcome.loss, first + second + 0.5 * halting)
    assert outcome.right.tolist() == [True, False]
    assert outcome.accuracy.tolist() == [1.0, 0.0]


def test_smoothing_leaves_closed_candidates_alone() -> None:
    logits = torch.tensor([[[-1e9, 1.0, 2.0]]])
    smooth = token_losses(logits, torch.tensor([[2]]), Objective(loss="softmax", label_smoothing=0.2))
    p = F.log_softmax(logits[0, 0, 1:], -1)
    torch.testing.assert_close(smooth[0, 0], -(0.8 * p[1] + 0.2 * p.mean()))


def test_token_weights_are_relative_within_a_puzzle() -> None:
    logits = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[1, 2, 3], [2, 2, 0]])
    prediction = Prediction(logits, torch.zeros(2), torch.zeros(2))
    outcome = supervise(prediction, labels, Objective(loss="softmax", token_weights=(0, 1, 2, 5), halt_weight=0))
    losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    expected = (losses[0, 0] + 2 * losses[0, 1] + 5 * losses[0, 2]) / 8 + (losses[1, 0] + losses[1, 1]) / 2
    torch.testing.assert_close(outcome.loss, expected)


def test_a_systems_own_weights_say_what_the_sum_is_divided_by() -> None:
    logits = torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[1, 2, 3]])
    prediction = Prediction(logits, torch.zeros(1), torch.zeros(1), weights=torch.tensor([[0.0, 0.5, 2.0]]))
    outcome = supervise(prediction, labels, Objective(loss="softmax", halt_weight=0))
    losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")[0]
    torch.testing.assert_close(outcome.loss, 0.5 * losses[1] + 2 * losses[2])


def test_hints_count_where_there_are_any() -> None:
    logits, shown = torch.zeros(2, 3, 4), torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(2))
    labels, hints = torch.ones(2, 3, dtype=torch.long), torch.tensor([[0, 4, 1], [0, 0, 0]])
    prediction = Prediction(logits, torch.zeros(2), torch.zeros(2), hints=shown)
    objective = Objective(loss="softmax", hint_weight=0.5)
    added = supervise(prediction, labels, objective, None, hints).loss - supervise(prediction, labels, objective).loss
    p = F.log_softmax(shown, -1)
    torch.testing.assert_close(added, -0.5 * (p[0, 1, 4] + p[0, 2, 1]) / 2)


def test_what_cannot_be_known_yet_is_not_asked_for() -> None:
    drawn = torch.Generator().manual_seed(2)
    logits, shown = torch.randn(1, 3, 4, generator=drawn), torch.randn(1, 3, 5, generator=drawn)
    labels, hints = torch.tensor([[1, 2, 3]]), torch.tensor([[0, 4, 1]])
    due = torch.tensor([[[True, True, False], [True, False, True]]])
    prediction = Prediction(logits, torch.zeros(1), torch.zeros(1), hints=shown)
    outcome = supervise(prediction, labels, Objective(loss="softmax", halt_weight=0), None, hints, due=due)
    losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")[0]
    hinted = F.cross_entropy(shown.transpose(1, 2), hints, reduction="none")[0]
    torch.testing.assert_close(outcome.loss, (losses[0] + losses[2]) / 2 + hinted[1])
    torch.testing.assert_close(outcome.tokens, (losses[0] + losses[2])[None] / 2)
