"""Jigsaw: nine regions of nine cells, of whatever form, instead of boxes; each question brings its own.

Regions are numbered in the order in which reading meets them, so that a puzzle has one encoding.

The forms:

- *line*: 81 givens, then 81 letters or digits that name the regions, one behind the other or with white space, ``,`` or
  ``;`` between; on two lines too, or as two grids of nine rows.
- *grid*: nine rows of cells with a line between any two regions, and none within one. Which characters draw it does not
  matter, as long as they stand between two cells or below a cell.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.edit import Editing
from puzzlerec.puzzles.look import Look
from puzzlerec.puzzles.sudoku.edit import jigsaw_editing
from puzzlerec.puzzles.sudoku.forms import Cells, require_size
from puzzlerec.puzzles.sudoku.look import jigsaw_look
from puzzlerec.puzzles.sudoku.rules import BLANK, NO_REGION, Sudoku, grid_places

NAMES = "abcdefghi"


class Jigsaw(Sudoku):
    """Sudoku 9x9 with irregular regions."""

    regions = 9

    def _characters(self) -> tuple[str, ...]:
        return tuple(f"{name}{digit}" for name in NAMES for digit in (".", *range(1, self.size + 1)))

    def _readings(self) -> dict[str, int]:
        return dict.fromkeys(".0_", BLANK) | {str(digit): digit + BLANK for digit in range(1, self.size + 1)}

    def _set_units(self) -> None:
        super()._set_units()
        self.unit_names += tuple(f"region {name}" for name in NAMES)

    def _symmetric_places(self) -> np.ndarray:
        """The eight rotations and reflections."""
        order = np.arange(self.size)
        return grid_places([(rows, columns) for rows in (order, order[::-1]) for columns in (order, order[::-1])])

    def units(self, question: np.ndarray) -> np.ndarray:
        region = self._region_of.take(question.reshape(-1))
        if (np.bincount(region, minlength=NO_REGION) != self._wanted).any():
            raise PuzzleError("; ".join(self._misshapen(question.reshape(self.shape))[1]) + ".")
        regions = np.argsort(region, kind="stable").reshape(self.regions, self.size)
        return np.concatenate([self._units, regions])

    def _set_tables(self) -> None:
        super()._set_tables()
        self._wanted = np.zeros(NO_REGION, np.int64)  # cells of each region
        self._wanted[: self.regions] = self.size

    def _in_units(self, questions: np.ndarray, values: np.ndarray) -> np.ndarray:
        units = np.stack([self.units(question) for question in questions])
        inside: np.ndarray = values.reshape(len(values), -1)[np.arange(len(values))[:, None, None], units]
        return inside

    def _misshapen(self, question: np.ndarray) -> tuple[np.ndarray, list[str]]:
        offending, problems = np.zeros(self.shape, bool), []
        region = self._region_of.take(question)
        for number, name in enumerate(NAMES):
            cells = region == number
            if cells.sum() != self.size:
                problems.append(f"region {name} has {cells.sum()} cells instead of {self.size}")
            elif pieces(cells.astype(np.int64))[cells].max() != pieces(cells.astype(np.int64))[cells].min():
                problems.append(f"region {name} is in several pieces")
            else:
                continue
            offending |= cells
        return offending, problems

    def from_array(self, grid: np.ndarray) -> np.ndarray:
        """Tokens: 1 + 10 * region + digit, regions 0 to 8, digit 0 for a blank."""
        return PuzzleKind.from_array(self, grid)

    @cached_property
    def look(self) -> Look:
        return jigsaw_look()

    @cached_property
    def editing(self) -> Editing:
        return jigsaw_editing("Jigsaw Sudoku")

    # ---- text

    def parse(self, text: str) -> np.ndarray:
        rows = self._rows(text)
        lengths = [len(cells) for _, cells in rows]
        if lengths == [self.size] * self.size:
            givens, names = rows, rows[:0]
            labels = pieces(np.zeros(self.shape, np.int64), *_borders(text.split("\n"), rows))
            count = len(np.unique(labels))
            if count != self.regions or (np.bincount(_in_order(labels).flat) != self.size).any():
                message = f"The lines between cells make {count} regions, and not {self.regions} of {self.size} cells."
                raise PuzzleError(f"{message} Give the regions as 81 letters behind the cells, or draw them.")
        else:
            givens, names = self._halves(rows)
            labels = np.array([ord(character) for _, cells in names for _, character in cells]).reshape(self.shape)
        digits = [self._token(*cell, line) - BLANK for line, cells in givens for cell in cells]
        region = _in_order(labels)
        if region.max() >= self.regions:
            raise PuzzleError(f"There are {region.max() + 1} regions; a {self.title} has {self.regions}.")
        grid = (BLANK + region * (self.size + 1) + np.array(digits).reshape(self.shape)).astype(np.uint8)
        if names and (problems := self._misshapen(grid)[1]):
            raise PuzzleError(f"{'; '.join(problems)}.".capitalize(), line=names[0][0], column=names[0][1][0][0])
        return grid

    def recognises(self, text: str) -> bool:
        """Whether regions are named, or drawn and other than boxes, which any Sudoku may have."""
        rows = self._rows(text)
        if len(rows) == 1:
            return len(rows[0][1]) == 2 * self.size * self.size
        try:
            region = self._region_of.take(self.parse(text))
        except PuzzleError:
            return False
        boxes = region.reshape(3, 3, 3, 3)
        return len(rows) != self.size or bool((boxes != boxes[:, :1, :, :1]).any())

    def layout_of(self, text: str) -> str:
        return "line" if len(self._rows(text)) <= 2 else "grid"

    def _halves(self, rows: list[tuple[int, Cells]]) -> tuple[list[tuple[int, Cells]], list[tuple[int, Cells]]]:
        """The rows of the givens and those of the regions' names."""
        area = self.size * self.size
        if len(rows) == 1:
            (line, cells) = rows[0]
            if len(cells) != 2 * area:
                column = cells[2 * area][0] if len(cells) > 2 * area else cells[-1][0] + 1
                message = f"The line has {len(cells)} cells; a {self.title} has {area} givens and the {area} regions."
                raise PuzzleError(message, line=line, column=column)
            return [(line, cells[:area])], [(line, cells[area:])]
        half = len(rows) // 2 if len(rows) in (2, 2 * self.size) else len(rows)
        for part in (rows[:half], rows[half:] or rows):
            require_size(part, self.size, self.title)
        return rows[:half], rows[half:]

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """81 cells and the names of their 81 regions, or a grid with the regions' borders drawn."""
        self._require_shape(grid)
        self._require_layout(layout)
        region = self._region_of.take(grid)
        cells = [[self._character(token)[-1] for token in row] for row in grid.tolist()]
        if layout == "grid":
            return _drawn(cells, region)
        names = [NAMES[number] if number != NO_REGION else "?" for number in region.flat]
        return "".join([*map("".join, cells), *names])


def pieces(labels: np.ndarray, below: np.ndarray | None = None, beside: np.ndarray | None = None) -> np.ndarray:
    """[H, W] int64, the least cell of each piece: cells of one label that hang together.

    Two cells are parted by ``below`` [H - 1, W] bool where a border lies under the upper one, and by ``beside``
    [H, W - 1] where one lies to the right of the left one.
    """
    joined_down, joined_right = labels[1:] == labels[:-1], labels[:, 1:] == labels[:, :-1]
    if below is not None and beside is not None:
        joined_down, joined_right = joined_down & ~below, joined_right & ~beside
    least = np.arange(labels.size).reshape(labels.shape)
    while True:
        before = least.copy()
        for axis, joined in ((0, joined_down), (1, joined_right)):
            first, second = (least[:-1], least[1:]) if axis == 0 else (least[:, :-1], least[:, 1:])
            smaller = np.where(joined, np.minimum(first, second), first)
            second[...] = np.where(joined, smaller, second)
            first[...] = np.where(joined, np.minimum(first, second), first)
        if (least == before).all():
            return least


def _in_order(labels: np.ndarray) -> np.ndarray:
    """``labels`` [H, W] numbered from 0 in the order of their first cells."""
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which].reshape(labels.shape)


def _borders(lines: list[str], rows: list[tuple[int, Cells]]) -> tuple[np.ndarray, np.ndarray]:
    """Where borders are drawn below [8, 9] and beside [9, 8] the cells of nine ``rows`` (their lines from 1)."""
    size = len(rows)
    below, beside = np.zeros((size - 1, size), bool), np.zeros((size, size - 1), bool)
    for row, (number, cells) in enumerate(rows):
        columns = [column for column, _ in cells]
        line = lines[number - 1]
        for place, (left, right) in enumerate(pairwise(columns)):
            beside[row, place] = bool(line[left : right - 1].strip())
        if row < size - 1:
            between = lines[number : rows[row + 1][0] - 1]
            below[row] = [any(rule[column - 1 : column].strip() for rule in between) for column in columns]
    return below, beside


def _drawn(cells: list[list[str]], region: np.ndarray) -> str:
    """Nine rows of cells, four characters wide each, with lines between regions."""
    size = len(cells)
    outside = np.pad(region.astype(np.int64), 1, constant_values=-1)
    below = outside[1:] != outside[:-1]  # [N + 1, N + 2]: a border above row i, columns from one before the grid
    beside = outside[:, 1:] != outside[:, :-1]  # [N + 2, N + 1]: a border left of column j
    lines = []
    for i in range(size + 1):
        rule = ""
        for j in range(size + 1):
            ends = [below[i, j], below[i, j + 1], beside[i, j], beside[i + 1, j]]
            straight = "-" if ends == [True, True, False, False] else "|" if ends == [False, False, True, True] else "+"
            rule += straight if any(ends) else " "
            if j < size:
                rule += "---" if below[i, j + 1] else "   "
        lines.append(rule)
        if i < size:
            bars = ["|" if beside[i + 1, j] else " " for j in range(size + 1)]
            lines.append("".join(f"{bar} {cell} " for bar, cell in zip(bars, cells[i], strict=False)) + bars[-1])
    return "\n".join(lines)
