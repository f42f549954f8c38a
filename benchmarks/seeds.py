"""Makes `puzzlerec/data/sudoku_seeds.txt`, the puzzles from which the searches for hard Sudokus start.

    python benchmarks/seeds.py > puzzlerec/data/sudoku_seeds.txt

Extreme ones descend from famous puzzles, hard ones from random minimal puzzles that happen to be hard. Of those that a
search finds, the hardest third is kept of the first, and a random third of the others.
"""

from __future__ import annotations

import sys

import numpy as np

from puzzlerec.data import sudoku_search as search
from puzzlerec.data.sudoku_extreme import EXTREME, FAMOUS, HARD, digits_of, rating_of, vicinity

KEPT = {"extreme": 768, "hard": 256}
FOUND = 3  # for each that is kept
BROOD = 16


def main() -> None:
    rng = np.array([1], np.uint64)
    print("# Puzzles that the searches for hard Sudokus start from: kind, puzzle, rating. Made by benchmarks/seeds.py.")
    for kind, parents, bounds in (
        ("extreme", digits_of(list(FAMOUS.values())), EXTREME),
        ("hard", lucky(64, rng), HARD),
    ):
        count = FOUND * KEPT[kind]
        puzzles, solutions = np.zeros((count, 81), np.uint8), np.zeros((count, 81), np.uint8)
        guesses = np.zeros(count, np.float32)
        vicinity(parents, puzzles, solutions, guesses, bounds, rng, BROOD)
        search.finish(puzzles, solutions, guesses, rng)
        ratings = rating_of(guesses)
        order = np.argsort(-ratings, kind="stable") if kind == "extreme" else np.arange(count)
        for i in np.sort(order[: KEPT[kind]]):
            print(kind, "".join(map(str, puzzles[i])).replace("0", "."), f"{ratings[i]:.1f}")
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
