"""A solver of 9×9 Sudokus with boxes, compiled by Numba: solve, prove unique, rate.

Puzzles and solutions are ``uint8 [81]`` with 0 for blank and digits 1–9 (not tokens). `exact` solves whatever units
there are; this solver knows these alone, is several times faster, and its guesses are what ratings are made of.

The solver keeps for every digit and band a 27-bit mask of the cells that the digit may still take (*bitboards*). Within
a band a digit takes one box of each row, three different ones; so the nine (row, box) *minirows* where it is still
possible form a 3×3 pattern, and those in none of the pattern's permutations fall away, by one look-up. The same holds
for columns in a stack. This is every locked candidate and every hidden single at once. Naked singles follow from
counting digits over the nine masks. Then comes a guess: a digit in a cell, or its negation; never more than two
branches.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below

ALL = 0x7FFFFFF  # 27 cells of a band
COLUMN = 0x40201  # one column of a band: bits 0, 9 and 18
_MAX_DEPTH = 82
BANDS_TO_CELLS = 1.65  # guesses by bands for each guess by cells, over published puzzles
SWEEPS = 6  # in which every candidate is tried by itself
RUNS = 5  # of either way of guessing, over which a rating is averaged
_BOX = 0x7 * COLUMN  # first box of a band; the others are shifted by 3 and 6


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For patterns of 9 bits, as 3×3: the part that lies on permutations, as 9 bits and as 27 cells (each bit three
    neighbours); the permutations themselves [512, 7], their number first; and the boxes in which a row has a bit."""
    masks = [sum(1 << 3 * row + box for row, box in enumerate(boxes)) for boxes in permutations(range(3))]
    shrunk, cells, row_boxes = np.zeros(512, np.int64), np.zeros(512, np.int64), np.zeros(512, np.int64)
    inside = np.zeros((512, 7), np.int64)
    for pattern in range(512):
        fitting = [mask for mask in masks if pattern & mask == mask]
        inside[pattern, 0] = len(fitting)
        inside[pattern, 1 : 1 + len(fitting)] = fitting
        for mask in fitting:
            shrunk[pattern] |= mask
        cells[pattern] = sum(7 << 3 * minirow for minirow in range(9) if shrunk[pattern] >> minirow & 1)
        row_boxes[pattern] = sum(1 << box for box in range(3) if pattern >> 3 * box & 7)
    return shrunk, cells, inside, row_boxes


SHRUNK, CELLS, PERMUTATIONS, BOXES = _tables()


@njit(cache=True)
def _propagate(m: np.ndarray, fixed: np.ndarray, dirty: int) -> int:
    """Deduces in ``m`` (int64 [27], digit * 3 + band) until nothing follows. -1 contradiction, 0 open, 1 solved.

    ``fixed`` [27] receives the cells that are decided. ``dirty`` has a bit for every digit whose masks have changed.
    One long function: in parts it takes a tenth to a sixth more time.
    """
    while True:
        for d in range(9):
            if not dirty >> d & 1:
                continue
            m0, m1, m2 = m[3 * d], m[3 * d + 1], m[3 * d + 2]
            while True:
                a, b, c = m0, m1, m2
                m0 &= CELLS[BOXES[m0 & 511] | BOXES[m0 >> 9 & 511] << 3 | BOXES[m0 >> 18] << 6]
                m1 &= CELLS[BOXES[m1 & 511] | BOXES[m1 >> 9 & 511] << 3 | BOXES[m1 >> 18] << 6]
                m2 &= CELLS[BOXES[m2 & 511] | BOXES[m2 >> 9 & 511] << 3 | BOXES[m2 >> 18] << 6]
                c0 = (m0 | m0 >> 9 | m0 >> 18) & 511
                c1 = (m1 | m1 >> 9 | m1 >> 18) & 511
                c2 = (m2 | m2 >> 9 | m2 >> 18) & 511
                s0 = SHRUNK[c0 & 7 | (c1 & 7) << 3 | (c2 & 7) << 6]
                s1 = SHRUNK[c0 >> 3 & 7 | (c1 >> 3 & 7) << 3 | (c2 >> 3 & 7) << 6]
                s2 = SHRUNK[c0 >> 6 | (c1 >> 6) << 3 | (c2 >> 6) << 6]
                m0 &= (s0 & 7 | (s1 & 7) << 3 | (s2 & 7) << 6) * COLUMN
                m1 &= (s0 >> 3 & 7 | (s1 >> 3 & 7) << 3 | (s2 >> 3 & 7) << 6) * COLUMN
                m2 &= (s0 >> 6 | (s1 >> 6) << 3 | (s2 >> 6) << 6) * COLUMN
                if m0 == 0 or m1 == 0 or m2 == 0:
                    return -1
                if m0 == a and m1 == b and m2 == c:
                    break
            m[3 * d], m[3 * d + 1], m[3 * d + 2] = m0, m1, m2
            for band in range(3):
                mask = m[3 * d + band]
                f = 0
                for shift in (0, 3, 6):
                    x = mask & _BOX << shift
                    if x & (x - 1) == 0:
                        f |= x
                fixed[3 * d + band] = f
        dirty = 0
        solved = True
        for band in range(3):
            once = 0
            twice = 0
            decided = 0
            for d in range(9):
                f = fixed[3 * d + band]
                if decided & f:
                    return -1
                decided |= f
            for d in range(9):
                x = m[3 * d + band]
                y = x & (~decided | fixed[3 * d + band])
                if x != y:
                    m[3 * d + band] = y
                    dirty |= 1 << d
                twice |= once & y
                once |= y
            if once != ALL:
                return -1
            if decided == ALL:
                continue
            solved = False
            single = once & ~twice & ~decided
            if single:
                for d in range(9):
                    mask = m[3 * d + band]
                    x = mask & single
                    if x:
                        for shift in (0, 3, 6):
                            box = _BOX << shift
                            y = x & box
                            if y:
                                if y & (y - 1):
                                    return -1
                                mask &= ~box | y
                        m[3 * d + band] = mask
                        dirty |= 1 << d
        if dirty == 0:
            return 1 if solved else 0


@njit(cache=True)
def _load(puzzle: np.ndarray, m: np.ndarray, fixed: np.ndarray) -> int:
    """Fills the masks from ``puzzle`` and deduces; as `_propagate`."""
    m[:] = ALL
    fixed[:] = 0
    for cell in range(81):
        d = np.int64(puzzle[cell]) - 1
        if d >= 0:
            band = cell // 27
            bit = 1 << cell % 27
            box = _BOX << cell % 9 // 3 * 3
            if not m[3 * d + band] & bit:
                return -1
            m[3 * d + band] &= ~box | bit
            for e in range(9):
                if e != d:
                    m[3 * e + band] &= ~bit
    return _propagate(m, fixed, 511)


@njit(cache=True)
def _lowest_after(mask: int, skip: int) -> int:
    """The set bit number ``skip`` of ``mask``, as a mask."""
    for _ in range(skip):
        mask &= mask - 1
    return mask & -mask


@njit(cache=True)
def _count(mask: int) -> int:
    n = 0
    while mask:
        mask &= mask - 1
        n += 1
    return n


@njit(cache=True)
def _cell_of(bit: int) -> int:
    cell = 0
    while bit >> cell != 1:
        cell += 1
    return cell


@njit(cache=True)
def _pairs(m: np.ndarray, band: int) -> int:
    """The cells of a band that two digits can take."""
    once, twice, thrice = 0, 0, 0
    for d in range(9):
        x = m[3 * d + band]
        thrice |= twice & x
        twice |= once & x
        once |= x
    return twice & ~thrice


@njit(cache=True)
def _guess_cell(m: np.ndarray, guess: np.ndarray, rng: np.ndarray) -> None:
    """Guesses a digit in a cell of two candidates, else where a digit has the fewest places in a box.

    ``guess`` [7] receives the digit, the cells that it keeps in each band, and those that it keeps if it is wrong.
    """
    digit, where, chosen, ties = -1, 0, 0, 0
    for band in range(3):
        pairs = _pairs(m, band)
        n = _count(pairs)
        ties += n
        if n and below(rng, ties) < n:
            where, chosen = band, _lowest_after(pairs, below(rng, n))
    if ties:
        first = below(rng, 2) == 0
        for d in range(9):
            if m[3 * d + where] & chosen and (digit < 0 or not first):
                digit = d
    else:
        fewest = 28
        for d in range(9):
            for band in range(3):
                for shift in (0, 3, 6):
                    places = m[3 * d + band] & _BOX << shift
                    n = _count(places)
                    if 1 < n <= fewest:
                        if n < fewest:
                            fewest, ties = n, 0
                        ties += 1
                        if below(rng, ties) == 0:
                            digit, where, chosen = d, band, _lowest_after(places, below(rng, n))
    guess[0] = digit
    guess[1:] = ALL
    box = _BOX << _cell_of(chosen) % 9 // 3 * 3
    guess[1 + where] = ~box | chosen
    guess[4 + where] = ~chosen


@njit(cache=True)
def _guess_permutation(m: np.ndarray, guess: np.ndarray, rng: np.ndarray) -> None:
    """Guesses one of the ways in which a digit can lie in a band or a stack, where it has the fewest of them.

    ``guess`` as in `_guess_cell`.
    """
    fewest, ties, best = 7, 0, 0
    for d in range(9):
        for band in range(6):
            n = PERMUTATIONS[_pattern(m, d, band), 0]
            if 1 < n <= fewest:
                if n < fewest:
                    fewest, ties = n, 0
                ties += 1
                if below(rng, ties) == 0:
                    best = 6 * d + band
    d, band = best // 6, best % 6
    pattern = _pattern(m, d, band)
    taken = 1 + below(rng, fewest)
    others = 0
    for i in range(1, 1 + fewest):
        if i != taken:
            others |= PERMUTATIONS[pattern, i]
    guess[0] = d
    guess[1:] = ALL
    for negated, mask in ((0, PERMUTATIONS[pattern, taken]), (3, others)):
        for i in range(3):
            if band < 3:
                if i == band:
                    for minirow in range(9):
                        if not mask >> minirow & 1:
                            guess[1 + negated + i] &= ~(7 << 3 * minirow)
            else:
                gone = (~mask >> 3 * i & 7) << 3 * (band - 3)
                guess[1 + negated + i] &= ~(gone * COLUMN)


@njit(cache=True)
def _pattern(m: np.ndarray, d: int, band: int) -> int:
    """Where a digit may lie in a band (0–2, bits row * 3 + box) or a stack (3–5, bits band * 3 + column)."""
    pattern: int = 0
    if band < 3:
        x = m[3 * d + band]
        pattern = BOXES[x & 511] | BOXES[x >> 9 & 511] << 3 | BOXES[x >> 18] << 6
        return pattern
    for i in range(3):
        x = m[3 * d + i]
        pattern |= ((x | x >> 9 | x >> 18) >> 3 * (band - 3) & 7) << 3 * i
    return pattern


@njit(cache=True)
def solve(puzzle: np.ndarray, solutions: np.ndarray, rng: np.ndarray, by_bands: bool = False) -> tuple[int, int]:
    """Searches until ``solutions`` (uint8 [limit, 81], filled in the order found) is full or nothing is left.

    Returns (solutions found, guesses). ``by_bands`` says which of the two ways of guessing is taken; ties are broken at
    random in both.
    """
    stack = np.empty((_MAX_DEPTH, 27), np.int64)
    fixed = np.empty((_MAX_DEPTH, 27), np.int64)
    guessed = np.empty(_MAX_DEPTH, np.int64)  # the digit of the guess at each depth
    guess = np.empty(7, np.int64)
    state = _load(puzzle, stack[0], fixed[0])
    depth, found, guesses = 0, 0, 0
    while True:
        if state == 1:
            for d in range(9):
                for band in range(3):
                    x = stack[depth, 3 * d + band]
                    while x:
                        solutions[found, 27 * band + _cell_of(x & -x)] = d + 1
                        x &= x - 1
            found += 1
            if found == solutions.shape[0]:
                return found, guesses
        if state == 0:
            guesses += 1
            if by_bands:
                _guess_permutation(stack[depth], guess, rng)
            else:
                _guess_cell(stack[depth], guess, rng)
            stack[depth + 1] = stack[depth]
            fixed[depth + 1] = fixed[depth]
            guessed[depth] = guess[0]
            for band in range(3):
                stack[depth + 1, 3 * guess[0] + band] &= guess[1 + band]
                stack[depth, 3 * guess[0] + band] &= guess[4 + band]  # for when the guess has been searched
            depth += 1
        else:
            if depth == 0:
                return found, guesses
            depth -= 1
        state = _propagate(stack[depth], fixed[depth], 1 << guessed[depth - (state == 0)])


@njit(cache=True)
def rate(puzzle: np.ndarray, runs: int, rng: np.ndarray) -> float:
    """How hard the puzzle is, in guesses until the whole search tree is done, averaged over random ties.

    It is the harmonic mean of the averages for the two ways of guessing, ``runs`` of each, those by bands scaled down
    by the ratio of the two on published puzzles. One way alone would make a search for hard puzzles find such as are
    hard for it and for no other. The end of the tree is a steadier measure than the solution, which may come early by
    luck.
    """
    found = np.empty((2, 81), np.uint8)
    cells, bands = 0, 0
    for _ in range(runs):
        cells += solve(puzzle, found, rng)[1]
        bands += solve(puzzle, found, rng, True)[1]
    if cells == 0 or bands == 0:
        return 0.0
    return 2 / (runs / cells + runs * BANDS_TO_CELLS / bands)


@njit(cache=True)
def resistance(puzzle: np.ndarray, enough: int) -> int:
    """How long the puzzle withstands trying candidates one at a time: those left open, summed over `SWEEPS` sweeps.

    A sweep tries each candidate by itself and strikes out those from which the deductions come to a contradiction, all
    at its end. What is solved soon has little; what needs guesses within guesses keeps its candidates to the end, 1,200
    and more in sum, as do the hardest published puzzles. In between lie those whose chains build on each other. Stops
    with less when ``enough`` is out of reach.
    """
    m, fixed = np.empty(27, np.int64), np.empty(27, np.int64)
    tried, tried_fixed, fallen = np.empty(27, np.int64), np.empty(27, np.int64), np.empty(27, np.int64)
    state = _load(puzzle, m, fixed)
    left, withstood = 729, 0
    for sweep in range(SWEEPS):
        if state != 0 or withstood + (SWEEPS - sweep) * left < enough:
            break
        fallen[:] = 0
        for i in range(27):
            untried = m[i] & ~fixed[i]
            while untried:
                bit = untried & -untried
                untried ^= bit
                tried[:] = m
                tried_fixed[:] = fixed
                tried[i] &= ~(_BOX << _cell_of(bit) % 9 // 3 * 3) | bit
                if _propagate(tried, tried_fixed, 1 << i // 3) == -1:
                    fallen[i] |= bit
        if fallen.any():
            for i in range(27):
                m[i] &= ~fallen[i]
            state = _propagate(m, fixed, 0x1FF)
        if state == 0:
            left = 0
            for i in range(27):
                left += _count(m[i] & ~fixed[i])
            withstood += left
    return withstood
