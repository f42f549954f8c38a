"""Direct prediction: the same blocks, once through, without recursion. The baseline of HRM's and TRM's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from .config import Layers, ModelConfig, Steps
from .prediction import Prediction
from .system import System, network_for


class DirectConfig(ModelConfig):
    """The settings of the network alone."""

    system: Literal["direct"] = "direct"
    layers: Layers = 8
    supervision_steps: Steps = 1


class State(NamedTuple):
    """Nothing, for every question."""

    nothing: Tensor  # [B, 0]


class Direct(System, system="direct"):
    """One pass. Its one step is the answer; more steps change nothing, and it has no states for noise to disturb."""

    Config = DirectConfig
    disturbed: ClassVar[tuple[str, ...]] = ("nothing",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.network = network_for(config)

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        return State(torch.empty(len(question), 0, device=question.device))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        x, canvas = self.encode(question, puzzle_ids)
        return state, self.predict(self.network(self.encoder.spread(x, canvas), canvas), canvas)

    def compile_core(self) -> None:
        self.network.compile(dynamic=self.encoder.dynamic)
