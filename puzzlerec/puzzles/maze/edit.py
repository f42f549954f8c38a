"""Mazes typed: walls that shift and the arrow keys draw, one S and one G."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.edit import Editing, Key


class MazeEditing(Editing):
    """As every puzzle, but a maze must have its two ends."""

    def empty(self, shape: tuple[int, int]) -> np.ndarray:
        """S and G in opposite corners."""
        question = super().empty(shape)
        question[0, 0], question[-1, -1] = (key.token for key in self.keys if key.alone)
        return question


def maze_editing(wall: int, free: int, start: int, goal: int, sizes: tuple[int, int]) -> Editing:
    """Of mazes with these tokens, and so many rows and columns at least and at most."""
    return MazeEditing(
        name="Maze",
        keys=(
            Key((" ", "#", "w"), "Wall or free", wall, other=free),
            Key(("s",), "Start", start, alone=True),
            Key(("g",), "Goal", goal, alone=True),
        ),
        fill=free,
        shape=(9, 9),
        layout="grid",
        sizes=sizes,
        sound="the shortest path has {shortest} moves",
        draws="Draw on",
        drawn=(wall,),
    )
