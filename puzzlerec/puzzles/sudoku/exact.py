"""Exact solving by search, for whatever units: all solutions of a puzzle, or as many as are asked for.

One search, compiled by Numba when it is first called and kept on disk from then on.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below

MOST_SYMBOLS = 16
SWEEPS = 1 << 20  # over the cells, after which a search gives up: about a second on 16x16
QUICK_SWEEPS = 1 << 16  # a sixteenth of that
ENDLESS = 1 << 62
_IN_ORDER = np.empty(0, np.uint64)


def solve(
    givens: np.ndarray, units: np.ndarray, limit: int = 2, sweeps: int = SWEEPS, rng: np.ndarray = _IN_ORDER
) -> list[np.ndarray] | None:
    """The ways to fill ``givens`` (uint8 [L] digits 1 to N, 0 blank), at most ``limit`` of them, as digits [L].

    ``units`` int64 [U, N] are the cells that hold each of the N digits once; every cell is in one of them. An empty
    list: the givens contradict one another, or cannot be completed. With the default limit, one means unique. None:
    ``sweeps`` over the cells did not settle it. With ``rng`` (uint64 [1], see `kernels`) the digits are tried in random
    order. Raises `ValueError` for what cannot be such a puzzle.
    """
    symbols = units.shape[1]
    if symbols > MOST_SYMBOLS:
        raise ValueError(f"Units of {symbols} cells are too large; up to {MOST_SYMBOLS} can be solved.")
    if givens.ndim != 1 or units.max() != givens.size - 1:
        raise ValueError(f"Givens of shape {givens.shape} do not fit units of {units.max() + 1} cells.")
    if givens.min() < 0 or givens.max() > symbols:
        raise ValueError(f"Givens go from 0 (blank) to {symbols}, not {givens.min()} to {givens.max()}.")
    if limit < 1:
        raise ValueError(f"At least one solution must be asked for, not {limit}.")
    found = np.empty((limit, givens.size), np.uint8)
    count = _search(givens.astype(np.int64), units, found, sweeps, rng)
    return None if count < 0 else list(found[:count])


@njit(cache=True)
def _search(givens: np.ndarray, units: np.ndarray, found: np.ndarray, sweeps: int, rng: np.ndarray) -> int:
    """Depth-first: the cell with the fewest digits or the digit with the fewest places in a unit, whichever is fewer.

    What has one option only is filled in at once. Returns how many rows of ``found`` (uint8 [limit, L]) it has filled,
    or -1 if ``sweeps`` were too few to fill all of them or to know that there are no more.
    """
    count, size = givens.size, units.shape[1]
    units_of, degree = _units_of(units, count)
    # of each depth: the digits in the cells, and of each unit the digits that it lacks
    cells = np.zeros((count + 1, count), np.int64)
    free = np.full((count + 1, units.shape[0]), (1 << size) - 1)
    for cell in range(count):
        if givens[cell] and not _place(cells[0], free[0], units_of, degree, cell, 1 << givens[cell] - 1):
            return 0
    candidates = np.empty(count, np.int64)
    options = np.empty((count + 1, size), np.int64)  # of the guess at each depth, cell * 16 + digit - 1
    left = np.zeros(count + 1, np.int64)  # how many of them are untried
    depth, n_found = 0, 0
    while True:
        used = _deduce(cells[depth], free[depth], candidates, units, units_of, degree)
        sweeps -= abs(used)
        if sweeps < 0:
            return -1
        left[depth] = _options(candidates, free[depth], units, options[depth]) if used > 0 else 0
        if used > 0 and left[depth] == 0:
            found[n_found] = cells[depth]
            n_found += 1
            if n_found == found.shape[0]:
                return n_found
        if rng.size:
            for i in range(left[depth]):
                j = below(rng, i + 1)
                options[depth, i], options[depth, j] = options[depth, j], options[depth, i]
        while left[depth] == 0:
            if depth == 0:
                return n_found
            depth -= 1
        left[depth] -= 1
        option = options[depth, left[depth]]
        cells[depth + 1] = cells[depth]
        free[depth + 1] = free[depth]
        depth += 1
        _place(cells[depth], free[depth], units_of, degree, option // 16, 1 << option % 16)


@njit(cache=True)
def _units_of(units: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The units of each cell [L, most], and how many they are [L]."""
    degree = np.zeros(count, np.int64)
    for cell in units.flat:
        degree[cell] += 1
    units_of = np.zeros((count, degree.max()), np.int64)
    degree[:] = 0
    for unit in range(units.shape[0]):
        for cell in units[unit]:
            units_of[cell, degree[cell]] = unit
            degree[cell] += 1
    return units_of, degree


@njit(cache=True)
def _place(cells: np.ndarray, free: np.ndarray, units_of: np.ndarray, degree: np.ndarray, cell: int, bit: int) -> bool:
    """Writes the digit of ``bit`` into ``cell``. False if one of its units has the digit already."""
    for i in range(degree[cell]):
        unit = units_of[cell, i]
        if not free[unit] & bit:
            return False
        free[unit] ^= bit
    digit = 1
    while bit >> digit:
        digit += 1
    cells[cell] = digit
    return True


@njit(cache=True)
def _deduce(
    cells: np.ndarray,
    free: np.ndarray,
    candidates: np.ndarray,
    units: np.ndarray,
    units_of: np.ndarray,
    degree: np.ndarray,
) -> int:
    """Fills every cell that has one candidate and every digit that has one place in a unit, until there are none.

    ``candidates`` [L] receives the digits of each open cell, as bits. Returns the number of sweeps, negative if the
    grid contradicts itself.
    """
    sweeps = 0
    changed = True
    while changed:
        changed = False
        sweeps += 1
        for cell in range(cells.size):
            candidates[cell] = 0
            if cells[cell] == 0:
                x = free[units_of[cell, 0]]
                for i in range(1, degree[cell]):
                    x &= free[units_of[cell, i]]
                if x == 0:
                    return -sweeps
                if x & (x - 1):
                    candidates[cell] = x
                else:
                    _place(cells, free, units_of, degree, cell, x)
                    changed = True
        if changed:
            continue
        for unit in range(units.shape[0]):
            once, twice = 0, 0
            for cell in units[unit]:
                twice |= once & candidates[cell]
                once |= candidates[cell]
            if free[unit] & ~once:
                return -sweeps
            single = once & ~twice & free[unit]
            if single:
                changed = True
                for cell in units[unit]:
                    x = candidates[cell] & single
                    if x:
                        if x & (x - 1) or not _place(cells, free, units_of, degree, cell, x):
                            return -sweeps
                        candidates[cell] = 0
    return sweeps


@njit(cache=True)
def _options(candidates: np.ndarray, free: np.ndarray, units: np.ndarray, options: np.ndarray) -> int:
    """Fills ``options`` with the next guess's, the last to be tried first, and returns their number; 0: all is full.

    They are the digits of a cell or the places of a digit in a unit, whichever are fewest, the first of equals.
    """
    size: int = units.shape[1]
    fewest, best = size + 1, -1  # best: the cell, or L + unit * N + digit - 1
    for cell in range(candidates.size):
        if candidates[cell]:
            n = 0
            for digit in range(size):
                n += candidates[cell] >> digit & 1
            if n < fewest:
                fewest, best = n, cell
    if best < 0:
        return 0
    for unit in range(units.shape[0]):
        if fewest == 2:
            break
        for digit in range(size):
            if free[unit] >> digit & 1:
                n = 0
                for cell in units[unit]:
                    n += candidates[cell] >> digit & 1
                if n < fewest:
                    fewest, best = n, candidates.size + unit * size + digit
    n = fewest
    if best < candidates.size:
        for digit in range(size):
            if candidates[best] >> digit & 1:
                n -= 1
                options[n] = best * 16 + digit
    else:
        unit, digit = (best - candidates.size) // size, (best - candidates.size) % size
        for cell in units[unit]:
            if candidates[cell] >> digit & 1:
                n -= 1
                options[n] = cell * 16 + digit
    return fewest
