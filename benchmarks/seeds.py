"""Makes `puzzlerec/data/sudoku_seeds.txt`, the puzzles from which the searches for hard Sudokus start.

    python benchmarks/seeds.py > puzzlerec/data/sudoku_seeds.txt

Extreme ones descend from famous puzzles, hard ones from random minimal puzzles that happen to be hard. A search finds
four times as many as are kept, so that those kept lie far apart.
"""

from __future__ import annotations

import sys

import numpy as np

from puzzlerec.data import sudoku_search as search
from puzzlerec.data.sudoku_extreme import FAMOUS, HARD, digits_of, rating_of, vicinity

KEPT = {"extreme": 768, "hard": 256}
SPREAD = 4
EXTREME = (26.0, 150.0)  # ratings; harder than what is to be found around them


def main() -> None:
    rng = np.array([1], np.uint64)
    print("# Puzzles that the searches for hard Sudokus start from: kind, puzzle, rating. Made by benchmarks/seeds.py.")
    for kind, parents, bounds in (
        ("extreme", digits_of(list(FAMOUS.values())), EXTREME),
        ("hard", lucky(64, rng), HARD),
    ):
        count = SPREAD * KEPT[kind]
        puzzles, solutions = np.zeros((count, 81), np.uint8), np.zeros((count, 81), np.uint8)
        guesses = np.zeros(count, np.float32)
        vicinity(parents, puzzles, solutions, guesses, bounds, rng)
        search.finish(puzzles, solutions, guesses, rng)
        for puzzle, value in zip(puzzles[: KEPT[kind]], rating_of(guesses), strict=False):
            print(kind, "".join(map(str, puzzle)).replace("0", "."), f"{value:.1f}")
        print(f"{kind}: found {count}", file=sys.stderr)


def lucky(count: int, rng: np.ndarray) -> np.ndarray:
    """Random minimal puzzles within the bounds of the hard ones."""
    kept: list[np.ndarray] = []
    while len(kept) < count:
        puzzle, solution = np.zeros(81, np.uint8), np.zeros(81, np.uint8)
        search.random_minimal(rng, puzzle, solution)
        if HARD[0] <= rating_of(np.array(search.rate(puzzle, search.RUNS, rng))) <= HARD[1]:
            kept.append(puzzle)
    return np.stack(kept)


if __name__ == "__main__":
    main()
