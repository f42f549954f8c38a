"""Mazes to look at: walls fill their cells, the path is a line from S to G that glows."""

from __future__ import annotations

from puzzlerec.puzzles.look import Look
from puzzlerec.puzzles.maze.tokens import CHARACTERS, FREE, GOAL, PATH, START, WALL

MAZE_LOOK = Look(
    tuple(CHARACTERS),
    answers=(FREE, PATH),
    names=("?", "wall", "free", "start", "goal", "path"),
    small=(2, 1),
    line=PATH,
    ends=(START, GOAL),
    solid=WALL,
    heat=PATH,
    heat_words="path",
    hints=(" ↓←→↑", " v<>^"),
    one_truth=False,  # there are many shortest paths
)
