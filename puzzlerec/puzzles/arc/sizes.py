"""The size of an output, as far as a task's demonstrations tell, and how its input lies on a grid of that size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from puzzlerec.puzzles.arc.canvas import COLOURS, SIDE
from puzzlerec.puzzles.arc.tasks import Task

Shape = tuple[int, int]  # rows and columns
NOTHING = 255  # in place of a colour: the cell lies outside the input, or outside the output
BLACK = 0


class Layout(NamedTuple):
    """An input on a grid that has room for it and for its output."""

    grid: np.ndarray  # [H, W] uint8 colours, `NOTHING` outside the input
    size: Shape  # of the output, which is to be in the top left corner


class SizeRule(ABC):
    """How large outputs are, and where what they are made of may be found in their inputs."""

    words: str  # what is assumed, as in "outputs are ..."

    @abstractmethod
    def size(self, input: np.ndarray) -> Shape | None:
        """Of the output for ``input [H, W]``, None if the rule says none that is possible."""

    def placed(self, input: np.ndarray) -> np.ndarray:
        """The input, of which a part or all begins in the top left corner: there its output is most like it."""
        return input

    def trimmed(self, output: np.ndarray) -> np.ndarray | None:
        """What is an output in ``output``, which has its `size`; None if it is none."""
        return output

    def laid_out(self, input: np.ndarray) -> Layout | None:
        """The input beside its output; None if there is no size."""
        size = self.size(input)
        if size is None or not (0 < size[0] <= SIDE and 0 < size[1] <= SIDE):
            return None
        placed = self.placed(input)
        return Layout(cornered(placed, (max(placed.shape[0], size[0]), max(placed.shape[1], size[1]))), size)


@dataclass(frozen=True)
class Ratio(SizeRule):
    """So many times as high and as wide as the input; a multiple begins as the input made as large."""

    rows: Fraction
    columns: Fraction
    tiled: bool = False  # repeated side by side, not made larger cell by cell

    @property
    def words(self) -> str:  # type: ignore[override]
        if self.rows == self.columns == 1:
            return "as large as their inputs"
        return f"{self.rows} times as high, {self.columns} times as wide"

    def size(self, input: np.ndarray) -> Shape | None:
        rows, columns = self.rows * input.shape[0], self.columns * input.shape[1]
        return (int(rows), int(columns)) if rows.denominator == columns.denominator == 1 else None

    def placed(self, input: np.ndarray) -> np.ndarray:
        if self.rows.denominator > 1 or self.columns.denominator > 1:
            return input
        rows, columns = int(self.rows), int(self.columns)
        return np.tile(input, (rows, columns)) if self.tiled else np.kron(input, np.ones((rows, columns), np.uint8))


@dataclass(frozen=True)
class Constant(SizeRule):
    """The same for all."""

    shape: Shape

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"all {self.shape[0]}x{self.shape[1]}"

    def size(self, input: np.ndarray) -> Shape:
        return self.shape


@dataclass(frozen=True)
class Added(SizeRule):
    """So many rows and columns more than the input, or fewer."""

    rows: int
    columns: int

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"{self.rows:+d} rows high and {self.columns:+d} columns wide beside their inputs"

    def size(self, input: np.ndarray) -> Shape:
        return input.shape[0] + self.rows, input.shape[1] + self.columns


@dataclass(frozen=True)
class TimesColours(SizeRule):
    """As many times as large as there are colours in the input, but for black."""

    words: str = "as many times as large as their inputs have colours"

    def size(self, input: np.ndarray) -> Shape:
        count = len(_colours(input))
        return count * input.shape[0], count * input.shape[1]

    def placed(self, input: np.ndarray) -> np.ndarray:
        count = len(_colours(input))
        return np.kron(input, np.ones((count, count), np.uint8))


@dataclass(frozen=True)
class Framed(SizeRule):
    """As large as a part of the input: the smallest rectangle around cells that are chosen, or what lies within it."""

    words: str
    chosen: Callable[[np.ndarray], np.ndarray | None]  # [H, W] bool of an input, None where there are none
    inside: bool = False  # without the outermost rows and columns
    whole: bool = True  # whether the rest of the input is kept, behind the part

    def part(self, input: np.ndarray) -> tuple[slice, slice] | None:
        mask = self.chosen(input)
        if mask is None or not mask.any():
            return None
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        edge = int(self.inside)
        return slice(rows[0] + edge, rows[-1] + 1 - edge), slice(columns[0] + edge, columns[-1] + 1 - edge)

    def size(self, input: np.ndarray) -> Shape | None:
        part = self.part(input)
        return None if part is None else (part[0].stop - part[0].start, part[1].stop - part[1].start)

    def placed(self, input: np.ndarray) -> np.ndarray:
        part = self.part(input)
        assert part is not None
        return np.roll(input, (-part[0].start, -part[1].start), (0, 1)) if self.whole else input[part]


@dataclass(frozen=True)
class Learned(SizeRule):
    """Not known: an output may have any size up to ``most``, or its input's. What lies outside has a colour of its own.

    That colour, `NOTHING`, is learned as any other, and so is where an output ends.
    """

    most: Shape
    words: str = "as large as the network has learned to make them"

    def size(self, input: np.ndarray) -> Shape:
        return max(self.most[0], input.shape[0]), max(self.most[1], input.shape[1])

    def trimmed(self, output: np.ndarray) -> np.ndarray | None:
        real = output != NOTHING
        rows, columns = int(real.any(1).sum()), int(real.any(0).sum())
        whole = rows > 0 and real[:rows, :columns].all() and real.sum() == rows * columns
        return output[:rows, :columns] if whole else None


def shape_of(grid: np.ndarray) -> Shape:
    """The rows and columns of a grid."""
    return grid.shape[0], grid.shape[1]


def cornered(grid: np.ndarray, shape: Shape) -> np.ndarray:
    """``grid`` in the top left corner of one of this ``shape``, `NOTHING` around it."""
    rows, columns = grid.shape
    return np.pad(grid, ((0, shape[0] - rows), (0, shape[1] - columns)), constant_values=NOTHING)


def size_rule(task: Task) -> SizeRule:
    """The rule that holds for all demonstrations; if none is known that does, sizes are to be learned.

    Of several, those that know a size for every test come first; then those under which inputs, as they are laid out,
    are most like outputs; then those that are tried first. Where outputs are as large as inputs, nothing else is tried.
    """
    found = []
    for rule in _rules(task):
        likeness = _likeness(rule, task)
        if likeness is None:
            continue
        if isinstance(rule, Framed) and likeness == 1:
            rule = Framed(rule.words, rule.chosen, rule.inside, whole=False)
        found.append((all(rule.laid_out(pair.input) for pair in task.tests), likeness, rule))
        if isinstance(rule, Ratio) and rule.rows == rule.columns == 1:
            break
    if found:
        best: SizeRule = max(found, key=lambda one: one[:2])[2]
        if not task.tests or any(best.laid_out(pair.input) for pair in task.tests):
            return best
    rows, columns = np.max([pair.known.shape for pair in task.demonstrations], axis=0)
    return Learned((int(rows), int(columns)))


def _rules(task: Task) -> Iterator[SizeRule]:
    """Those that may hold, the plainest first."""
    pair = task.demonstrations[0]
    (rows, columns), (high, wide) = shape_of(pair.input), shape_of(pair.known)
    for tiled in (False, True):
        yield Ratio(Fraction(high, rows), Fraction(wide, columns), tiled)
    yield Constant((high, wide))
    for inside, (words, chosen) in product((False, True), _choices()):
        yield Framed(f"as large as the {'inside of the ' * inside}rectangle around {words}", chosen, inside)
    yield TimesColours()
    yield Added(high - rows, wide - columns)


def _likeness(rule: SizeRule, task: Task) -> float | None:
    """The share of the outputs' cells that are like the inputs, laid out; None if the rule does not hold."""
    same = cells = 0
    for pair in task.demonstrations:
        layout = rule.laid_out(pair.input)
        if layout is None or layout.size != pair.known.shape:
            return None
        same += int((layout.grid[: layout.size[0], : layout.size[1]] == pair.known).sum())
        cells += pair.known.size
    return same / cells


# ---- cells that are chosen


def _choices() -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray | None]]]:
    yield "all that is not black", lambda grid: grid != BLACK
    yield "all that has not the most frequent colour", lambda grid: grid != np.bincount(grid.ravel()).argmax()
    yield "the rarest colour", partial(_by_frequency, rank=0)
    yield "the most frequent colour but black", partial(_by_frequency, rank=-1)
    for colour in range(COLOURS):
        yield f"colour {colour}", partial(np.equal, colour)
    for one, diagonal in product((True, False), (False, True)):
        kind = f"object{' of one colour' * one}{', joined at corners too,' * diagonal}"
        yield f"the largest {kind}", partial(_object, one=one, diagonal=diagonal, size=np.sum)
        yield f"the smallest {kind}", partial(_object, one=one, diagonal=diagonal, size=lambda mask: -mask.sum())


def _colours(grid: np.ndarray) -> np.ndarray:
    """Those that occur, but for black."""
    return np.unique(grid[grid != BLACK])


def _by_frequency(grid: np.ndarray, rank: int) -> np.ndarray | None:
    """The cells of the colour of this rank, the rarest first, black left out."""
    colours = sorted(_colours(grid), key=lambda colour: int((grid == colour).sum()))
    return grid == colours[rank] if colours else None


def _object(
    grid: np.ndarray, one: bool, diagonal: bool, size: Callable[[np.ndarray], np.ndarray | int]
) -> np.ndarray | None:
    """The cells of the object that is largest by ``size``: joined cells that are not black, or are of one colour."""
    masks = [grid == colour for colour in _colours(grid)] if one else [grid != BLACK]
    objects = [found for mask in masks for found in _joined(mask, diagonal)]
    return max(objects, key=size, default=None)


def _joined(mask: np.ndarray, diagonal: bool) -> Iterator[np.ndarray]:
    """The connected parts of the cells in a mask."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    steps = [step for step in product((-1, 0, 1), repeat=2) if any(step) and (diagonal or not all(step))]
    while left:
        part, border = np.zeros_like(mask), [left.pop()]
        while border:
            row, column = border.pop()
            part[row, column] = True
            near = {(row + down, column + right) for down, right in steps} & left
            left -= near
            border += near
        yield part
