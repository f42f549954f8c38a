"""Mazes with long shortest paths, in the image of Maze-Hard (30×30, at least 109 moves).

Each cell is a wall with a probability drawn from U(.3, .5) for the maze. Distances from some random starts of the same
map are measured, and one start is drawn with a weight of the number of goals that lie far enough from it; maps are
kept with a chance that grows with the number of their far pairs, so that the pairs come close to a uniform draw among
all far pairs of all maps. The answer is the shortest path that takes the first of down, left, right and up at every
step, as in the published sets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from puzzlerec.data.generator import Chunk, Generator
from puzzlerec.data.kernels import below, mix, uniform
from puzzlerec.data.store import DatasetError
from puzzlerec.puzzles.maze import FREE, GOAL, PATH, START, WALL

CHUNK = 32
WALL_SHARE = (0.3, 0.5)
STARTS = 8  # tried in a map
SURE = 400  # far pairs found in a map that make it certain to be kept


class MazeHard(Generator):
    """Square mazes. ``moves`` is the least length of the shortest path, 0 for one as hard to meet as 109 is on 30×30."""

    puzzle = "maze"
    version = "maze-hard 1"
    settings = {"moves": 0}  # noqa: RUF012  # Mapping, never changed

    def __init__(self, size: int) -> None:
        if not 4 <= size <= 100:
            raise DatasetError(f"Mazes are generated in sizes from 4 to 100, not {size}.")
        super().__init__(size)

    def check(self, settings: dict[str, Any]) -> None:
        most = self.size * self.size // 4
        if not 0 <= settings["moves"] <= most:
            raise DatasetError(f"Paths of {settings['moves']} moves are too rare here; ask for {most} or fewer.")

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        questions = np.empty((CHUNK, self.size * self.size), np.uint8)
        answers = np.empty_like(questions)
        keys = np.empty(CHUNK, np.uint64)
        fill(questions, answers, keys, self.size, settings["moves"] or least_moves(self.size), rng)
        return Chunk(questions, answers, keys, keys)


def least_moves(size: int) -> int:
    """The least length of the shortest path: 109 for 30×30, others in proportion."""
    return round(109 * size / 30)


@njit(cache=True)
def distances(free: np.ndarray, stride: int, source: int, moves: np.ndarray, queue: np.ndarray) -> int:
    """Breadth-first search. ``free`` bool [(H + 2) * stride], stride = W + 2, with a border that is not free.

    ``moves`` int64 receives the moves from ``source``, -1 where there is no way. Returns how many cells were reached;
    they stand in ``queue``, nearest first.
    """
    moves[:] = -1
    moves[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        cell = queue[head]
        head += 1
        for step in (stride, -1, 1, -stride):
            near = cell + step
            if free[near] and moves[near] < 0:
                moves[near] = moves[cell] + 1
                queue[tail] = near
                tail += 1
    return tail


@njit(cache=True)
def _pair(size: int, least: int, free: np.ndarray, moves: np.ndarray, queue: np.ndarray, rng: np.ndarray) -> int:
    """A random start and goal at least ``least`` moves apart, start * free.size + goal; -1 for "take another map".

    No cell has a goal farther away than its own distance from the map's centre plus the greatest such distance: this
    rules out most starts, and most maps, by a single search.
    """
    stride = size + 2
    centre = (size + 1) // 2 * (stride + 1)
    reach = np.full(free.size, 2 * free.size)  # an upper bound on the distance of a cell's farthest goal
    if free[centre]:
        reached = distances(free, stride, centre, moves, queue)
        for i in range(reached):
            reach[queue[i]] = moves[queue[i]] + moves[queue[reached - 1]]
    total, start, goal = 0, 0, 0
    for _ in range(STARTS):
        source = (1 + below(rng, size)) * stride + 1 + below(rng, size)
        if not free[source] or reach[source] < least:
            continue
        reached = distances(free, stride, source, moves, queue)
        farthest = moves[queue[reached - 1]]
        for i in range(reached):
            reach[queue[i]] = min(reach[queue[i]], moves[queue[i]] + farthest)
        far = 0
        while far < reached and moves[queue[reached - 1 - far]] >= least:
            far += 1
        total += far
        if far and below(rng, total) < far:
            start, goal = source, queue[reached - 1 - below(rng, far)]
    return start * free.size + goal if below(rng, SURE) < total else -1


@njit(cache=True)
def fill(
    questions: np.ndarray, answers: np.ndarray, keys: np.ndarray, size: int, least: int, rng: np.ndarray
) -> None:
    """Fills ``questions`` and ``answers`` (uint8 [n, size * size] tokens) and ``keys``: hashes of the walls.

    Rotations and reflections of the walls share a key.
    """
    stride = size + 2
    free = np.zeros(stride * stride, np.bool_)
    moves = np.empty(stride * stride, np.int64)
    queue = np.empty(stride * stride, np.int64)
    for i in range(questions.shape[0]):
        pair = -1
        while pair < 0:
            share = WALL_SHARE[0] + (WALL_SHARE[1] - WALL_SHARE[0]) * uniform(rng)
            for row in range(1, size + 1):
                for column in range(1, size + 1):
                    free[row * stride + column] = uniform(rng) >= share
            pair = _pair(size, least, free, moves, queue, rng)
        start, goal = pair // free.size, pair % free.size
        for cell in range(size * size):
            inside = (cell // size + 1) * stride + cell % size + 1
            questions[i, cell] = START if inside == start else GOAL if inside == goal else FREE if free[inside] else WALL
        answers[i] = questions[i]
        distances(free, stride, goal, moves, queue)
        cell = start
        while True:
            for step in (stride, -1, 1, -stride):
                if moves[cell + step] == moves[cell] - 1:
                    cell += step
                    break
            if cell == goal:
                break
            answers[i, (cell // stride - 1) * size + cell % stride - 1] = PATH
        keys[i] = _walls_hash(questions[i], size)


@njit(cache=True)
def _walls_hash(question: np.ndarray, size: int) -> np.uint64:
    """The least of the hashes of the walls' eight rotations and reflections."""
    least = np.uint64(0xFFFFFFFFFFFFFFFF)
    for symmetry in range(8):
        key = np.uint64(0)
        for row in range(size):
            for column in range(size):
                r = size - 1 - row if symmetry & 1 else row
                c = size - 1 - column if symmetry & 2 else column
                wall = question[c * size + r if symmetry & 4 else r * size + c] == WALL
                key = key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1 + wall)
        key = mix(key, 0)
        least = min(least, key)
    return least
