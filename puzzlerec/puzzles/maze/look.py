"""Mazes to look at: walls fill their cells, the path is a line from S to G that glows."""

from __future__ import annotations

from puzzlerec.puzzles.look import Look
from puzzlerec.puzzles.maze.tokens import CHARACTERS, FREE, GOAL, PATH, START, WALL

# Nearly all square: a character is twice as high as it is wide.
MAZE_TILES = ((8, 4), (6, 3), (5, 2.5), (4, 2), (3, 1.5), (2, 1), (1, 1), (1, 0.5))

MAZE_LOOK = Look(
    tuple(CHARACTERS),
    answers=(FREE, PATH),
    names=("?", "wall", "free", "start", "goal", "path"),
    tiles=MAZE_TILES,
    miniatures=((0.5, 0.25),),
    small=(2, 1),
    line=PATH,
    ends=(START, GOAL),
    solid=WALL,
    heat=PATH,
    heat_words="path",
    hints=(" ↓←→↑", " v<>^"),
    one_truth=False,  # there are many shortest paths
)
