"""What a network reads and writes of ARC: a *canvas*, a square ``uint8`` array ``[S, S]`` of tokens, usually 30x30.

Tokens: 0 padding, 1 end marker, 2 to 11 the colours 0 to 9. End markers fill the row below the grid and the column on
its right, as far as they fit; the rest is padding. A grid may stand anywhere on the canvas.
"""

from __future__ import annotations

import math

import numpy as np

from puzzlerec.puzzles.base import PuzzleError

SIDE = 30  # rows and columns of the usual canvas, the most that a grid has
COLOURS = 10
PADDING, END, FIRST_COLOUR = 0, 1, 2


def encode(grid: np.ndarray, row: int = 0, column: int = 0, side: int = SIDE) -> np.ndarray:
    """The canvas ``[side, side]`` with ``grid [H, W]`` on it, its top left cell at ``row`` and ``column``.

    Raises `PuzzleError` for a grid that is empty or does not fit there.
    """
    height, width = grid.shape
    if not (0 < height <= side - row and 0 < width <= side - column and min(row, column) >= 0):
        raise PuzzleError(f"A {height}x{width} grid does not fit on a {side}x{side} canvas at {row}, {column}.")
    canvas = np.full((side + 1, side + 1), PADDING, np.uint8)  # one more, for end markers that do not fit
    canvas[row : row + height, column : column + width] = grid + FIRST_COLOUR
    canvas[row + height, column : column + width] = END
    canvas[row : row + height, column + width] = END
    return canvas[:side, :side].copy()


def decode(canvas: np.ndarray, place: tuple[int, int] | None = None) -> np.ndarray:
    """The grid ``[H, W]`` on a canvas ``[S, S]`` or ``[S * S]`` with its top left cell at ``place``.

    A network's output need not be a sound canvas. The grid is the rectangle of colours with the largest area, the
    flattest of several, among those with that corner; what lies beyond is ignored. It is 0x0 if there is no colour in
    the corner. Without a ``place`` that is where the first row and the first column that are not all padding meet.
    """
    side = math.isqrt(canvas.size)
    tokens = canvas.reshape(side, side)
    row, column = corner(tokens) if place is None else place
    tokens = tokens[row:, column:]
    coloured = (tokens >= FIRST_COLOUR) & (tokens < FIRST_COLOUR + COLOURS)
    widths = np.minimum.accumulate(np.logical_and.accumulate(coloured, axis=1).sum(axis=1))  # [H] of the rows so far
    last = int((widths * np.arange(1, len(widths) + 1)).argmax())
    if not widths[last]:
        return np.zeros((0, 0), np.uint8)
    return (tokens[: last + 1, : widths[last]] - FIRST_COLOUR).astype(np.uint8)


def corner(tokens: np.ndarray) -> tuple[int, int]:
    """The first row and the first column that are not all padding; 0, 0 if all is."""
    used = tokens != PADDING
    return int(used.any(axis=1).argmax()), int(used.any(axis=0).argmax())
