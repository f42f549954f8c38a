"""Where the cells of a grid stand on a canvas of characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.puzzles.look import Look
from puzzlerec.views.lines import Places, borders, frame, places


@dataclass(frozen=True)
class Tiling:
    """Tiles of w x h characters, with a line between cells of different regions. Tilings of equal places are equal."""

    look: Look
    shape: tuple[int, int]  # (H, W)
    tile: tuple[float, float]  # (w, h) in characters; several cells share one that is smaller than a character
    regions: bytes  # [H, W] uint8, the number of each cell's region
    ruled: bool = True  # whether there are lines between rows, too

    @classmethod
    def of(cls, puzzle: Puzzle, tile: tuple[float, float], ruled: bool = True) -> Tiling:
        question, look = puzzle.question, puzzle.kind.look
        height, width = question.shape
        return cls(look, (height, width), tile, look.regions(question).astype(np.uint8).tobytes(), ruled)

    @classmethod
    def whole(
        cls, puzzle: Puzzle, width: int, height: int, *, miniature: bool = False, unicode: bool = True
    ) -> Tiling | None:
        """With the largest tiles that fit ``width`` x ``height`` characters; None if none do.

        They are of the look's tiles or, if ``miniature``, of its miniatures; whole characters unless ``unicode``.
        """
        look = puzzle.kind.look
        for tile in look.miniatures if miniature else look.tiles:
            tiling = cls.of(puzzle, tile, not miniature)
            if tiling.width <= width and tiling.height <= height and (unicode or not tiling.fractional):
                return tiling
        return None

    @classmethod
    def fitting(cls, puzzle: Puzzle, width: int, height: int, unicode: bool = True) -> Tiling:
        """With the largest tiles or else miniatures that fit.

        If none do, the last tile but one if the width allows, or the last: the rest is for scrolling.
        """
        for miniature in (False, True):
            if tiling := cls.whole(puzzle, width, height, miniature=miniature, unicode=unicode):
                return tiling
        tilings = [cls.of(puzzle, tile) for tile in puzzle.kind.look.tiles]
        *_, wider, last = (tiling for tiling in tilings if unicode or not tiling.fractional)
        return wider if wider.width <= width else last

    @property
    def fractional(self) -> bool:
        """Whether cells begin within characters."""
        return self.tile[1] % 1 > 0

    @property
    def width(self) -> int:
        return self._columns.length

    @property
    def height(self) -> int:
        return self._rows.length

    def left(self, column: int) -> int:
        """The first character of a column of cells."""
        return int(self._columns.starts[column])

    def top(self, row: int) -> int:
        """The first line of a row of cells."""
        return int(self._rows.starts[row])

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The cell that the character at ``x``, ``y`` belongs to; None for a line between regions and outside."""
        row, column = _holding(self._rows.starts, self.tile[1], y), _holding(self._columns.starts, self.tile[0], x)
        return None if row is None or column is None else (row, column)

    def frame(self) -> np.ndarray:
        """[height, width] int: the openings of the lines between cells, 0 where there is none: see `lines`."""
        return frame(self._regions, self._rows, self._columns, self.ruled)

    def unruled(self) -> np.ndarray:
        """[H, W] bool: the cells above a border of their region that no line shows."""
        under = borders(self._regions)[1][1:]
        under[-1] = False
        return under & (not self.ruled)

    def parted(self) -> np.ndarray:
        """[H, W - 1] bool: where there is a line between neighbours in a row."""
        return borders(self._regions)[0][:, 1:-1]

    def owner(self) -> np.ndarray:
        """[height, width] int: the number (row-major) of the cell at each character, or of the nearest before it."""
        rows, columns = (
            np.maximum(np.searchsorted(places.starts, np.arange(places.length), "right") - 1, 0)
            for places in self._places
        )
        owner: np.ndarray = rows[:, None] * self.shape[1] + columns
        return owner

    @cached_property
    def _regions(self) -> np.ndarray:
        return np.frombuffer(self.regions, np.uint8).reshape(self.shape)

    @cached_property
    def _places(self) -> tuple[Places, Places]:
        return places(self._regions, self.tile, ruled=self.ruled)

    @property
    def _rows(self) -> Places:
        return self._places[0]

    @property
    def _columns(self) -> Places:
        return self._places[1]


def _holding(starts: np.ndarray, length: float, place: int) -> int | None:
    """Which of the pieces of ``length``, which begin at ``starts``, holds a place."""
    index = int(np.searchsorted(starts, place, "right")) - 1
    return index if index >= 0 and place < starts[index] + length else None
