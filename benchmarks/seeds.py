"""Makes `puzzlerec/data/sudoku_seeds.txt`, the puzzles from which the searches for hard Sudokus start.

    python benchmarks/seeds.py > puzzlerec/data/sudoku_seeds.txt

Extreme ones descend from famous puzzles, hard ones from random minimal puzzles that happen to be hard. Brood after
brood is found near some of the pool and added to it; the younger half is kept.
"""

from __future__ import annotations

import sys

import numpy as np

from puzzlerec.data import sudoku_search as search
from puzzlerec.data.sudoku_extreme import FAMOUS, SEARCHED, digits_of, rating_of, vicinity

KEPT = {"extreme": 1024, "hard": 512}
BROOD = 64  # puzzles of one search, from `PARENTS` of the pool
LUCKY = 3.0  # rating of the random puzzles, at least


def main() -> None:
    rng = np.array([1], np.uint64)
    print("# Puzzles that the searches for hard Sudokus start from: kind, puzzle, rating. Made by benchmarks/seeds.py.")
    for kind, pool in (("extreme", digits_of(list(FAMOUS.values()))), ("hard", lucky(64, rng))):
        ratings = np.zeros(len(pool))
        while len(pool) < 2 * KEPT[kind]:
            puzzles, solutions = np.zeros((BROOD, 81), np.uint8), np.zeros((BROOD, 81), np.uint8)
            guesses = np.zeros(BROOD, np.float32)
            vicinity(pool, puzzles, solutions, guesses, SEARCHED[kind], rng)
            search.finish(puzzles, solutions, guesses, rng)
            pool, ratings = np.concatenate([pool, puzzles]), np.concatenate([ratings, rating_of(guesses)])
            print(f"{kind}: {len(pool)}, the last ones rated {ratings[-BROOD:].mean():.1f}", file=sys.stderr)
        for puzzle, rating in list(zip(pool, ratings, strict=True))[-KEPT[kind] :]:
            print(kind, "".join(map(str, puzzle)).replace("0", "."), f"{rating:.1f}")


def lucky(count: int, rng: np.ndarray) -> np.ndarray:
    """Random minimal puzzles that are hard by chance."""
    kept: list[np.ndarray] = []
    while len(kept) < count:
        puzzle, solution = np.zeros(81, np.uint8), np.zeros(81, np.uint8)
        search.random_minimal(rng, puzzle, solution)
        if rating_of(np.array(search.rate(puzzle, search.RUNS, rng))) >= LUCKY:
            kept.append(puzzle)
    return np.stack(kept)


if __name__ == "__main__":
    main()
