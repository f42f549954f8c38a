"""Direct prediction: the same blocks, once through, without recursion. The baseline of HRM's and TRM's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import model_validator
from torch import Tensor

from .blocks import Network
from .config import ModelConfig
from .system import Prediction, System


class DirectConfig(ModelConfig):
    """Only the settings of the network count; n and T are without meaning."""

    without: ClassVar[tuple[str, ...]] = ("networks", "latents", "gradient", "with_gradient", "hints")

    system: Literal["direct"] = "direct"
    layers: int = 8
    supervision_steps: int = 1

    @model_validator(mode="after")
    def _only_direct(self) -> DirectConfig:
        if self.mixer == "candidates":
            raise ValueError("direct prediction has no place for the candidates mixer")
        return self


class State(NamedTuple):
    """Nothing, for every question."""

    nothing: Tensor  # [B, 0]


class Direct(System, system="direct"):
    """One pass. Its one step is the answer; more steps change nothing, and it has no states for noise to disturb."""

    Config = DirectConfig
    disturbed: ClassVar[tuple[str, ...]] = ("nothing",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.network = Network(config)

    @property
    def evaluations(self) -> int:
        return self.config.layers

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        return State(torch.empty(len(question), 0, device=question.device))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        canvas = self.canvas(question)
        return state, self.predict(self.network(self.embed(question, puzzle_ids), canvas), canvas)

    def compile_core(self) -> None:
        self.network.compile(dynamic=False)
