"""Random regions of a jigsaw, compiled by Numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below
from puzzlerec.puzzles.sudoku.symmetry import in_order

SWAPS = 2000  # attempts, of which about one in five succeeds: several for every cell


@njit(cache=True)
def random_regions(rng: np.ndarray, size: int, width: int) -> np.ndarray:
    """[N * N] int64: N random connected regions of N cells, numbered in the order in which reading meets them.

    Regions start as boxes, ``width`` columns wide, and then exchange random cells across their borders, as long as both
    stay in one piece.
    """
    count = size * size
    height = size // width
    region = np.empty(count, np.int64)
    for cell in range(count):
        region[cell] = cell // size // height * height + cell % size // width
    near = np.full((count, 4), -1)
    for cell in range(count):
        r, c = cell // size, cell % size
        if r > 0:
            near[cell, 0] = cell - size
        if r < size - 1:
            near[cell, 1] = cell + size
        if c > 0:
            near[cell, 2] = cell - 1
        if c < size - 1:
            near[cell, 3] = cell + 1
    for _ in range(SWAPS):
        first, second = below(rng, count), below(rng, count)
        mine, other = region[first], region[second]
        if mine == other or not (_touches(region, near, first, other) and _touches(region, near, second, mine)):
            continue
        region[first], region[second] = other, mine
        if not (_in_one_piece(region, near, first, size) and _in_one_piece(region, near, second, size)):
            region[first], region[second] = mine, other
    return in_order(region)


@njit(cache=True)
def _touches(region: np.ndarray, near: np.ndarray, cell: int, other: int) -> bool:
    found = False
    for neighbour in near[cell]:
        found |= neighbour >= 0 and region[neighbour] == other
    return found


@njit(cache=True)
def _in_one_piece(region: np.ndarray, near: np.ndarray, start: int, size: int) -> bool:
    """Whether all ``size`` cells of the region of ``start`` hang together."""
    seen = np.zeros(region.size, np.bool_)
    waiting = np.empty(size, np.int64)
    waiting[0], n_waiting, n_seen = start, 1, 1
    seen[start] = True
    while n_waiting:
        n_waiting -= 1
        for neighbour in near[waiting[n_waiting]]:
            if neighbour >= 0 and not seen[neighbour] and region[neighbour] == region[start]:
                seen[neighbour] = True
                waiting[n_waiting] = neighbour
                n_waiting += 1
                n_seen += 1
    return n_seen == size
