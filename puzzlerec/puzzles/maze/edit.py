"""Mazes typed: walls that shift and the arrow keys draw, one S and one G."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.edit import Editing, Key
from puzzlerec.puzzles.maze.tokens import FREE, GOAL, LARGEST, SMALLEST, START, WALL


class MazeEditing(Editing):
    """As every puzzle, but a new maze has its two ends."""

    def empty(self, shape: tuple[int, int]) -> np.ndarray:
        """S and G in opposite corners."""
        question = super().empty(shape)
        question[0, 0], question[-1, -1] = START, GOAL
        return question


MAZE_EDITING = MazeEditing(
    name="Maze",
    keys=(
        Key((" ", "#", "w"), "Wall or free", WALL, other=FREE),
        Key(("s",), "Start", START, alone=True),
        Key(("g",), "Goal", GOAL, alone=True),
    ),
    fill=FREE,
    shape=(9, 9),
    layout="grid",
    sizes=(SMALLEST, LARGEST),
    sound="the shortest path has {shortest} moves",
    draws="Draw on",
    drawn=(WALL,),
)
