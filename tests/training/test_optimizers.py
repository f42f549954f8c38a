"""Adam-atan2, sign descent, who trains what, and the schedule."""

from __future__ import annotations

import math

import pytest
import torch

from puzzlerec.models.config import ModelConfig
from puzzlerec.models.trm import TRM
from puzzlerec.training.optimizers import AdamAtan2, SignDescent, build_optimizers, schedule
from puzzlerec.training.recipe import OptimizerSettings


def test_adam_atan2_by_hand() -> None:
    w = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = AdamAtan2([w], lr=0.1, betas=(0.5, 0.75), weight_decay=0.2)
    value, m, v = 2.0, 0.0, 0.0
    for step, gradient in enumerate((3.0, -1.0, 0.5), start=1):
        w.grad = torch.tensor([gradient])
        optimizer.step()
        m, v = 0.5 * m + 0.5 * gradient, 0.75 * v + 0.25 * gradient**2
        value *= 1 - 0.1 * 0.2
        value -= 0.1 * math.atan2(m / (1 - 0.5**step), math.sqrt(v / (1 - 0.75**step)))
    assert w.item() == pytest.approx(value, rel=1e-6)


def test_adam_atan2_does_not_care_for_the_losss_scale() -> None:
    ends = []
    for scale in (1e-6, 1e6):
        w = torch.nn.Parameter(torch.tensor([2.0, -1.0]))
        optimizer = AdamAtan2([w], lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            (scale * w.square().sum()).backward()
            optimizer.step()
        ends.append(w.detach())
    torch.testing.assert_close(*ends)


def test_sign_descent_moves_only_rows_with_a_gradient() -> None:
    w = torch.nn.Parameter(torch.ones(3, 2))
    w.grad = torch.tensor([[0.0, 0.0], [5.0, -0.1], [0.0, 0.0]])
    SignDescent([w], lr=0.1, weight_decay=0.5).step()
    assert w.tolist() == [[1.0, 1.0], [pytest.approx(0.85), pytest.approx(1.05)], [1.0, 1.0]]


@pytest.mark.parametrize("name", ["adamw", "adam-atan2", "muon"])
def test_every_weight_has_one_optimizer(name: str) -> None:
    model = TRM(ModelConfig(width=16, heads=2, multiple=8))
    optimizers = build_optimizers(model, OptimizerSettings(name=name))  # type: ignore[arg-type]
    trained = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in model.parameters())
    assert isinstance(optimizers[0], SignDescent)
    if name == "muon":
        matrices = {id(p) for group in optimizers[1].param_groups for p in group["params"]}
        assert matrices == {id(p) for n, p in model.named_parameters() if n.startswith("network") and p.dim() == 2}


def test_schedules() -> None:
    constant = OptimizerSettings(warmup=10)
    assert schedule(constant, 0, 0.0) == pytest.approx(0.1)
    assert schedule(constant, 500, 0.9) == 1
    linear = OptimizerSettings(warmup=0, schedule="linear", decay=0.4)
    assert [schedule(linear, 5, p) for p in (0.0, 0.6, 0.8, 1.0)] == pytest.approx([1, 1, 0.5, 0])
    cosine = OptimizerSettings(warmup=0, schedule="cosine", final=0.1)
    assert [schedule(cosine, 5, p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.55, 0.1])
