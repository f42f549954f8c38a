"""Random Sudokus of any units with one solution each, and which generator makes which kind.

A solution grid is drawn, then clues are taken away in random order wherever the solution is proved to stay the only
one. What is left is minimal, but for 16×16, where proofs are cut short; then it gets some spare clues back, up to as
many as the setting says: of minimal ones alone there would be too few classes of 4×4.

There are only 2 essentially different grids of 4×4 and 49 of 6×6, so that training and test cannot be split by grid:
they differ by puzzle, up to symmetry (`symmetry.class_hash`). Of the other kinds, no grid of a training puzzle is a
symmetric copy of a test puzzle's: exactly so for X and jigsaw (`symmetry.copies_hash`); for 16×16 by the hash of 9×9,
which all copies share. Within a split no puzzle is there twice, but symmetric copies may be.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

import numpy as np

from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator
from puzzlerec.puzzles.kernels import below, hash_rows, shuffle_numbers
from puzzlerec.puzzles.sudoku.exact import ENDLESS, SWEEPS, solve
from puzzlerec.puzzles.sudoku.extreme import SudokuExtreme
from puzzlerec.puzzles.sudoku.regions import random_regions
from puzzlerec.puzzles.sudoku.symmetry import SMALL, class_of

CHUNK = 64  # puzzles, of 16×16 fewer: each takes a tenth of a second
LARGE_CHUNK = 8
DRAWN_SWEEPS = 2000  # for a solution grid; then another attempt is quicker
LARGE_SWEEPS = 1000  # for a proof of 16×16


class Board(Protocol):
    """What a kind says of its puzzles."""

    size: int
    shape: tuple[int, int]
    box: tuple[int, int] | None
    diagonals: bool
    regions: int
    places: np.ndarray | None

    def units(self, question: np.ndarray) -> np.ndarray: ...


def generator(board: Board) -> Generator:
    """What makes puzzles of a kind."""
    if board.box == (3, 3) and not board.diagonals:
        return SudokuExtreme(board.shape)
    return RandomSudoku(board)


class RandomSudoku(Generator):
    """Sudokus of any kind. Setting: at most how many ``spare`` clues; for the small kinds that is their size."""

    version = "random 1"

    def __init__(self, board: Board) -> None:
        super().__init__(board.shape)
        self.board = board
        self.settings = {} if board.size <= SMALL else {"spare": board.size}

    def check(self, settings: dict[str, Any]) -> None:
        if settings.get("spare", 0) < 0:
            raise DatasetError(f"There cannot be {settings['spare']} spare clues; 0 leaves puzzles minimal.")

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        board = self.board
        most_spare = settings.get("spare", board.size)
        count = CHUNK if board.size <= 9 else LARGE_CHUNK
        drawn = [_puzzle(board, most_spare, rng) for _ in range(count)]
        regions, questions, answers = (np.stack(rows) for rows in zip(*drawn, strict=True))
        inputs, labels = ((1 + regions * (board.size + 1) + digits).astype(np.uint8) for digits in (questions, answers))
        rows = zip(questions, answers, regions, strict=True)
        classes = [class_of(*row, board.box, board.places) for row in rows]
        return Chunk(inputs, labels, hash_rows(inputs), np.array(classes, np.uint64))


def _puzzle(board: Board, most_spare: int, rng: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The region of each cell (0 without regions), int64 [L]; digits of a question and of its answer, uint8 [L]."""
    regions, units, answer = _grid(board, rng)
    question = answer.copy()
    order = np.empty(answer.size, np.int64)
    shuffle_numbers(rng, order)
    spare = below(rng, most_spare + 1)
    sweeps = SWEEPS if board.size <= 9 else LARGE_SWEEPS
    removed = []
    for cell in order:
        question[cell] = 0
        found = solve(question, units, 2, sweeps)
        if found is not None and len(found) == 1:
            removed.append(cell)
        else:
            question[cell] = answer[cell]
    back = removed[max(len(removed) - spare, 0) :]
    question[back] = answer[back]
    return regions, question, answer


def _grid(board: Board, rng: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regions int64 [L], units, and digits uint8 [L] of a random full grid; all small ones are equally likely."""
    area = board.size * board.size
    regions = np.zeros(area, np.int64)
    if board.size <= SMALL:
        units = board.units(regions.astype(np.uint8) + 1)
        completions = _completions(units.tobytes(), board.size)
        digits = np.empty(board.size, np.uint8)
        shuffle_numbers(rng, digits)
        return regions, units, (digits + np.uint8(1))[completions[below(rng, len(completions))] - 1]
    while True:
        if board.regions:
            regions = random_regions(rng, board.size, 3)
        units = board.units((1 + regions * (board.size + 1)).astype(np.uint8))
        found = solve(np.zeros(area, np.uint8), units, 1, DRAWN_SWEEPS, rng)
        if found:
            return regions, units, found[0]


@cache
def _completions(units: bytes, size: int) -> np.ndarray:
    """All grids whose first row is 1, 2, ..., [n, L] uint8 digits: 12 of 4×4, 39,168 of 6×6."""
    givens = np.zeros(size * size, np.uint8)
    givens[:size] = np.arange(1, size + 1)
    found = solve(givens, np.frombuffer(units, np.int64).reshape(-1, size), 1 << 16, ENDLESS)
    assert found is not None
    return np.stack(found)
