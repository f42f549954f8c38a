"""TRM on a CPU in NumPy: the networks that are shipped for Sudokus and mazes, for solving without torch.

torch's models are the definition, and training is theirs alone; these are the same two calls over the same weights, on
arrays where those take tensors (`tests/models/test_arrays.py` holds them together). They are there because a small
network has answered before torch is imported, in a fraction of its memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from puzzlerec.models.arrays.candidates import CandidateModel
from puzzlerec.models.arrays.local import LocalModel
from puzzlerec.models.arrays.model import ArrayModel
from puzzlerec.models.config import ModelConfig

__all__ = ["ArrayModel", "load"]

MOST_CELLS = 1024  # of the board of candidates: its tables grow with the square
STORED = ("F32", "F16", "F64")  # what NumPy can read


def load(weights: Path, config: ModelConfig) -> ArrayModel | None:
    """The model with the weights of a safetensors file.

    None where the system has no counterpart here, or where anything about the file is not as the settings ask: what is
    wrong is torch's loader to say.
    """
    kind = next((kind for kind in (CandidateModel, LocalModel) if kind.knows(config)), None)
    if kind is None or config.cells > MOST_CELLS:
        return None
    shapes = kind.shapes(config)
    try:
        with safe_open(weights, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            stored = {name: tuple(part.get_shape()) for name, part in slices.items() if part.get_dtype() in STORED}
            if stored != shapes or len(slices) > len(shapes):
                return None
            with np.errstate(all="ignore"):  # as where it computes: weights may hold anything
                return kind(config, {name: file.get_tensor(name).astype("float32") for name in shapes})
    except (SafetensorError, OSError):
        return None
