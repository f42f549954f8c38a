"""The size of an output, as far as a task's demonstrations tell, and how its input lies on a grid of that size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from puzzlerec.puzzles.arc.canvas import SIDE
from puzzlerec.puzzles.arc.tasks import Task

Shape = tuple[int, int]  # rows and columns
NOTHING = 255  # in place of a colour: the cell lies outside the input, or outside the output


@dataclass(frozen=True)
class SizeRule:
    """Either how many times as high and as wide as its input an output is, or the size that all outputs have."""

    ratio: tuple[Fraction, Fraction] | None = None
    constant: Shape | None = None
    tiled: bool = False  # inputs are repeated side by side, not made larger cell by cell, where outputs are multiples

    @property
    def words(self) -> str:
        """What is assumed, as in "outputs are ..."."""
        if self.constant is not None:
            return f"all {self.constant[0]}x{self.constant[1]}"
        assert self.ratio is not None
        rows, columns = self.ratio
        return "as large as their inputs" if rows == columns == 1 else f"{rows} times as high, {columns} times as wide"

    def shape(self, input: Shape) -> Shape | None:
        """The size of the output for an input of this size, None if the rule says none that is possible."""
        if self.constant is not None:
            return self.constant
        assert self.ratio is not None
        rows, columns = (factor * side for factor, side in zip(self.ratio, input, strict=True))
        if rows.denominator > 1 or columns.denominator > 1 or not 0 < rows <= SIDE or not 0 < columns <= SIDE:
            return None
        return int(rows), int(columns)

    def laid_out(self, input: np.ndarray, shape: Shape) -> np.ndarray:
        """``input [H, W]`` on a grid that has room for it and for the output of this ``shape``.

        Where the output is a multiple, the input is made as large; else it stands in the top left corner, with
        `NOTHING` around it. The output is to be in the top left corner.
        """
        if self.ratio is not None and all(factor.denominator == 1 for factor in self.ratio):
            rows, columns = map(int, self.ratio)
            return np.tile(input, (rows, columns)) if self.tiled else np.kron(input, np.ones((rows, columns), np.uint8))
        return cornered(input, (max(input.shape[0], shape[0]), max(input.shape[1], shape[1])))


def shape_of(grid: np.ndarray) -> Shape:
    """The rows and columns of a grid."""
    return grid.shape[0], grid.shape[1]


def cornered(grid: np.ndarray, shape: Shape) -> np.ndarray:
    """``grid`` in the top left corner of one of this ``shape``, `NOTHING` around it."""
    rows, columns = grid.shape
    return np.pad(grid, ((0, shape[0] - rows), (0, shape[1] - columns)), constant_values=NOTHING)


def size_rule(task: Task) -> SizeRule | None:
    """The rule that holds for all demonstrations, None if none is known that does.

    Of several the first that knows a size for every test: a ratio, then a constant size.
    """
    shapes = [(shape_of(pair.input), shape_of(pair.known)) for pair in task.demonstrations]
    ratios = {(Fraction(after[0], before[0]), Fraction(after[1], before[1])) for before, after in shapes}
    outputs = {after for _, after in shapes}
    rules = []
    if len(ratios) == 1:
        enlarging = [SizeRule(ratio=next(iter(ratios)), tiled=tiled) for tiled in (False, True)]
        rules.append(max(enlarging, key=lambda rule: _agreement(rule, task)))  # the first of two that are as good
    if len(outputs) == 1:
        rules.append(SizeRule(constant=outputs.pop()))
    inputs = [shape_of(pair.input) for pair in task.tests]
    return max(rules, key=lambda rule: all(rule.shape(input) for input in inputs), default=None)


def _agreement(rule: SizeRule, task: Task) -> int:
    """In how many cells the demonstrations' inputs, laid out, are like their outputs."""
    total = 0
    for pair in task.demonstrations:
        rows, columns = shape_of(pair.known)
        total += int((rule.laid_out(pair.input, (rows, columns))[:rows, :columns] == pair.known).sum())
    return total
