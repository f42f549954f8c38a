"""Mazes of many kinds and any shape, each with the shortest path that the published sets choose.

Kinds: ``hard``, in the image of Maze-Hard (see `hard`), and those of `walls`, where S and G are drawn among all pairs
of cells that are joined with one another.

``mixed`` is what a small network learns all of them from: a fifth are depth-first mazes, the rest random. Random walls
of 0 to 50% show every neighbourhood that a cell can have, from open space to dead ends, with many paths and few;
depth-first mazes add what they lack, paths that are long for their size. What is left, how far to go, is the number of
steps, which a network that passes local news on need not learn.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
from numba import njit

from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator
from puzzlerec.puzzles.kernels import below, mix
from puzzlerec.puzzles.maze import hard, walls
from puzzlerec.puzzles.maze.kernels import BLOCKED, UNSEEN, mark_paths, spread
from puzzlerec.puzzles.maze.tokens import FREE, GOAL, LARGEST, START, WALL

CHUNK = 32
SMALLEST_SIDE = 5
HARD, MIXED = "hard", "mixed"
KINDS = (HARD, *walls.ALGORITHMS, MIXED)
STARTS = 8  # tried in a maze
MAZES = 500  # tried for a pair that is far enough
ALIKE = ("open", "spiral")  # of few walls, or much the same: with other ends they count as other mazes


class Mazes(Generator):
    """Settings: ``kind``; ``moves``, the least length of the shortest path; ``border``, 1 for walls all round, or 0.

    Without ``moves`` (0) hard mazes have `hard.least_moves`, others any. Without ``border`` (-1) there is none in
    hard, random and open mazes, and one in others.
    """

    version = "mazes 1"
    settings = {"kind": HARD, "moves": 0, "border": -1}  # noqa: RUF012  # Mapping, never changed

    def signature(self, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Hard mazes are as they were before there were others."""
        if settings["kind"] == HARD:
            return "maze-hard 1", {"moves": settings["moves"]}
        return super().signature(settings)

    def check(self, settings: dict[str, Any]) -> None:
        (height, width), kind, moves = self.shape, settings["kind"], settings["moves"]
        if kind not in KINDS:
            nearest = get_close_matches(kind, KINDS, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise DatasetError(f"There are no mazes of the kind {kind!r}; there are {', '.join(KINDS)}.{hint}")
        if kind == HARD:
            _check_hard(height, width, settings["border"])
        elif not SMALLEST_SIDE <= min(height, width) <= max(height, width) <= LARGEST:
            raise DatasetError(f"Mazes have sides of {SMALLEST_SIDE} to {LARGEST} here, not {height}x{width}.")
        if settings["border"] not in (-1, 0, 1):
            raise DatasetError(f"border is 1 or 0, or -1 for what is usual, not {settings['border']}.")
        most = height * width // (4 if kind == HARD else 2)
        if not 0 <= moves <= most:
            raise DatasetError(f"Paths of {moves} moves are too rare here; ask for {most} or fewer.")

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        kind, least = settings["kind"], settings["moves"]
        questions = np.empty((CHUNK, *self.shape), np.uint8)
        if kind == HARD:
            hard.fill(questions, least or hard.least_moves(self.shape[0]), rng)
            keys = classes = hashes(questions, False)
        else:
            for maze in questions:
                self._fill(maze, _drawn(rng) if kind == MIXED else kind, settings["border"], max(1, least), rng)
            keys = hashes(questions, True)
            classes = keys if kind in ALIKE else hashes(questions, False)
        answers = mark_paths(questions.copy())
        return Chunk(questions.reshape(CHUNK, -1), answers.reshape(CHUNK, -1), keys, classes)

    def _fill(self, maze: np.ndarray, kind: str, border: int, least: int, rng: np.ndarray) -> None:
        """A maze of the kind; `DatasetError` if none has a pair of cells that far apart."""
        lay = walls.ALGORITHMS[kind]
        border = int(kind not in walls.BORDERLESS) if border < 0 else border
        for _ in range(MAZES):
            lay(maze, border, rng)
            if place_ends(maze, least, rng):
                return
        height, width = self.shape
        raise DatasetError(
            f"Of {MAZES} {kind} mazes of {height}x{width} none has a path of {least} moves that was found; "
            "ask for fewer moves."
        )


def _check_hard(height: int, width: int, border: int) -> None:
    others = "with kind=random and others any shape is possible"
    if height != width:
        raise DatasetError(f"Hard mazes are generated square, not {height}x{width}; {others}.")
    if not 4 <= height <= 62:
        raise DatasetError(f"Hard mazes are generated in sizes from 4 to 62, not {height}; {others}.")
    if border != -1:
        raise DatasetError("border does not apply to hard mazes: their walls are random everywhere.")


def _drawn(rng: np.ndarray) -> str:
    """The kind of one of the mazes that are mixed."""
    return "random" if below(rng, 5) else "depth-first"


@njit(cache=True)
def place_ends(maze: np.ndarray, least: int, rng: np.ndarray) -> bool:
    """Puts S and G into ``maze`` [H, W], at least ``least`` moves apart; False if none of some starts has such a goal.

    With ``least`` 1 every ordered pair of cells that are joined is equally likely.
    """
    height, width = maze.shape
    stride = width + 2
    moves = np.full((height + 2) * stride, BLOCKED)
    inner = moves.reshape(height + 2, stride)[1:-1, 1:-1]
    for row in range(height):
        for column in range(width):
            if maze[row, column] == FREE:
                inner[row, column] = UNSEEN
    queue = np.empty(height * width, np.int64)
    joined = np.zeros(moves.size, np.int64)  # with how many others each cell is
    pairs = 0
    for cell in range(moves.size):
        if moves[cell] == UNSEEN:
            reached = spread(moves, queue, cell, stride)
            joined[queue[:reached]] = reached - 1
            pairs += reached * (reached - 1)
    for _ in range(STARTS if pairs else 0):
        start, pair = 0, below(rng, pairs)
        while pair >= joined[start]:
            pair -= joined[start]
            start += 1
        for cell in range(moves.size):
            if moves[cell] != BLOCKED:
                moves[cell] = UNSEEN
        reached = spread(moves, queue, start, stride)
        near = 0
        while near < reached and moves[queue[near]] < least:
            near += 1
        if near < reached:
            goal = queue[near + below(rng, reached - near)]
            maze[start // stride - 1, start % stride - 1] = START
            maze[goal // stride - 1, goal % stride - 1] = GOAL
            return True
    return False


@njit(cache=True)
def hashes(mazes: np.ndarray, ends: bool) -> np.ndarray:
    """uint64 [N]: a hash of each of ``mazes`` [N, H, W], of the walls alone or of the ``ends`` as well.

    Rotations and reflections that keep the shape share one: it is the least of their hashes.
    """
    count, height, width = mazes.shape
    found = np.full(count, 0xFFFFFFFFFFFFFFFF, np.uint64)
    for i in range(count):
        for symmetry in range(8 if height == width else 4):
            key = np.uint64(0)
            for row in range(height):
                for column in range(width):
                    r = height - 1 - row if symmetry & 1 else row
                    c = width - 1 - column if symmetry & 2 else column
                    token = mazes[i, c, r] if symmetry & 4 else mazes[i, r, c]
                    value = token if ends and token > FREE else 1 + (token == WALL)
                    key = key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(value)
            found[i] = min(found[i], mix(key, 0))
    return found
