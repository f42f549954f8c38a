"""ARC grids to look at: their colours, which digits stand for where there are none."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.arc.canvas import COLOURS, END, FIRST_COLOUR, decode
from puzzlerec.puzzles.look import Look

PALETTE = (
    "#000000", "#0074D9", "#FF4136", "#2ECC40", "#FFDC00", "#AAAAAA", "#F012BE", "#FF851B", "#7FDBFF", "#870C25"
)  # fmt: skip  # the colours 0 to 9


class CanvasLook(Look):
    """Of canvases of tokens that stand for a grid of colours."""

    def picture(self, tokens: np.ndarray) -> np.ndarray:
        return decode(tokens)


CANVAS_LOOK = CanvasLook(
    (" ", "|", *"0123456789"),
    answers=tuple(range(END, FIRST_COLOUR + COLOURS)),
    blanks=(END,),
    palette=PALETTE,
)
