"""ARC grids to look at: their colours, which digits stand for where there are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from puzzlerec.puzzles.look import Look

PALETTE = (
    "#000000", "#0074D9", "#FF4136", "#2ECC40", "#FFDC00", "#AAAAAA", "#F012BE", "#FF851B", "#7FDBFF", "#870C25"
)  # fmt: skip  # the colours 0 to 9


@dataclass(frozen=True, eq=False, kw_only=True)
class CanvasLook(Look):
    """Of canvases of tokens that stand for a grid of colours."""

    decode: Callable[[np.ndarray], np.ndarray]  # canvas -> colours [H, W]

    def picture(self, tokens: np.ndarray) -> np.ndarray:
        return self.decode(tokens)
