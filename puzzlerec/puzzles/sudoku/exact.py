"""Exact Sudoku solving by search: all solutions of a puzzle, or as many as are asked for.

One function, compiled by Numba when it is first called and kept on disk from then on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}  # rows and columns of a box, by the size of the grid


def solve_sudoku(grid: np.ndarray, limit: int = 2) -> list[np.ndarray]:
    """The solutions of ``grid`` (uint8 [N, N] tokens, N = 4, 6 or 9), at most ``limit`` of them, as grids of tokens.

    None: the givens contradict one another, or cannot be completed. With the default limit, one means unique.
    Raises `ValueError` for other shapes and for tokens that stand for neither a blank (1) nor a digit d (d + 1).
    """
    size = grid.shape[0]
    if grid.ndim != 2 or size not in BOXES or grid.shape[1] != size:
        raise ValueError(f"A grid of shape {grid.shape} is no Sudoku; 4x4, 6x6 and 9x9 can be solved.")
    if grid.min() < 1 or grid.max() > size + 1:
        raise ValueError(f"Tokens go from 1 (blank) to {size + 1} (digit {size}), not {grid.min()} to {grid.max()}.")
    if limit < 1:
        raise ValueError(f"At least one solution must be asked for, not {limit}.")
    found = np.empty((limit, size * size), np.uint8)
    count = _search((grid.reshape(-1) - 1).astype(np.int64), *_layout(size), found)
    return list(found[:count].reshape(count, size, size) + np.uint8(1))


@cache
def _layout(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells of each unit [3 * N, N] and the units of each cell [N * N, 3]."""
    rows, columns = BOXES[size]
    cells = np.arange(size * size)
    r, c = cells // size, cells % size
    units_of = np.stack([r, size + c, 2 * size + r // rows * (size // columns) + c // columns], axis=1)
    units = np.stack([np.flatnonzero((units_of == unit).any(axis=1)) for unit in range(3 * size)])
    return units, units_of


@njit(cache=True)
def _search(cells: np.ndarray, units: np.ndarray, units_of: np.ndarray, found: np.ndarray) -> int:
    """Depth-first: the cell with the fewest digits or the digit with the fewest places in a unit, whichever is fewer.

    ``cells`` int64 [N * N] holds digits, 0 for blank, and is left as scratch. Returns how many rows of ``found``
    (uint8 [limit, N * N]) it has filled.
    """
    count, size = cells.size, units.shape[1]
    free = np.full(3 * size, (1 << size) - 1)  # of each unit, the digits that it lacks
    for cell in range(count):
        if cells[cell]:
            bit = 1 << cells[cell] - 1
            for unit in units_of[cell]:
                if not free[unit] & bit:
                    return 0
                free[unit] ^= bit
    candidates = np.empty(count, np.int64)
    # The options of each decision, cell * 16 + digit; number `tried` of the `offered` ones is in the grid.
    options = np.empty((count + 1, size), np.int64)
    offered = np.zeros(count + 1, np.int64)
    tried = np.zeros(count + 1, np.int64)
    depth, n_found = 0, 0
    forward = True
    while True:
        if forward:
            fewest, best = size + 1, -1  # best: the cell, or count + unit * size + digit - 1
            for cell in range(count):
                candidates[cell] = 0
                if cells[cell] == 0:
                    candidates[cell] = free[units_of[cell, 0]] & free[units_of[cell, 1]] & free[units_of[cell, 2]]
                    n = 0
                    for digit in range(size):
                        n += candidates[cell] >> digit & 1
                    if n < fewest:
                        fewest, best = n, cell
            if best < 0:
                for cell in range(count):
                    found[n_found, cell] = cells[cell]
                n_found += 1
                if n_found == found.shape[0]:
                    return n_found
                fewest = 0
            for unit in range(3 * size):
                if fewest < 2:
                    break
                for digit in range(size):
                    if free[unit] >> digit & 1:
                        n = 0
                        for i in range(size):
                            n += candidates[units[unit, i]] >> digit & 1
                        if n < fewest:
                            fewest, best = n, count + unit * size + digit
            offered[depth], tried[depth] = fewest, -1
            n = 0
            if fewest and best < count:
                for digit in range(size):
                    if candidates[best] >> digit & 1:
                        options[depth, n] = best * 16 + digit + 1
                        n += 1
            elif fewest:
                unit, digit = (best - count) // size, (best - count) % size
                for i in range(size):
                    if candidates[units[unit, i]] >> digit & 1:
                        options[depth, n] = units[unit, i] * 16 + digit + 1
                        n += 1
        else:
            if depth == 0:
                return n_found
            depth -= 1
            cell, digit = options[depth, tried[depth]] // 16, options[depth, tried[depth]] % 16
            cells[cell] = 0
            for unit in units_of[cell]:
                free[unit] |= 1 << digit - 1
        tried[depth] += 1
        forward = tried[depth] < offered[depth]
        if forward:
            cell, digit = options[depth, tried[depth]] // 16, options[depth, tried[depth]] % 16
            cells[cell] = digit
            for unit in units_of[cell]:
                free[unit] &= ~(1 << digit - 1)
            depth += 1
