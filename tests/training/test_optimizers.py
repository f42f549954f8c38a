"""Adam-atan2, sign descent, who trains what, and the schedule."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch

from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM
from puzzlerec.training.optimizers import AdamAtan2, Muon, SignDescent, build_optimizers, clip_gradients, schedule
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


def test_sparse_gradients_move_rows_as_dense_ones_do() -> None:
    dense, sparse = (torch.nn.Parameter(torch.arange(10.0).view(5, 2)) for _ in range(2))
    rows, slopes = torch.tensor([3, 1, 3]), torch.tensor([[1.0, -1.0], [2.0, 0.0], [1.0, 3.0]])
    sparse.grad = torch.sparse_coo_tensor(rows[None], slopes, (5, 2), check_invariants=True)
    dense.grad = sparse.grad.to_dense()
    for parameter in (dense, sparse):
        SignDescent([parameter], lr=0.1, weight_decay=0.5).step()
    assert torch.equal(dense, sparse)
    assert torch.equal(sparse[[0, 2, 4]], torch.arange(10.0).view(5, 2)[[0, 2, 4]])


def test_a_million_puzzle_ids_cost_no_optimizer_state() -> None:
    model = TRM(TRMConfig(grid=(2, 2), width=8, heads=2, multiple=8, latent_updates=1, puzzle_ids=10**6))
    optimizers = build_optimizers(model, OptimizerSettings(name="adamw", embedding_lr=0.5))
    question, ids = torch.ones(2, 2, 2, dtype=torch.long), torch.tensor([7, 999_999])
    _, prediction = model.step(question, model.start(question), ids)
    prediction.logits.square().sum().backward()
    clip_gradients(model, 1.0)
    for optimizer in optimizers:
        optimizer.step()
    assert not optimizers[0].state
    moved = model.puzzle_embedding.weight.detach().ne(0).any(-1).nonzero()[:, 0]
    assert torch.equal(moved, ids)


@pytest.mark.parametrize("name", ["adamw", "adam-atan2", "muon"])
def test_every_weight_has_one_optimizer(name: str) -> None:
    model = TRM(TRMConfig(width=16, heads=2, multiple=8))
    optimizers = build_optimizers(model, OptimizerSettings(name=name))  # type: ignore[arg-type]
    trained = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in model.parameters())
    assert isinstance(optimizers[0], SignDescent)
    if name == "muon":
        matrices = {id(p) for group in optimizers[1].param_groups for p in group["params"]}
        assert matrices == {id(p) for n, p in model.named_parameters() if n.startswith("network") and p.dim() == 2}


@pytest.mark.parametrize("scale", ["match_rms_adamw", "original"])
def test_muon_is_pytorchs(scale: Literal["match_rms_adamw", "original"]) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(8, 16), (16, 8), (8, 16), (5, 5)]
    ours, theirs = ([torch.nn.Parameter(torch.ones(shape)) for shape in shapes] for _ in range(2))
    settings = {"lr": 0.1, "weight_decay": 0.5, "momentum": 0.9}
    one, other = Muon(ours, scale=scale, **settings), torch.optim.Muon(theirs, adjust_lr_fn=scale, **settings)
    for _ in range(3):
        for mine, their in zip(ours, theirs, strict=True):
            mine.grad = their.grad = torch.randn(mine.shape, generator=generator)
        one.step()
        other.step()
    for mine, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, their, atol=2e-2, rtol=0)  # which computes in bfloat16
    keys = [list(optimizer.state_dict()["state"][0]) for optimizer in (one, other)]
    assert keys[0] == keys[1]


def test_schedules() -> None:
    constant = OptimizerSettings(warmup=10)
    assert schedule(constant, 0, 0.0) == pytest.approx(0.1)
    assert schedule(constant, 500, 0.9) == 1
    linear = OptimizerSettings(warmup=0, schedule="linear", decay=0.4)
    assert [schedule(linear, 5, p) for p in (0.0, 0.6, 0.8, 1.0)] == pytest.approx([1, 1, 0.5, 0])
    cosine = OptimizerSettings(warmup=0, schedule="cosine", final=0.1)
    assert [schedule(cosine, 5, p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.55, 0.1])
