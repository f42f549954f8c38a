"""Stablemax, the loss of a supervision step, label smoothing."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from puzzlerec.models.system import Prediction
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
