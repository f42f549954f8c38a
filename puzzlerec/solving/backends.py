"""Where a model's two calls are computed: by torch on tensors, or by NumPy on arrays (`models/arrays`).

Refinement hands in arrays and takes arrays back. Importing this imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from puzzlerec.models.arrays.model import ArrayModel

if TYPE_CHECKING:
    import torch


class Backend(Protocol):
    """How arrays become what a model computes with, and back."""

    def given(self, array: np.ndarray) -> Any:
        """What the model takes in place of ``array``."""

    def taken(self, said: Any) -> np.ndarray:
        """What the model said, as an array; floating-point numbers as float32."""

    def kept(self, state: Any, runs: np.ndarray) -> Any:
        """The state of these ``runs`` (indices) alone."""

    def computing(self) -> Any:
        """A context in which the model is called."""


class OnArrays:
    """NumPy, in float32 on the CPU."""

    def given(self, array: np.ndarray) -> np.ndarray:
        return array

    def taken(self, said: Any) -> np.ndarray:
        return np.asarray(said)

    def kept(self, state: Any, runs: np.ndarray) -> Any:
        return [state[run] for run in runs.tolist()]

    @contextmanager
    def computing(self) -> Iterator[None]:
        with np.errstate(all="ignore"):  # weights may hold anything: the rules refuse what comes of it
            yield


class OnTensors:
    """torch, on its device and in its precision."""

    def __init__(self, device: str | torch.device, precision: torch.dtype | None) -> None:
        import torch

        self.device, self.precision = torch.device(device), precision or torch.float32

    def given(self, array: np.ndarray) -> Any:
        import torch

        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def taken(self, said: Any) -> np.ndarray:
        array: np.ndarray = (said.float() if said.is_floating_point() else said).cpu().numpy()
        return array

    def kept(self, state: Any, runs: np.ndarray) -> Any:
        from puzzlerec.models.system import part

        return part(state, self.given(runs))

    @contextmanager
    def computing(self) -> Iterator[None]:
        import torch

        from puzzlerec.device import autocast

        with torch.inference_mode(), autocast(self.device, self.precision):
            yield


def backend_of(model: Any, device: str | torch.device, precision: torch.dtype | None) -> Backend:
    """What computes ``model``; an `ArrayModel` has no use for a device or a precision."""
    return OnArrays() if isinstance(model, ArrayModel) else OnTensors(device, precision)
