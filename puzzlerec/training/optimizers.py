"""Optimisers: PyTorch's AdamW, Muon, Adam-atan2, and sign descent for puzzle embeddings; one schedule for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from .recipe import OptimizerSettings

Scale = Literal["match_rms_adamw", "original"]


class AdamAtan2(Optimizer):
    """Adam whose step is ``atan2(m, sqrt(v))``: no epsilon, no overflow, scale-invariant (arXiv 2407.05872, section 4).

    Weight decay is decoupled, as in AdamW. ``lr`` multiplies atan2 itself, without the paper's constant 1.27.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, betas: tuple[float, float] = (0.9, 0.95), weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = torch.zeros(())
                    state["exp_avg"] = torch.zeros_like(parameter)
                    state["exp_avg_sq"] = torch.zeros_like(parameter)
                state["step"] += 1
                step = float(state["step"])
                mean = state["exp_avg"].lerp_(parameter.grad, 1 - beta1)
                square = state["exp_avg_sq"].lerp_(parameter.grad.square(), 1 - beta2)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                update = torch.atan2(mean / (1 - beta1**step), (square / (1 - beta2**step)).sqrt())
                parameter.add_(update, alpha=-group["lr"])


class SignDescent(Optimizer):
    """``w -= lr * (sign(gradient) + weight_decay * w)`` on the rows that have a gradient: puzzle embeddings.

    It keeps no state, so a million rows cost no more than themselves. Gradients may be sparse.
    """

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter.grad.is_sparse:
                    gradient = parameter.grad.coalesce()
                    rows, slopes = gradient.indices()[0], gradient.values()
                else:
                    rows, slopes = torch.arange(len(parameter), device=parameter.device), parameter.grad
                moved = slopes.ne(0).any(-1)
                rows, slopes = rows[moved], slopes[moved]
                update = slopes.sign() + group["weight_decay"] * parameter[rows]
                parameter.index_add_(0, rows, update, alpha=-group["lr"])


class Muon(Optimizer):
    """Momentum whose updates are made orthogonal (Jordan, 2024), as PyTorch's Muon has it.

    Matrices of one shape are made so together: a small network has many, each of which takes no time but its call.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, weight_decay: float, momentum: float, scale: Scale = "match_rms_adamw"
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "scale": scale}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.shape, []).append(parameter)
            for (rows, columns), matrices in shapes.items():
                updates = orthogonal(torch.stack([self._momentum(matrix, group["momentum"]) for matrix in matrices]))
                adamw = group["scale"] == "match_rms_adamw"
                scale = 0.2 * math.sqrt(max(rows, columns)) if adamw else math.sqrt(max(1, rows / columns))
                for matrix, update in zip(matrices, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(update, alpha=-group["lr"] * scale)

    def _momentum(self, matrix: Tensor, momentum: float) -> Tensor:
        """Nesterov's, with the gradient that the matrix has now."""
        gradient = matrix.grad
        assert gradient is not None
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        buffer: Tensor = state["momentum_buffer"]
        update: Tensor = gradient.lerp(buffer.lerp_(gradient, 1 - momentum), momentum)
        return update


def orthogonal(matrices: Tensor) -> Tensor:
    """About U V^T of each of the ``matrices [n, rows, columns]`` U S V^T, by five Newton-Schulz steps."""
    if matrices.shape[1] > matrices.shape[2]:
        x: Tensor = orthogonal(matrices.mT).mT
        return x
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    x = x.to(torch.float32 if x.is_cpu else torch.bfloat16)
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x


def build_optimizers(model: nn.Module, settings: OptimizerSettings) -> list[Optimizer]:
    """The optimisers of all weights: puzzle embeddings by sign descent, the rest as ``settings.name`` says.

    With Muon, the matrices of the recursive network go to Muon, all else to AdamW.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    puzzle = [p for name, p in named if "puzzle_embedding" in name]
    matrices = [p for name, p in named if "network" in name and p.dim() == 2] if settings.name == "muon" else []
    chosen = {id(p) for p in (*puzzle, *matrices)}
    rest = [p for _, p in named if id(p) not in chosen]
    optimizers: list[Optimizer] = []
    if puzzle:
        optimizers.append(SignDescent(puzzle, lr=settings.embedding_lr, weight_decay=settings.weight_decay))
    if matrices:
        optimizers.append(
            Muon(
                matrices,
                lr=settings.lr,
                weight_decay=settings.weight_decay,
                momentum=settings.momentum,
                scale=settings.muon_scale,
            )
        )
    if settings.name == "adam-atan2":
        optimizers.append(AdamAtan2(rest, lr=settings.lr, betas=settings.betas, weight_decay=settings.weight_decay))
    else:
        decay = settings.rest_weight_decay if settings.name == "muon" else settings.weight_decay
        lr = settings.rest_lr or settings.lr
        optimizers.append(AdamW(rest, lr=lr, betas=settings.betas, weight_decay=decay))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def schedule(settings: OptimizerSettings, step: int, progress: float) -> float:
    """The factor on every learning rate at ``step`` (from 0), ``progress`` of the whole run (0 to 1) being done."""
    warmup = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    if settings.schedule == "cosine":
        low = settings.final
        return warmup * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * progress)))
    if settings.schedule == "linear":  # constant, then a straight line down over the last `decay` of the run
        left = (1 - progress) / settings.decay
        return warmup * max(settings.final, min(1.0, left))
    return warmup


def scale_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Set every learning rate to ``factor`` times its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = factor * group["peak_lr"]


def clip_gradients(model: nn.Module, limit: float | None) -> Tensor:
    """The gradient's norm before clipping it to ``limit``. Sparse gradients, whose signs alone count, are left out."""
    dense = [p for p in model.parameters() if p.grad is not None and not p.grad.is_sparse]
    return nn.utils.clip_grad_norm_(dense, limit if limit else math.inf)
