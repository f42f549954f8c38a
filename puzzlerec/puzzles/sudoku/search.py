"""Random and hard 9×9 Sudokus, found by search, compiled by Numba. Puzzles are as in `bitboards`."""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below, insert, shuffle_numbers
from puzzlerec.puzzles.sudoku.bitboards import RUNS, rate, resistance, solve
from puzzlerec.puzzles.sudoku.symmetry import class_hash, shuffle_symmetric

_LISTED = 500  # solutions that are listed of a puzzle with a clue taken away
_TRIES = 10  # new clues tried in its place
_RIVALS = 4  # parents of which the hardest comes next
_FIRST_LOOK = 0.8  # share of the threshold that a rating of one run must reach


@njit(cache=True)
def random_grid(rng: np.ndarray, grid: np.ndarray) -> None:
    """Fills ``grid`` (uint8 [81]) at random: three boxes on a diagonal are shuffled, the rest is searched."""
    puzzle = np.zeros(81, np.uint8)
    order = np.empty(9, np.uint8)
    found = np.empty((1, 81), np.uint8)
    for box in range(3):
        shuffle_numbers(rng, order)
        for i in range(9):
            puzzle[(3 * box + i // 3) * 9 + 3 * box + i % 3] = order[i] + 1
    solve(puzzle, found, rng)
    grid[:] = found[0]


@njit(cache=True)
def minimise(puzzle: np.ndarray, rng: np.ndarray) -> None:
    """Takes clues away in random order wherever the solution stays the only one: then no clue can be spared."""
    order = np.empty(81, np.uint8)
    found = np.empty((2, 81), np.uint8)
    shuffle_numbers(rng, order)
    for cell in order:
        digit = puzzle[cell]
        if digit:
            puzzle[cell] = 0
            if solve(puzzle, found, rng)[0] != 1:
                puzzle[cell] = digit


@njit(cache=True)
def random_minimal(rng: np.ndarray, puzzle: np.ndarray, solution: np.ndarray) -> None:
    """A random grid and a random minimal puzzle of it."""
    random_grid(rng, solution)
    puzzle[:] = solution
    minimise(puzzle, rng)


@njit(cache=True)
def vicinity(
    parents: np.ndarray,
    puzzles: np.ndarray,
    solutions: np.ndarray,
    ratings: np.ndarray,
    found: int,
    known: np.ndarray,
    threshold: float,
    ceiling: float,
    withstands: int,
    brood: int,
    clues: int,
    tries: int,
    rng: np.ndarray,
) -> int:
    """Fills ``puzzles`` [n, 81] from index ``found`` on with minimal puzzles near ``parents`` [p, 81] or near finds.

    A clue of a parent is taken away and some of the solutions that are left are listed. A (cell, digit) that just one
    of them has is likely a clue that makes a new puzzle with a new solution grid. It is kept if its solution is proved
    unique, its `resistance` is at least ``withstands``, its rating (in guesses, `rate`) lies from ``threshold`` to
    ``ceiling``, and it has ``clues`` at least, at most ``brood`` a parent. It is a parent later, the sooner the harder
    it is, by resistance if that is asked for: next comes the hardest of `_RIVALS` drawn at random, lest the search
    sinks to where hardly anything passes. Ends after ``tries`` new clues.

    ``solutions`` and ``ratings`` belong to ``puzzles``; ``known`` is a hash set (`insert`) of the classes seen. Returns
    the number of puzzles now filled, less than n only if all parents or tries are used up.
    """
    waiting = np.empty((parents.shape[0] + puzzles.shape[0] - found, 81), np.uint8)
    waiting[: parents.shape[0]] = parents
    n_waiting = parents.shape[0]
    hardness = np.empty(waiting.shape[0], np.float64)
    for i in range(n_waiting):
        hardness[i] = resistance(parents[i], 0) if withstands else rate(parents[i], 1, rng)
    listed = np.empty((_LISTED, 81), np.uint8)
    counts = np.empty((81, 10), np.int64)
    holder = np.empty((81, 10), np.int64)
    order = np.empty(81, np.uint8)
    puzzle = np.empty(81, np.uint8)
    while found < puzzles.shape[0] and n_waiting and tries > 0:
        chosen = below(rng, n_waiting)
        for _ in range(_RIVALS - 1):
            rival = below(rng, n_waiting)
            if hardness[rival] > hardness[chosen]:
                chosen = rival
        base = waiting[chosen].copy()
        n_waiting -= 1
        waiting[chosen] = waiting[n_waiting]
        hardness[chosen] = hardness[n_waiting]
        children = 0
        shuffle_numbers(rng, order)
        for without in order:
            removed = base[without]
            if removed == 0 or children == brood or found == puzzles.shape[0]:
                continue
            base[without] = 0
            _tabulate(listed[: solve(base, listed, rng)[0]], counts, holder)
            for _ in range(_TRIES):
                cell, digit = _met_once(counts, rng)
                if digit == 0:
                    break
                tries -= 1
                counts[cell, digit] = 0
                solution = listed[holder[cell, digit]]
                puzzle[:] = base
                puzzle[cell] = digit
                rating = _rating_if_new(puzzle, solution, known, threshold, withstands, clues, rng)
                if rating < threshold or rating > ceiling:
                    continue
                puzzles[found], solutions[found], ratings[found] = puzzle, solution, rating
                waiting[n_waiting] = puzzle
                hardness[n_waiting] = resistance(puzzle, 0) if withstands else rating
                found, n_waiting, children = found + 1, n_waiting + 1, children + 1
                if children == brood or found == puzzles.shape[0]:
                    break
            base[without] = removed
    return found


@njit(cache=True)
def _tabulate(listed: np.ndarray, counts: np.ndarray, holder: np.ndarray) -> None:
    """How many of the ``listed`` solutions [n, 81] have a digit in a cell [81, 10], and one of those that have it."""
    counts[:] = 0
    for i in range(listed.shape[0]):
        for cell in range(81):
            counts[cell, listed[i, cell]] += 1
            holder[cell, listed[i, cell]] = i


@njit(cache=True)
def _met_once(counts: np.ndarray, rng: np.ndarray) -> tuple[int, int]:
    """A random (cell, digit) that just one solution has; digit 0 if there is none."""
    ties, cell, digit = 0, 0, 0
    for c in range(81):
        for d in range(1, 10):
            if counts[c, d] == 1:
                ties += 1
                if below(rng, ties) == 0:
                    cell, digit = c, d
    return cell, digit


@njit(cache=True)
def _rating_if_new(
    puzzle: np.ndarray,
    solution: np.ndarray,
    known: np.ndarray,
    threshold: float,
    withstands: int,
    clues: int,
    rng: np.ndarray,
) -> float:
    """Makes ``puzzle`` minimal and rates it. -1 if it is known, has another solution or is too easy at first sight."""
    proof = np.empty((2, 81), np.uint8)
    # The set holds both the puzzles before they are made minimal, marked by one bit, and those after.
    if not insert(known, class_hash(solution, puzzle, 3, 3) ^ np.uint64(1)):
        return -1.0
    if solve(puzzle, proof, rng)[0] != 1 or rate(puzzle, 1, rng) < _FIRST_LOOK * threshold:
        return -1.0
    if withstands and resistance(puzzle, withstands) < withstands:
        return -1.0
    minimise(puzzle, rng)
    if np.count_nonzero(puzzle) < clues or not insert(known, class_hash(solution, puzzle, 3, 3)):
        return -1.0
    return rate(puzzle, RUNS, rng)


@njit(cache=True)
def random_minimals(
    puzzles: np.ndarray, solutions: np.ndarray, ratings: np.ndarray, most_clues: int, rng: np.ndarray
) -> None:
    """Fills the arrays with random minimal puzzles of at most ``most_clues`` clues."""
    for i in range(puzzles.shape[0]):
        while True:
            random_minimal(rng, puzzles[i], solutions[i])
            if np.count_nonzero(puzzles[i]) <= most_clues:
                break
        ratings[i] = rate(puzzles[i], RUNS, rng)


@njit(cache=True)
def resistances(puzzles: np.ndarray) -> np.ndarray:
    """`resistance` of each of the puzzles [n, 81]; int64 [n]."""
    found = np.empty(puzzles.shape[0], np.int64)
    for i in range(puzzles.shape[0]):
        found[i] = resistance(puzzles[i], 0)
    return found


@njit(cache=True)
def finish(
    puzzles: np.ndarray, solutions: np.ndarray, ratings: np.ndarray, rng: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shuffles the rows, turns each into a random symmetric copy, and returns the class hashes of puzzles and grids."""
    count = puzzles.shape[0]
    blank = np.zeros(81, np.uint8)
    puzzle_classes, grid_classes = np.empty(count, np.uint64), np.empty(count, np.uint64)
    for i in range(count):
        j = below(rng, i + 1)
        for rows in (puzzles, solutions):
            kept = rows[i].copy()
            rows[i] = rows[j]
            rows[j] = kept
        ratings[i], ratings[j] = ratings[j], ratings[i]
    for i in range(count):
        shuffle_symmetric(rng, puzzles[i], solutions[i])
        puzzle_classes[i] = class_hash(solutions[i], puzzles[i], 3, 3)
        grid_classes[i] = class_hash(solutions[i], blank, 3, 3)
    return puzzle_classes, grid_classes
