"""Paths of many mazes at once: the search of `paths`, compiled by Numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.maze import paths
from puzzlerec.puzzles.maze.tokens import GOAL, PATH, START, WALL

spread = njit(cache=True)(paths.spread)
first_move = njit(cache=True)(paths.first_move)
UNSEEN, BLOCKED = paths.UNSEEN, paths.BLOCKED


@njit(cache=True)
def moves_to_goal(cells: np.ndarray) -> np.ndarray:
    """Moves to the goal from each cell of a maze [H, W], with the border of `paths`: int64 [(H + 2) * (W + 2)]."""
    height, width = cells.shape
    stride = width + 2
    moves = np.full((height + 2) * stride, BLOCKED)
    goal = 0
    for row in range(height):
        for column in range(width):
            here = (row + 1) * stride + column + 1
            if cells[row, column] > WALL:  # neither wall nor padding
                moves[here] = UNSEEN
            if cells[row, column] == GOAL:
                goal = here
    spread(moves, np.empty(height * width, np.int64), goal, stride)
    return moves


@njit(cache=True)
def mark_path(maze: np.ndarray) -> None:
    """Marks the answer in ``maze`` uint8 [H, W], which has a path: the published choice among the shortest ones."""
    height, width = maze.shape
    stride = width + 2
    moves = moves_to_goal(maze)
    cell = 0
    for row in range(height):
        for column in range(width):
            if maze[row, column] == START:
                cell = (row + 1) * stride + column + 1
    while moves[cell] > 1:
        move = first_move(moves, cell, stride)
        cell += stride if move == 0 else -1 if move == 1 else 1 if move == 2 else -stride
        maze[cell // stride - 1, cell % stride - 1] = PATH


@njit(cache=True)
def mark_paths(mazes: np.ndarray) -> np.ndarray:
    """Marks the answer in each of ``mazes`` uint8 [N, H, W], in place, and returns them."""
    for maze in mazes:
        mark_path(maze)
    return mazes


@njit(cache=True)
def first_moves(questions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From each cell of mazes [N, H, W] the first move to the goal, by the answers' rule, and how far the goal is.

    Returns uint8 [N, H * W], 1 down, 2 left, 3 right, 4 up, 0 at the goal, in walls and where the goal cannot be
    reached; and int16 [N, H * W], the number of moves to the goal, 0 where there is no first move.
    """
    count, height, width = questions.shape
    stride = width + 2
    found = np.zeros((count, height * width), np.uint8)
    away = np.zeros((count, height * width), np.int16)
    for i in range(count):
        moves = moves_to_goal(questions[i])
        for cell in range(height * width):
            here = (cell // width + 1) * stride + cell % width + 1
            if moves[here] > 0:
                away[i, cell] = moves[here]
                found[i, cell] = first_move(moves, here, stride) + 1
    return found, away


def timetable(labels: np.ndarray, away: np.ndarray) -> np.ndarray:
    """How long it takes to find out: of each cell the moves after which its hint and its label can be known.

    News of the goal spreads from it a cell a move, and once it has come to the start the path grows from there, a
    cell a move. ``labels`` and ``away`` (`first_moves`) are [N, L]; int16 [N, 2, L], hints and labels.
    """
    whole = np.take_along_axis(away, (labels == START).argmax(1)[:, None], 1).astype(np.int32)
    back = np.minimum(2 * whole - away, np.iinfo(np.int16).max)
    return np.stack((away, np.where(labels == PATH, back, 0).astype(np.int16)), axis=1)
