"""What denoising systems share: random numbers of their own for each run, and which cells to hide."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def seeded_uniform(question: Tensor, steps: int, seeds: Sequence[int] | None) -> Tensor:
    """Uniform random numbers ``[B, steps, L]`` for the questions ``[B, H, W]``, each from its own seed, 0 if None."""
    shape = steps, question[0].numel()
    # on the CPU: the same numbers on every device
    drawn = [torch.rand(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds or [0] * len(question)]
    return torch.stack(drawn).to(question.device)


def of_step(uniform: Tensor, done: Tensor) -> Tensor:
    """The numbers ``[B, L]`` for the ``done``-th step [B] from 1; steps beyond the last have the last's."""
    return uniform[torch.arange(len(done), device=done.device), (done - 1).clamp(max=uniform.shape[1] - 1)]


def ranks(scores: Tensor) -> Tensor:
    """The rank [B, L] of each score in its row, 0 for the lowest."""
    return scores.argsort(dim=-1, stable=True).argsort(dim=-1)
