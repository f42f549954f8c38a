"""SPRM, state perturbation: TRM with noise on its states between supervision steps. DRM's baseline (arXiv 2604.18839).

The noise is that of the first tenth of a linear DDPM schedule, scaled to the states' own mean and deviation. Only
training is disturbed.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from torch import Tensor

from .config import HintedRecursion
from .prediction import Prediction
from .trm import TRM, AnyState, State

LEVELS, FIRST, BETAS = 1000, 100, (1e-4, 0.02)


class SPRMConfig(HintedRecursion):
    """As TRM's."""

    system: Literal["sprm"] = "sprm"


class SPRM(TRM, system="sprm"):
    """TRM that must live with disturbed states."""

    Config = SPRMConfig

    def step(self, question: Tensor, state: AnyState, puzzle_ids: Tensor | None = None) -> tuple[AnyState, Prediction]:
        state, prediction = super().step(question, state, puzzle_ids)
        return (State(*map(disturbed, state)) if self.training else state), prediction


@cache
def kept() -> Tensor:
    """The share of the signal [FIRST] that is left at each of the first levels: the product of 1 - beta up to there."""
    return (1 - torch.linspace(*BETAS, LEVELS, dtype=torch.float64)).cumprod(0)[:FIRST].float()


def disturbed(state: Tensor) -> Tensor:
    """``state [B, ...]``, each puzzle's at a level of its own."""
    level = torch.randint(FIRST, (len(state),), device=state.device)
    share = kept().to(state.device)[level].view(-1, *[1] * (state.dim() - 1))
    axes = tuple(range(1, state.dim()))
    mean, deviation = state.mean(axes, keepdim=True), state.std(axes, keepdim=True)
    noise = mean + deviation * torch.randn_like(state)
    return share.sqrt() * state + (1 - share).sqrt() * noise
