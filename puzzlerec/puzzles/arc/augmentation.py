"""Copies of ARC tasks: rotated, reflected and recoloured, with the names that the reference code gives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from puzzlerec.puzzles.arc.canvas import COLOURS
from puzzlerec.puzzles.base import PuzzleError

SEPARATOR = "|||"  # between a task's id and the name of an augmentation
DIHEDRAL: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda grid: grid,
    lambda grid: np.rot90(grid),
    lambda grid: np.rot90(grid, 2),
    lambda grid: np.rot90(grid, 3),
    np.fliplr,
    np.flipud,
    np.transpose,
    lambda grid: np.rot90(grid, 2).T,
)  # the rotations and reflections, numbered as the reference code of HRM and TRM does
DIHEDRAL_INVERSE = (0, 3, 2, 1, 4, 5, 6, 7)

_IDENTITY = tuple(range(COLOURS))
_AUGMENTATION = re.compile(r"t([0-7])" + re.escape(SEPARATOR) + r"(0[1-9]{9})")


@dataclass(frozen=True)
class Augmentation:
    """A rotation or reflection, and a renaming of colours that leaves 0 alone: what was right stays right.

    It holds for all grids of a task together. Colours are renamed first: ``copy = DIHEDRAL[dihedral](colours[grid])``.
    """

    dihedral: int = 0  # index into `DIHEDRAL`
    colours: tuple[int, ...] = _IDENTITY  # the new colour of each old one

    def apply(self, grid: np.ndarray) -> np.ndarray:
        """The copy, ``[H, W]`` or ``[W, H]``, of ``grid [H, W]``."""
        return DIHEDRAL[self.dihedral](np.array(self.colours, np.uint8)[grid]).copy()

    def undo(self, copy: np.ndarray) -> np.ndarray:
        """The grid that ``copy`` was made of."""
        old = np.argsort(self.colours).astype(np.uint8)
        return old[DIHEDRAL[DIHEDRAL_INVERSE[self.dihedral]](copy)]

    def identifier(self, task: str) -> str:
        """The name of this copy of the task with the id ``task``, such as ``007bbfb7|||t3|||0213456789``.

        The task's id alone where nothing is changed. The reference code of HRM and TRM has the same names.
        """
        if self == Augmentation():
            return task
        return SEPARATOR.join((task, f"t{self.dihedral}", "".join(map(str, self.colours))))

    @classmethod
    def parse(cls, identifier: str) -> tuple[str, Augmentation]:
        """The task's id and the augmentation that ``identifier`` names. Raises `PuzzleError`."""
        task, separator, name = identifier.partition(SEPARATOR)
        if not separator:
            return task, cls()
        match = _AUGMENTATION.fullmatch(name)
        if not match or len(set(match[2])) != COLOURS:
            raise PuzzleError(f"{identifier!r} names no copy of a task, such as 007bbfb7|||t3|||0213456789.")
        return task, cls(int(match[1]), tuple(map(int, match[2])))
