"""HRM, the Hierarchical Reasoning Model (arXiv 2506.21734): a slow network over a fast one, gradient through one step.

Letters: x embedded question, high and low the states of the two levels ``[B, length, D]``, n low updates to a high one,
T high updates a supervision step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from .blocks import truncated_normal_
from .config import Count, Layers, ModelConfig, Prefix, Recursion
from .prediction import Prediction
from .system import System, network_for


class HRMConfig(Recursion, ModelConfig):
    """n is `latent_updates`, T `recursions`; both networks have `layers` layers. 27,275,266 weights at paper size."""

    system: Literal["hrm"] = "hrm"
    prefix: Prefix = 1
    layers: Layers = 4
    latent_updates: Count = 2
    recursions: Count = 2


class State(NamedTuple):
    """What HRM carries from one step to the next."""

    high: Tensor
    low: Tensor


class HRM(System, system="hrm"):
    """Two levels of recursion. Its steps are supervision steps."""

    Config = HRMConfig
    config: HRMConfig
    disturbed: ClassVar[tuple[str, ...]] = ("high", "low")
    high0: Tensor
    low0: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.high_network, self.low_network = network_for(config), network_for(config)
        for name in ("high0", "low0"):
            self.register_buffer(name, truncated_normal_(torch.empty(config.width), 1.0))

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        shape = (len(question), self.length(question), self.config.width)
        return State(self.high0.expand(shape), self.low0.expand(shape))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        """One supervision step (HRM, section 2): gradient flows through the last update of each level alone."""
        x, canvas = self.encode(question, puzzle_ids)
        high, low = self.gather(state, canvas)
        high, low = self.levels(x, high, low, canvas)
        return self.scatter(state, (high, low), canvas), self.predict(high, canvas)

    def levels(self, x: Tensor, high: Tensor, low: Tensor, canvas: Any) -> tuple[Tensor, Tensor]:
        """n T times ``low = f_L(low + high + x)``; after every n of them ``high = f_H(high + low)``."""
        n, T = self.config.latent_updates, self.config.recursions
        with torch.no_grad():
            for update in range(1, n * T):
                low = self.low_network(low + high + x, canvas)
                if update % n == 0:
                    high = self.high_network(high + low, canvas)
        low = self.low_network(low + high + x, canvas)
        return self.high_network(high + low, canvas), low

    def compile_core(self) -> None:
        self.levels = torch.compile(self.levels, dynamic=self.encoder.dynamic)  # type: ignore[method-assign]
