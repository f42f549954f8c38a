"""What the models in NumPy share: the slot that refinement knows, the blocks, and TRM's recursion.

Letters: B runs, H x W grid, N vectors at work, D width, E inner width.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np

from puzzlerec.models.config import ModelConfig, TRMConfig
from puzzlerec.models.prediction import FrameKind, Prediction

RMS_EPS = np.float32(1e-5)

Weights = Mapping[str, np.ndarray]
Function = Callable[[np.ndarray], np.ndarray]  # f: vectors [N, D] to new ones, in an array of its own


class ArrayModel(ABC):
    """A model whose two calls take and return arrays. A state is a list, an entry for each of B runs."""

    frames: ClassVar[FrameKind] = "supervision"

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        assert isinstance(config, TRMConfig)
        self.config = config
        self.weights = sum(array.size for name, array in weights.items() if name not in ("y0", "z0"))
        self.y0, self.z0 = weights["y0"], weights["z0"]
        self._halting = weights["halting.weight"], weights["halting.bias"]

    @classmethod
    @abstractmethod
    def knows(cls, config: ModelConfig) -> bool:
        """Whether models with these settings are written here."""

    @classmethod
    @abstractmethod
    def shapes(cls, config: ModelConfig) -> dict[str, tuple[int, ...]]:
        """The weights of such a model, by their names in a checkpoint."""

    @abstractmethod
    def start(self, question: np.ndarray, steps: int | None = None, seeds: Sequence[int] | None = None) -> list[Any]:
        """Fresh states for the questions ``[B, H, W]``."""

    @abstractmethod
    def step(self, question: np.ndarray, state: list[Any], puzzle_ids: object = None) -> tuple[list[Any], Prediction]:
        """One step."""

    @abstractmethod
    def perturb(self, state: list[Any], deviations: Sequence[float], seeds: Sequence[int]) -> list[Any]:
        """Start states with noise, as in `System.perturb`."""

    def on(self, settings: Mapping[str, object]) -> Self:
        """The same weights, shared, as a model of another board: see `config.Board.on`. Raises `ValueError`."""
        other = copy(self)
        other.config = self.config.on(settings)
        return other

    def recursions(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, f: Function) -> tuple[np.ndarray, np.ndarray]:
        """T times: n times ``z = f(x + y + z)``, then ``y = f(y + z)`` (TRM, Figure 3)."""
        for _ in range(self.config.recursions):
            asked = x + y
            for _ in range(self.config.latent_updates):
                z = f(asked + z)
            y = f(y + z)
        return y, z

    def halt(self, summary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The halting and the continue logit [B] from summaries [B, D]."""
        weight, bias = self._halting
        logits = summary @ weight.T + bias
        return logits[:, 0], logits[:, 1]


class Scratch:
    """Arrays to compute in, by name, always the same ones: new memory each time would cost as much as what is done."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def __call__(self, name: str, *shape: int) -> np.ndarray:
        """The array of this name, whatever it holds; it is of the same shape every time."""
        if name not in self._arrays:
            self._arrays[name] = np.empty(shape, np.float32)
        return self._arrays[name]


def transposed(weight: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """A linear map [outputs, inputs] as what vectors are multiplied by from the right."""
    return np.ascontiguousarray(weight.T) * np.float32(scale)


def rms_norm(x: np.ndarray) -> np.ndarray:
    """RMSNorm over the last axis of ``x [N, D]``, in place."""
    squares = np.einsum("nd,nd->n", x, x)
    squares /= x.shape[1]
    squares += RMS_EPS
    x /= np.sqrt(squares, out=squares)[:, None]
    return x


def silu_of_double(half: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """``silu(2 half)``: where weights are halved beforehand, three passes over the array are enough."""
    activated: np.ndarray = np.tanh(half, out=out)
    activated += 1
    activated *= half
    return activated


def embedding_scale(config: ModelConfig) -> np.float32:
    return np.float32(math.sqrt(config.width))
