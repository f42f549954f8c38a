"""How walls are laid: a compiled function a kind of maze, by the algorithm's name in the literature.

Each fills ``maze`` (uint8 [H, W], at least 5x5) with WALL and FREE; what it draws comes from ``rng`` alone. With
``border`` 1 walls run all round, with 0 the outermost cells are used like any other.

Mazes of corridors stand on *nodes*: every second cell of every second row, from the first or, with a border, from the
second. A corridor joins neighbouring nodes by the cell between them. Where that leaves the last row or column over, as
in even sides, it is wall. A maze is *perfect* if its corridors are a spanning tree of the nodes: one way from each cell
to each other (W. D. Pullen's "Think Labyrinth" and J. Buck's "Mazes for Programmers" compare the algorithms).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below, random_bits, shuffle_numbers, uniform
from puzzlerec.puzzles.maze.tokens import FREE, WALL

DOWN, RIGHT = (1, 0, -1, 0), (0, 1, 0, -1)  # of the four ways: down, right, up, left, each a quarter turn on
MOST_WALLS = 0.5  # share of the cells of a random maze
FEW_WALLS = 0.05  # of an open one


@njit(cache=True)
def random(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Site percolation: each cell is a wall with a probability that is drawn from U(0, `MOST_WALLS`) for the maze."""
    _scatter(maze, border, MOST_WALLS * uniform(rng), rng)


@njit(cache=True)
def open_space(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """As `random` with at most `FEW_WALLS`; a quarter of the mazes have none."""
    _scatter(maze, border, 0.0 if below(rng, 4) == 0 else FEW_WALLS * uniform(rng), rng)


@njit(cache=True)
def depth_first(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Depth-first search, or recursive backtracker: long winding corridors, few forks."""
    rows, columns = _nodes(maze, border)
    seen = np.zeros(rows * columns, np.bool_)
    stack = np.empty(rows * columns, np.int64)
    stack[0], size = below(rng, rows * columns), 1
    seen[stack[0]] = True
    while size:
        node = stack[size - 1]
        way, choices = -1, 0
        for one in range(4):
            other = _beyond(node, one, rows, columns)
            if other >= 0 and not seen[other]:
                choices += 1
                if below(rng, choices) == 0:
                    way = one
        if way < 0:
            size -= 1
            continue
        _join(maze, border, columns, node, way)
        stack[size] = _beyond(node, way, rows, columns)
        seen[stack[size]] = True
        size += 1


@njit(cache=True)
def prim(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Randomised Prim: the tree grows by a random edge of its rim; many short dead ends."""
    rows, columns = _nodes(maze, border)
    seen = np.zeros(rows * columns, np.bool_)
    rim = np.empty(4 * rows * columns, np.int64)  # edges out of the tree: 4 * node + way
    node, size = below(rng, rows * columns), 0
    while True:
        seen[node] = True
        for way in range(4):
            other = _beyond(node, way, rows, columns)
            if other >= 0 and not seen[other]:
                rim[size] = 4 * node + way
                size += 1
        while size:
            at = below(rng, size)
            edge = rim[at]
            size -= 1
            rim[at] = rim[size]
            node = _beyond(edge // 4, edge % 4, rows, columns)
            if not seen[node]:
                _join(maze, border, columns, edge // 4, edge % 4)
                break
        else:
            return


@njit(cache=True)
def kruskal(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Randomised Kruskal: edges in random order, each kept that joins two trees."""
    rows, columns = _nodes(maze, border)
    above = np.arange(rows * columns)  # the forest of union and find
    edges = np.empty(2 * rows * columns, np.int64)  # 2 * node + way: down or right
    shuffle_numbers(rng, edges)
    for number in range(edges.size):
        node, way = edges[number] // 2, edges[number] % 2
        other = _beyond(node, way, rows, columns)
        if other < 0:
            continue
        one, two = _root(above, node), _root(above, other)
        if one != two:
            above[one] = two
            _join(maze, border, columns, node, way)


@njit(cache=True)
def wilson(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Wilson (1996): loop-erased random walks into the tree; every spanning tree is equally likely."""
    rows, columns = _nodes(maze, border)
    inside = np.zeros(rows * columns, np.bool_)
    ways = np.empty(rows * columns, np.int64)  # by which the walk left each node last, which erases its loops
    inside[below(rng, rows * columns)] = True
    for first in range(rows * columns):
        node = first
        while not inside[node]:
            way = below(rng, 4)
            other = _beyond(node, way, rows, columns)
            if other >= 0:
                ways[node] = way
                node = other
        node = first
        while not inside[node]:
            inside[node] = True
            _join(maze, border, columns, node, ways[node])
            node = _beyond(node, ways[node], rows, columns)


@njit(cache=True)
def rooms(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """Recursive division that stops at rooms of some size, drawn for the maze: one or two doors in every wall.

    Walls and doors stand on lines of different parity, so no later wall ends at a door.
    """
    height, width = maze.shape
    _scatter(maze, border, 0.0, rng)
    largest = 2 + below(rng, 6)  # side of a room
    chambers = np.empty((height * width, 4), np.int64)  # to divide: top, left, height, width
    top, left, tall, wide = border, border, height - 2 * border, width - 2 * border
    size = 0
    while True:
        if max(tall, wide) <= largest:
            if size == 0:
                return
            size -= 1
            top, left, tall, wide = chambers[size]
            continue
        down = tall > wide or (tall == wide and below(rng, 2) == 0)  # divided by a wall that runs across
        length, along = (tall, wide) if down else (wide, tall)
        line = 1 + 2 * below(rng, (length - 1) // 2)
        for place in range(along):
            maze[top + (line if down else place), left + (place if down else line)] = WALL
        for _ in range(2 if below(rng, 3) == 0 else 1):
            place = 2 * below(rng, (along + 1) // 2)
            maze[top + (line if down else place), left + (place if down else line)] = FREE
        rest = length - line - 1
        if down:
            chambers[size] = top + line + 1, left, rest, wide
            tall = line
        else:
            chambers[size] = top, left + line + 1, tall, rest
            wide = line
        size += 1


@njit(cache=True)
def spiral(maze: np.ndarray, border: int, rng: np.ndarray) -> None:
    """One corridor that winds inwards from a random corner in a random sense, with up to three doors in its walls."""
    rows, columns = _nodes(maze, border)
    seen = np.zeros(rows * columns, np.bool_)
    low, far = below(rng, 2), below(rng, 2)
    way, inwards = (2 if low else 0), (3 if far else 1)
    if below(rng, 2):
        way, inwards = inwards, way
    turn = inwards - way
    node, turns = low * (rows - 1) * columns + far * (columns - 1), 0
    seen[node] = True
    while turns < 2:
        other = _beyond(node, way, rows, columns)
        if other < 0 or seen[other]:
            way, turns = (way + turn) % 4, turns + 1
            continue
        _join(maze, border, columns, node, way)
        node, turns = other, 0
        seen[node] = True
    for _ in range(below(rng, 4)):
        node, way = below(rng, rows * columns), below(rng, 4)
        if _beyond(node, way, rows, columns) >= 0:
            _join(maze, border, columns, node, way)


ALGORITHMS = {
    "random": random,
    "depth-first": depth_first,
    "prim": prim,
    "kruskal": kruskal,
    "wilson": wilson,
    "rooms": rooms,
    "open": open_space,
    "spiral": spiral,
}
BORDERLESS = ("random", "open")  # unless a border is asked for


@njit(cache=True)
def _scatter(maze: np.ndarray, border: int, share: float, rng: np.ndarray) -> None:
    """Walls at random, each cell with the probability ``share``; 16 random bits a cell."""
    height, width = maze.shape
    limit, bits = np.uint64(share * 65536), np.uint64(0)
    maze[:] = WALL
    for row in range(border, height - border):
        for column in range(border, width - border):
            bits = random_bits(rng) if (column - border) % 4 == 0 else bits >> np.uint64(16)
            if bits & np.uint64(0xFFFF) >= limit:
                maze[row, column] = FREE


@njit(cache=True)
def _nodes(maze: np.ndarray, border: int) -> tuple[int, int]:
    """Walls everywhere; returns how many rows and columns of nodes there are."""
    maze[:] = WALL
    return (maze.shape[0] + 1) // 2 - border, (maze.shape[1] + 1) // 2 - border


@njit(cache=True)
def _beyond(node: int, way: int, rows: int, columns: int) -> int:
    """The next node on the way, -1 if there is none. Nodes are numbered row by row."""
    row, column = node // columns + DOWN[way], node % columns + RIGHT[way]
    return row * columns + column if 0 <= row < rows and 0 <= column < columns else -1


@njit(cache=True)
def _join(maze: np.ndarray, border: int, columns: int, node: int, way: int) -> None:
    """Frees a node, the next one on the way, and the cell between them."""
    row, column = 2 * (node // columns) + border, 2 * (node % columns) + border
    for step in range(3):
        maze[row + step * DOWN[way], column + step * RIGHT[way]] = FREE


@njit(cache=True)
def _root(above: np.ndarray, node: int) -> int:
    """The root of the tree that holds the node; halves the way there for later calls."""
    while above[node] != node:
        above[node] = above[above[node]]
        node = above[node]
    return node
