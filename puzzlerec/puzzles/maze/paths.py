"""The search that all of mazes rests on, written once: plain Python that Numba compiles as well (see `kernels`).

A maze is here a flat sequence with one cell of border around it: cell (r, c) of a maze with W columns stands at
``(r + 1) * stride + c + 1``, with ``stride = W + 2``. Sequences are lists in Python and arrays in compiled code.
"""

from __future__ import annotations

import numpy as np

Cells = list[int] | np.ndarray  # one number a cell

UNSEEN, BLOCKED = -1, -2  # moves of cells that the search has not reached, and of walls and the border


def spread(moves: Cells, queue: Cells, goal: int, stride: int) -> int:
    """Fills ``moves`` with each cell's distance from the goal; cells that cannot reach it stay `UNSEEN`.

    ``moves`` is `UNSEEN` where one may go and `BLOCKED` elsewhere; ``queue`` has room for every free cell, and begins
    with those that were reached, nearest first. Returns their number.
    """
    queue[0] = goal
    moves[goal] = 0
    head, tail = 0, 1
    while head < tail:
        cell = queue[head]
        head += 1
        further = moves[cell] + 1
        for step in (stride, -1, 1, -stride):
            if moves[cell + step] == UNSEEN:
                moves[cell + step] = further
                queue[tail] = cell + step
                tail += 1
    return tail


def first_move(moves: Cells, cell: int, stride: int) -> int:
    """The answers' rule: of the moves down, left, right and up (0 to 3) the first that leads nearer to the goal.

    -1 at the goal and where it cannot be reached.
    """
    if moves[cell] > 0:
        if moves[cell + stride] == moves[cell] - 1:
            return 0
        if moves[cell - 1] == moves[cell] - 1:
            return 1
        if moves[cell + 1] == moves[cell] - 1:
            return 2
        return 3
    return -1


def follow(moves: Cells, start: int, stride: int, path: Cells) -> int:
    """Fills ``path`` with the cells between start and goal on the shortest path that `first_move` takes; their number.

    The goal must be reachable from the start.
    """
    cell, count = start, 0
    while moves[cell] > 1:
        move = first_move(moves, cell, stride)
        cell += stride if move == 0 else -1 if move == 1 else 1 if move == 2 else -stride
        path[count] = cell
        count += 1
    return count
