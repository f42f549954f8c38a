"""Generated puzzles beside published ones: ratings, clues, path lengths, walls.

    python benchmarks/calibration.py FOLDER [--sample 500]

FOLDER holds `sudoku/forum_11plus_part.csv.gz` and `sudoku/17_clue_part.csv.gz` (columns puzzle, guesses_as_given,
guesses_mean_of_10_symmetric_copies: guesses of the solver tdoku, the rating of Sudoku-Extreme) and
`maze-hard/train.txt.gz` (question TAB answer a line). None of them comes with the project.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from puzzlerec.data.building import generator
from puzzlerec.puzzles import get
from puzzlerec.puzzles.generator import Chunk
from puzzlerec.puzzles.sudoku import bitboards, symmetry
from puzzlerec.puzzles.sudoku.extreme import digits_of, rating

LISTS = {"11+": "forum_11plus_part.csv.gz", "17 clues": "17_clue_part.csv.gz"}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=500, help="puzzles of each list and kind")
    arguments = parser.parse_args()
    published = {name: published_list(arguments.folder / "sudoku" / file) for name, file in LISTS.items()}
    rater(published, arguments.sample)
    sudokus(published, arguments.sample)
    mazes(arguments.folder / "maze-hard" / "train.txt.gz", arguments.sample)


def published_list(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Puzzles [n, 81] and their published ratings [n]."""
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    ratings = np.array([float(row["guesses_mean_of_10_symmetric_copies"]) for row in rows])
    return digits_of([row["puzzle"] for row in rows]), ratings


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation, ties sharing their mean rank."""

    def ranks(values: np.ndarray) -> np.ndarray:
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts - 1) / 2)[inverse]

    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])


def rater(published: dict[str, tuple[np.ndarray, np.ndarray]], sample: int) -> None:
    rng = np.array([1], np.uint64)
    ours, theirs = {}, {}
    for name, (puzzles, ratings) in published.items():
        chosen = np.linspace(0, len(puzzles) - 1, min(sample, len(puzzles))).astype(int)
        ours[name], theirs[name] = np.array([rating(puzzles[i], rng) for i in chosen]), ratings[chosen]
    print("| list | puzzles | published mean | our mean | rank correlation |\n|---|---|---|---|---|")
    for name in ours:
        row(name, len(ours[name]), theirs[name].mean(), ours[name].mean(), spearman(ours[name], theirs[name]))
    mine, other = (np.concatenate(list(columns.values())) for columns in (ours, theirs))
    row("both", len(mine), other.mean(), mine.mean(), spearman(mine, other))
    print()


def sudokus(published: dict[str, tuple[np.ndarray, np.ndarray]], sample: int) -> None:
    """Quantiles of ratings and clues, and how many generated grids are among the published puzzles' grids."""
    rng, proof, blank = np.array([2], np.uint64), np.empty((2, 81), np.uint8), np.zeros(81, np.uint8)
    known = set()
    header = [f"{quantile:.0%}" for quantile in QUANTILES]
    print(f"| Sudokus | rating {' | '.join(header)} | mean | clues | grids published |\n|{'---|' * (len(header) + 4)}")
    for name, (puzzles, ratings) in published.items():
        for puzzle in puzzles:
            bitboards.solve(puzzle, proof, rng)
            known.add(int(symmetry.class_hash(proof[0], blank, 3, 3)))
        row(name, *np.quantile(ratings, QUANTILES), ratings.mean(), np.count_nonzero(puzzles, axis=1).mean(), "")
    maker = generator("sudoku")
    none = dict.fromkeys(maker.settings, 0.0)
    kinds: dict[str, dict[str, float]] = {kind: none | {kind: 1.0} for kind in maker.settings}
    for name, shares in (kinds | {"the mix": dict(maker.settings)}).items():
        chunks: list[Chunk] = []
        while sum(map(len, chunks)) < sample:
            chunks.append(maker.chunk(shares, "train", np.array([len(chunks)], np.uint64)))
        ratings = np.concatenate([chunk.ratings for chunk in chunks if chunk.ratings is not None])
        clues = np.concatenate([(chunk.inputs > 1).sum(axis=1) for chunk in chunks])
        repeated = sum(int(key) in known for chunk in chunks for key in chunk.classes)
        row(
            f"generated, {name}",
            *np.quantile(ratings, QUANTILES),
            ratings.mean(),
            clues.mean(),
            f"{repeated} of {len(clues)}",
        )
    print()


def mazes(path: Path, sample: int) -> None:
    with gzip.open(path, "rt") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file]
    kind = get("maze")
    real = tuple(np.stack([kind.parse(pair[i]).reshape(-1) for pair in pairs]) for i in (0, 1))
    chunks: list[Chunk] = []
    while sum(map(len, chunks)) < sample:
        maker = generator("maze")
        chunks.append(maker.chunk(dict(maker.settings), "train", np.array([len(chunks)], np.uint64)))
    made = tuple(np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("inputs", "labels"))
    header = [f"{quantile:.0%}" for quantile in QUANTILES]
    print(f"| mazes 30×30 | moves {' | '.join(header)} | mean | walls 5% | 50% | 95% | S to G |\n|{'---|' * 11}")
    for name, (questions, answers) in {"published": real, "generated": made}.items():
        moves = (answers == 5).sum(axis=1) + 1
        walls = np.quantile((questions == 1).mean(axis=1), (0.05, 0.5, 0.95))
        ends = [np.divmod((questions == token).argmax(axis=1), 30) for token in (3, 4)]
        apart = sum(abs(ends[0][axis] - ends[1][axis]) for axis in (0, 1))
        row(
            f"{name}, {len(moves)}",
            *np.quantile(moves, QUANTILES),
            moves.mean(),
            *(f"{w:.3f}" for w in walls),
            apart.mean(),
        )


def row(*cells: object) -> None:
    print(
        "|",
        " | ".join(f"{cell:.3g}" if isinstance(cell, (float, np.floating)) else str(cell) for cell in cells),
        "|",
        flush=True,
    )


if __name__ == "__main__":
    main()
