"""Kernels over symmetric copies: random ones, and hashes that all copies of a puzzle or of its grid share.

Where bands and stacks change places freely there are millions of copies (`class_hash`), elsewhere a few dozen, which
can all be looked at (`copies_hash`). A kind says its symmetries itself (`rules.Sudoku.random_symmetries`); that of 9×9
is written here once more, because the search draws copies within compiled code, from the generators' random state.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzlerec.puzzles.kernels import below, mix, shuffle_numbers

SMALL = 6  # up to this size all grids can be listed, and are too few to tell puzzles by


def class_of(
    question: np.ndarray,
    answer: np.ndarray,
    regions: np.ndarray,
    box: tuple[int, int] | None,
    places: np.ndarray | None,
) -> np.uint64:
    """What symmetric copies share: of a solution grid or, where grids are few, of a puzzle.

    ``question`` and ``answer`` uint8 [L] are digits, ``regions`` int64 [L], all alike without regions. ``places``
    [S, L] are the symmetries of the places where those are few, else there are boxes of ``box``.
    """
    if places is not None:
        return copies_hash(answer.astype(np.int64) - 1, regions, places)
    assert box is not None
    return class_hash(answer, question if box[0] * box[1] <= SMALL else np.zeros_like(question), *box)


@njit(cache=True)
def shuffle_symmetric(rng: np.ndarray, puzzle: np.ndarray, solution: np.ndarray) -> None:
    """Turns both into one random symmetric copy: digits, rows, columns, bands, stacks, and transposed or not."""
    digits = np.zeros(10, np.uint8)
    order = np.empty(9, np.uint8)
    three = np.empty(3, np.uint8)
    lines = np.empty((2, 9), np.int64)
    shuffle_numbers(rng, order)
    for d in range(9):
        digits[d + 1] = order[d] + 1
    for kind in range(2):
        shuffle_numbers(rng, three)
        for band in range(3):
            for i in range(3):
                lines[kind, 3 * band + i] = 3 * three[band]
        for band in range(3):
            shuffle_numbers(rng, three)
            for i in range(3):
                lines[kind, 3 * band + i] += three[i]
    transposed = below(rng, 2)
    for grid in (puzzle, solution):
        old = grid.copy()
        for r in range(9):
            for c in range(9):
                to = 9 * c + r if transposed else 9 * r + c
                grid[to] = digits[old[9 * lines[0, r] + lines[1, c]]]


@njit(cache=True)
def class_hash(solution: np.ndarray, puzzle: np.ndarray, box_rows: int, box_columns: int) -> np.uint64:
    """A hash that all symmetric copies of a puzzle share; with a blank ``puzzle``, all copies of the grid.

    ``solution`` and ``puzzle`` are [N * N], N = ``box_rows`` * ``box_columns``. Two rows of a band make a permutation
    of the digits, and its cycle lengths are the same in every copy. Each cell is coloured by those of its row and its
    column and by being given or not; then colours are refined by the colours met in the cell's row and column, box,
    minirow and minicolumn, and at the digit's other places. The hash is made of their sum. Copies never differ;
    different classes may share a hash, by rare chance.
    """
    size = box_rows * box_columns
    line = np.zeros((2, size), np.uint64)
    place = np.empty(size + 1, np.int64)
    for kind in range(2):
        along, across, thickness = (1, size, box_rows) if kind == 0 else (size, 1, box_columns)
        for i in range(size):
            for j in range(i // thickness * thickness, i // thickness * thickness + thickness):
                if i == j:
                    continue
                for k in range(size):
                    place[solution[across * i + along * k]] = k
                seen = 0
                cycles = np.uint64(0)
                for k in range(size):
                    length = 0
                    at = k
                    while not seen >> at & 1:
                        seen |= 1 << at
                        length += 1
                        at = place[solution[across * j + along * at]]
                    if length:
                        cycles += mix(np.uint64(length), 1)
                line[kind, i] += mix(cycles, 2)
    colour = np.empty(size * size, np.uint64)
    for cell in range(size * size):
        given = 3 if puzzle[cell] else 4
        colour[cell] = mix(mix(line[0, cell // size], 5) + mix(line[1, cell % size], 5), given)
    for _ in range(3):
        rows, columns = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        boxes, digits = np.zeros(size, np.uint64), np.zeros(size + 1, np.uint64)
        minirows, minicolumns = np.zeros((size, size), np.uint64), np.zeros((size, size), np.uint64)
        for cell in range(size * size):
            r, c, x = cell // size, cell % size, colour[cell]
            rows[r] += x
            columns[c] += x
            boxes[r // box_rows * box_rows + c // box_columns] += x
            digits[solution[cell]] += x
            minirows[r, c // box_columns] += x
            minicolumns[c, r // box_rows] += x
        for cell in range(size * size):
            r, c = cell // size, cell % size
            across_sum = mix(rows[r] + mix(minirows[r, c // box_columns], 6), 7)
            down_sum = mix(columns[c] + mix(minicolumns[c, r // box_rows], 6), 7)
            rest = mix(boxes[r // box_rows * box_rows + c // box_columns] + mix(digits[solution[cell]], 8), 9)
            colour[cell] = mix(colour[cell] + across_sum + down_sum + rest, 10)
    total = np.uint64(0)
    for cell in range(size * size):
        total += mix(colour[cell], 11)
    return total


@njit(cache=True)
def copies_hash(digits: np.ndarray, regions: np.ndarray, places: np.ndarray) -> np.uint64:
    """A hash that grids share if and only if they are symmetric copies of each other (but for accidents of hashing).

    ``digits`` and ``regions`` int64 [L] from 0 on, ``places`` [S, L] all symmetries of the places. Each copy is named
    in the order of reading and hashed; the least hash counts.
    """
    least = np.uint64(0xFFFFFFFFFFFFFFFF)
    for s in range(places.shape[0]):
        copy, parts = in_order(digits[places[s]]), in_order(regions[places[s]])
        total = np.uint64(0)
        for i in range(copy.size):
            total = mix(total ^ np.uint64(32 * parts[i] + copy[i]), 12)
        least = min(least, total)
    return least


@njit(cache=True)
def in_order(labels: np.ndarray) -> np.ndarray:
    """``labels`` (int64 [L], from 0 on, less than L) numbered from 0 in the order of their first places."""
    number = np.full(labels.size, -1)
    ordered = np.empty(labels.size, np.int64)
    n = 0
    for i in range(labels.size):
        if number[labels[i]] < 0:
            number[labels[i]] = n
            n += 1
        ordered[i] = number[labels[i]]
    return ordered
