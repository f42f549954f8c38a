"""Makes `puzzlerec/puzzles/sudoku/seeds.txt`, the puzzles from which the searches for hard Sudokus start.

    python benchmarks/seeds.py > puzzlerec/puzzles/sudoku/seeds.txt

Extreme ones descend from famous puzzles, hard ones from random minimal puzzles that happen to be hard. One search each
finds several times as many as are kept, all different, so that those kept lie far apart. Easier ones than are kept
serve as stepping stones: without them the searches die out.
"""

from __future__ import annotations

import sys

import numpy as np

from puzzlerec.puzzles.sudoku import bitboards, search
from puzzlerec.puzzles.sudoku.extreme import FAMOUS, SEARCHED, digits_of, rating_of, vicinity

KEPT = {"extreme": 1024, "hard": 512}
FOUND = 5  # for each that is kept
BROOD = 16
EASIER = 0.7
LUCKY = 3.0  # rating of the random puzzles, at least


def main() -> None:
    rng = np.array([1], np.uint64)
    print("# Puzzles that the searches for hard Sudokus start from: kind, puzzle, rating. Made by benchmarks/seeds.py.")
    for kind, parents in (("extreme", digits_of(list(FAMOUS.values()))), ("hard", lucky(64, rng))):
        count, wanted = FOUND * KEPT[kind], SEARCHED[kind]
        puzzles, solutions = np.zeros((count, 81), np.uint8), np.zeros((count, 81), np.uint8)
        guesses = np.zeros(count, np.float32)
        easier = wanted._replace(low=EASIER * wanted.low)
        vicinity(parents, puzzles, solutions, guesses, easier, rng, len(parents), BROOD)
        search.finish(puzzles, solutions, guesses, rng)
        found = [one for one in zip(puzzles, rating_of(guesses), strict=True) if one[1] >= wanted.low]
        print(f"{kind}: {len(found)} of {count} are hard enough", file=sys.stderr)
        for puzzle, rating in found[: KEPT[kind]]:
            print(kind, "".join(map(str, puzzle)).replace("0", "."), f"{rating:.1f}")


def lucky(count: int, rng: np.ndarray) -> np.ndarray:
    """Random minimal puzzles that are hard by chance."""
    kept: list[np.ndarray] = []
    while len(kept) < count:
        puzzle, solution = np.zeros(81, np.uint8), np.zeros(81, np.uint8)
        search.random_minimal(rng, puzzle, solution)
        if rating_of(np.array(bitboards.rate(puzzle, bitboards.RUNS, rng))) >= LUCKY:
            kept.append(puzzle)
    return np.stack(kept)


if __name__ == "__main__":
    main()
