"""What pictures are made of, whatever writes them: shapes and letters in colours, at places.

Lengths are in units, of which a cell has `CELL` a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from puzzlerec.views.lines import DOWN, LEFT, RIGHT, UP
from puzzlerec.views.palette import LEVELS, VIRIDIS

CELL = 20
HALF = CELL // 2

# Paints: in light and in dark. Heat is viridis in both, and so is what stands on it.
COLOURS = {
    "paper": ("#ffffff", "#14161c"),
    "ink": ("#16181d", "#f4f4f8"),
    "muted": ("#646b78", "#9aa1ae"),
    "hair": ("#c4c8d0", "#3a404d"),
    "given": ("#eceef2", "#2b303b"),
    "wall": ("#3c4250", "#596174"),
    "filled": ("#0b5fa5", "#7fd1ff"),
    "halt": ("#b8560b", "#ffb066"),
    "masked": ("#c4c8d0", "#4a5160"),
    "fault": ("#d00020", "#ff5468"),
    "wrong": ("#b06a00", "#ff9f1c"),
    "on-dark": ("#ffffff", "#ffffff"),
    "on-light": ("#0b0d12", "#0b0d12"),
} | {f"heat{level}": (colour, colour) for level, colour in enumerate(VIRIDIS)}


def on_heat(level: int) -> str:
    """The paint that can be read on a level of heat."""
    return "on-dark" if level < LEVELS // 2 else "on-light"


@dataclass(frozen=True)
class Shape:
    """A filled polygon, or a line with round ends and joints where it has a ``width``; a dot is a line of one point."""

    points: tuple[tuple[float, float], ...]
    width: float = 0.0


@dataclass(frozen=True)
class Letters:
    """Text around or behind a point, which is at half the height of its digits."""

    text: str
    size: float
    bold: bool = False
    centred: bool = True


SQUARE = Shape(((0, 0), (CELL, 0), (CELL, CELL), (0, CELL)))
EDGE = Shape(((1.5, 1.5), (18.5, 1.5), (18.5, 18.5), (1.5, 18.5), (1.5, 1.5)), 2)
START = Shape(((HALF, HALF),), 14)
GOAL = Shape(((HALF, 2), (18, HALF), (HALF, 18), (2, HALF)))
HOLE = Shape(((HALF, HALF),), 5)
BADGE = Shape(((16.5, 3.5),), 4)
ARROWS = {
    "^": Shape(((7, 12), (HALF, 8), (13, 12)), 1.6),
    "v": Shape(((7, 8), (HALF, 12), (13, 8)), 1.6),
    "<": Shape(((12, 7), (8, HALF), (12, 13)), 1.6),
    ">": Shape(((8, 7), (12, HALF), (8, 13)), 1.6),
}  # by what stands for them in ASCII
DIAGONALS = {1: Shape(((0, 0), (CELL, CELL)), 0.6), 2: Shape(((0, CELL), (CELL, 0)), 0.6)}


@cache
def spokes(openings: int) -> Shape:
    """A line from the middle of a cell to those of its sides on which it goes on: see `lines.openings`."""
    centre = (HALF, HALF)
    ends = {UP: (HALF, 0), DOWN: (HALF, CELL), LEFT: (0, HALF), RIGHT: (CELL, HALF)}
    points = [point for side, end in ends.items() if openings & side for point in (end, centre)]
    return Shape((centre, *points), 5)


@dataclass(frozen=True, eq=False)
class Mark:
    """One shape in one colour at N places, above all marks of lower layers."""

    layer: int
    paint: str  # of `COLOURS`, or a colour of its own such as "#ff4136"
    shape: Shape | Letters
    places: np.ndarray  # [N, 2], x and y
