"""How many puzzles a second one core generates, and how many copies of them. Compilation is not counted.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/generation.py [--seconds 10]

Time is processor time of this process, so that other work on the machine disturbs less; it still does where two
logical processors share a core. Goals: 1,000 plain and 20 extreme Sudokus a second, 30 mazes of 30×30.

Symmetric copies are not stored here but drawn as a puzzle is trained on, a batch of them together. Beside that: copies
that are drawn and applied one after the other, as the builders of HRM's and TRM's reference code do, which store 1,000
of each of their 1,000 Sudokus.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from puzzlerec.data.building import generator
from puzzlerec.puzzles import get
from puzzlerec.puzzles.generator import Chunk

SHARES = dict.fromkeys(generator("sudoku").settings, 0.0)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sudoku, plain minimal": ("sudoku", SHARES | {"plain": 1.0}),
    "sudoku, few clues": ("sudoku", SHARES | {"few": 1.0}),
    "sudoku, hard": ("sudoku", SHARES | {"hard": 1.0}),
    "sudoku, extreme": ("sudoku", SHARES | {"extreme": 1.0}),
    "sudoku, the mix": ("sudoku", dict(generator("sudoku").settings)),
    "sudoku 6x6": ("sudoku-6x6", {}),
    "sudoku 4x4": ("sudoku-4x4", {}),
    "maze 30x30": ("maze", {"kind": "hard", "moves": 0}),
    "maze 20x20": ("maze-20x20", {"kind": "hard", "moves": 0}),
    "maze 9x9": ("maze-9x9", {"kind": "hard", "moves": 0}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="for each kind of puzzle")
    parser.add_argument("--only", default="", help="only kinds whose name holds this")
    arguments = parser.parse_args()
    print("| puzzles | a second | mean rating |\n|---|---|---|")
    for case, (name, settings) in CASES.items():
        if arguments.only in case:
            rate, chunks = measure(lambda rng: generator(name).chunk(settings, "train", rng), arguments.seconds)  # noqa: B023
            ratings = [chunk.ratings for chunk in chunks if chunk.ratings is not None]
            print(
                f"| {case} | {rate:,.0f} | {np.mean(ratings):.1f} |" if ratings else f"| {case} | {rate:,.0f} | |",
                flush=True,
            )
    for together, how in ((768, "768 together"), (1, "one by one")):
        if arguments.only in (case := f"Sudoku copies, {how}"):
            print(f"| {case} | {copies(together, arguments.seconds):,.0f} | |", flush=True)


def copies(together: int, seconds: float) -> float:
    """Symmetric copies of a question and its answer a second."""
    kind, rng = get("sudoku"), np.random.default_rng(0)
    grids = rng.integers(2, 11, (2, together, 81), np.uint8)  # what stands on them costs nothing
    made, begun = 0, time.process_time()
    while time.process_time() - begun < seconds:
        if together == 1:
            symmetry = kind.random_symmetry(rng, (9, 9))
            for grid in grids[:, 0]:
                symmetry.apply(grid)
        else:
            cells, tokens = kind.random_symmetries(rng, together, (9, 9))
            for part in grids:
                np.take_along_axis(tokens, np.take_along_axis(part, cells, 1), 1)
        made += together
    return made / (time.process_time() - begun)


def measure(make: Callable[[np.ndarray], Chunk], seconds: float) -> tuple[float, list[Chunk]]:
    make(np.array([1], np.uint64))  # compiles
    chunks: list[Chunk] = []
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        chunks.append(make(np.array([2 + len(chunks)], np.uint64)))
    return sum(map(len, chunks)) / (time.process_time() - begun), chunks


if __name__ == "__main__":
    main()
