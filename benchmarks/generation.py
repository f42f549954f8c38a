"""How many puzzles a second one core generates. Compilation is not counted.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/generation.py [--seconds 10]

Time is processor time of this process, so that other work on the machine disturbs less; it still does where two
logical processors share a core. Goals: 1,000 plain and 20 extreme Sudokus a second, 30 mazes of 30×30.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from puzzlerec.data.building import generator
from puzzlerec.puzzles.generator import Chunk

SHARES = {"extreme": 0.0, "hard": 0.0, "plain": 0.0, "few": 0.0}
CASES = {
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


def measure(make: Callable[[np.ndarray], Chunk], seconds: float) -> tuple[float, list[Chunk]]:
    make(np.array([1], np.uint64))  # compiles
    chunks, begun = [], time.process_time()
    while time.process_time() - begun < seconds:
        chunks.append(make(np.array([2 + len(chunks)], np.uint64)))
    return sum(map(len, chunks)) / (time.process_time() - begun), chunks


if __name__ == "__main__":
    main()
