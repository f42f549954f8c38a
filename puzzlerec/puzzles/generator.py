"""What a generator of puzzles is to the dataset builder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


class DatasetError(ValueError):
    """A file that is no usable dataset, or a dataset that cannot be built: what is wrong, and what to do."""


@dataclass(frozen=True)
class Chunk:
    """Some generated puzzles, [n, L] or [n] each, with the hashes by which the builder tells them apart."""

    inputs: np.ndarray  # [n, L] uint8 tokens
    labels: np.ndarray  # [n, L] uint8 tokens
    keys: np.ndarray  # [n] uint64: no two rows of a split have the same
    classes: np.ndarray  # [n] uint64: no training row has one that a test row has
    ratings: np.ndarray | None = None  # [n] float32

    def __len__(self) -> int:
        return len(self.inputs)


class Generator(ABC):
    """Makes puzzles of one kind and shape, a chunk at a time. What a chunk holds depends on its arguments alone.

    Instances travel to the processes that generate, so that they can be pickled.
    """

    version: str  # goes into datasets; another one wherever the same seed makes other puzzles
    settings: Mapping[str, int | float | str] = {}  # names and defaults
    shape: tuple[int, int]

    def __init__(self, shape: tuple[int, int]) -> None:
        """For grids of ``shape``. Raises `DatasetError` for one that cannot be."""
        self.shape = shape

    def shape_of(self, settings: dict[str, Any]) -> tuple[int, int]:
        """The grids' shape, which settings may decide."""
        return self.shape

    def signature(self, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The version and the settings that datasets are told apart by, where a generator has learnt more since."""
        return self.version, settings

    def check(self, settings: dict[str, Any]) -> None:  # noqa: B027  # most have nothing to refuse
        """Raises `DatasetError` for values that cannot be used."""

    @abstractmethod
    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        """Makes some puzzles for ``split`` with the random state ``rng`` (uint64 [1], see `kernels`)."""
