"""Random 4×4 and 6×6 Sudokus with one solution each.

There are only 2 essentially different grids of 4×4 and 49 of 6×6, so that training and test cannot be split by grid:
they differ by puzzle, up to symmetry. Within a split no puzzle is there twice, but symmetric copies may be. A puzzle is
minimal or has some spare clues, up to as many as its size: of minimal ones alone there would be too few classes of 4×4.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator
from puzzlerec.puzzles.kernels import below, hash_rows, shuffle_numbers
from puzzlerec.puzzles.sudoku.exact import BOXES, solve_sudoku
from puzzlerec.puzzles.sudoku.search import class_hash

CHUNK = 64


class SmallSudoku(Generator):
    """Sudokus 4×4 or 6×6; no settings."""

    version = "random 1"

    def __init__(self, size: int) -> None:
        if size not in (4, 6):
            raise DatasetError(f"Sudokus come in the sizes 4, 6 and 9, not {size}.")
        super().__init__((size, size))
        self.size = size

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        box = BOXES[self.size]
        pairs = [_puzzle(self.size, rng) for _ in range(CHUNK)]
        inputs = np.stack([question.reshape(-1) for question, _ in pairs])
        labels = np.stack([answer.reshape(-1) for _, answer in pairs])
        classes = np.array([class_hash(a - 1, q - 1, *box) for q, a in zip(inputs, labels, strict=True)], np.uint64)
        keys = hash_rows(inputs)
        return Chunk(inputs, labels, keys, classes)


def _puzzle(size: int, rng: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A question and its answer, [N, N] uint8 tokens each."""
    answer = _grid(size, rng)
    question = answer.copy()
    order = np.empty(size * size, np.uint8)
    shuffle_numbers(rng, order)
    spare = below(rng, size + 1)
    removable = []
    for cell in order:
        clue = question.flat[cell]
        question.flat[cell] = 1
        if len(solve_sudoku(question)) > 1:
            question.flat[cell] = clue
        else:
            removable.append(cell)
    for cell in removable[len(removable) - spare :]:
        question.flat[cell] = answer.flat[cell]
    return question, answer


def _grid(size: int, rng: np.ndarray) -> np.ndarray:
    """A random full grid, all equally likely."""
    completions = _completions(size)
    digits = np.empty(size, np.uint8)
    shuffle_numbers(rng, digits)
    tokens = np.concatenate([[0, 1], digits + 2]).astype(np.uint8)
    return tokens[completions[below(rng, len(completions))]]


@cache
def _completions(size: int) -> np.ndarray:
    """All grids whose first row is 1, 2, ..., [n, N, N] uint8 tokens: 12 of 4×4, 39,168 of 6×6."""
    grid = np.ones((size, size), np.uint8)
    grid[0] = np.arange(size) + 2
    return np.stack(solve_sudoku(grid, 1 << 16))
