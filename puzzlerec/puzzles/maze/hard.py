"""Mazes with long shortest paths, in the image of Maze-Hard (30×30, at least 109 moves).

Each cell is a wall with a probability drawn from U(.3, .5) for the maze. Distances from some random starts of the same
map are measured, and one start is drawn with a weight of the number of goals that lie far enough from it; maps are
kept with a chance that grows with the number of their far pairs, so that the pairs come close to a uniform draw among
all far pairs of all maps. The answer is the shortest path that takes the first of down, left, right and up at every
step, as in the published sets.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below, random_bits, uniform
from puzzlerec.puzzles.maze.tokens import FREE, GOAL, START, WALL

WALL_SHARE = (0.3, 0.5)
STARTS = 4  # tried in a map
SURE = 60  # far pairs found in a map that make it certain to be kept


def least_moves(size: int) -> int:
    """The least length of the shortest path: 109 for 30×30, 62 for 20×20, 20 for 9×9; 148 for 45×45, 183 for 60×60.

    Below 30 it falls faster than the side: small maps hardly ever hold paths that are as long in proportion. Above, it
    grows more slowly: the random walls of a large map leave a far goal several ways, and detours become rare.
    """
    return round(109 * float((size / 30) ** (1.4 if size <= 30 else 0.75)))


@njit(cache=True)
def _flood(free: np.ndarray, seen: np.ndarray, front: np.ndarray, next_front: np.ndarray, moves: int) -> int:
    """Goes on with a search, all cells of a row at once, for ``moves`` more moves; returns how many brought new cells.

    ``free``, ``seen`` and ``front`` are bit sets of cells: uint64 [size + 2], a word a row, rows 0 and size + 1 empty.
    """
    one = np.uint64(1)
    for done in range(moves):
        for row in range(1, free.size - 1):
            near = front[row] << one | front[row] >> one | front[row - 1] | front[row + 1]
            next_front[row] = near & free[row] & ~seen[row]
        new = np.uint64(0)
        for row in range(1, free.size - 1):
            front[row] = next_front[row]
            seen[row] |= next_front[row]
            new |= next_front[row]
        if new == 0:
            return done
    return moves


@njit(cache=True)
def _count(cells: np.ndarray) -> int:
    count = 0
    for word in cells:
        while word:
            word &= word - np.uint64(1)
            count += 1
    return count


@njit(cache=True)
def _nth(cells: np.ndarray, n: int, size: int) -> int:
    """Cell number ``n`` of a bit set, row * size + column."""
    for row in range(1, size + 1):
        for column in range(size):
            if cells[row] >> np.uint64(column + 1) & np.uint64(1):
                if n == 0:
                    return (row - 1) * size + column
                n -= 1
    return -1


@njit(cache=True)
def _random_map(free: np.ndarray, size: int, rng: np.ndarray) -> None:
    share = WALL_SHARE[0] + (WALL_SHARE[1] - WALL_SHARE[0]) * uniform(rng)
    limit = np.uint64(share * 65536)
    bits = np.uint64(0)
    for row in range(1, size + 1):
        free[row] = 0
        for column in range(size):
            bits = random_bits(rng) if column % 4 == 0 else bits >> np.uint64(16)
            if bits & np.uint64(0xFFFF) >= limit:
                free[row] |= np.uint64(1) << np.uint64(column + 1)


@njit(cache=True)
def _pair(free: np.ndarray, size: int, least: int, rng: np.ndarray) -> tuple[int, int]:
    """A random start and goal at least ``least`` moves apart, or (-1, -1) for "take another map".

    A cell has no goal farther away than its own distance from the map's centre plus the greatest distance from there:
    this rules out most starts, and most maps, by a single search.
    """
    one = np.uint64(1)
    seen, front, scratch = np.zeros_like(free), np.zeros_like(free), np.zeros_like(free)
    near = np.zeros_like(free)  # cells that cannot be far enough from any goal
    middle = (size + 1) // 2
    if free[middle] >> np.uint64(middle) & one:
        seen[middle] = front[middle] = one << np.uint64(middle)
        radius = _flood(free, seen, front, scratch, free.size * free.size)
        front[:] = 0
        near[middle] = front[middle] = one << np.uint64(middle)
        _flood(free, near, front, scratch, least - radius - 1 if 2 * radius >= least else radius)
    total, start, goal = 0, -1, -1
    for _ in range(STARTS):
        row, column = 1 + below(rng, size), 1 + below(rng, size)
        bit = one << np.uint64(column)
        if not free[row] & bit or near[row] & bit:
            continue
        seen[:] = 0
        front[:] = 0
        seen[row] = front[row] = bit
        if _flood(free, seen, front, scratch, least - 1) < least - 1:
            continue
        before = seen.copy()
        _flood(free, seen, front, scratch, free.size * free.size)
        seen ^= before
        far = _count(seen)
        total += far
        if far and below(rng, total) < far:
            start, goal = (row - 1) * size + column - 1, _nth(seen, below(rng, far), size)
    if below(rng, SURE) >= total:
        start, goal = -1, -1
    return start, goal


@njit(cache=True)
def fill(questions: np.ndarray, least: int, rng: np.ndarray) -> None:
    """Fills ``questions`` (uint8 [n, size, size]) with mazes whose ends are at least ``least`` moves apart."""
    count, size, _ = questions.shape
    free = np.zeros(size + 2, np.uint64)
    for i in range(count):
        start, goal = -1, -1
        while start < 0:
            _random_map(free, size, rng)
            start, goal = _pair(free, size, least, rng)
        for row in range(size):
            for column in range(size):
                passable = free[row + 1] >> np.uint64(column + 1) & np.uint64(1)
                questions[i, row, column] = FREE if passable else WALL
        questions[i, start // size, start % size] = START
        questions[i, goal // size, goal % size] = GOAL
