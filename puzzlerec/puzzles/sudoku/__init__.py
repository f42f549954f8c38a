"""Sudoku: every unit holds each digit once."""

from puzzlerec.puzzles.sudoku.grammar import SudokuGrammar
from puzzlerec.puzzles.sudoku.jigsaw import Jigsaw
from puzzlerec.puzzles.sudoku.large import LargeSudoku
from puzzlerec.puzzles.sudoku.rules import Sudoku

# Of 16x16, X and jigsaw no fewer givens are proven to be needed than one of each digit but one.
KINDS: tuple[Sudoku, ...] = (
    Sudoku("sudoku", (3, 3), 17),
    Sudoku("sudoku-4x4", (2, 2), 4),
    Sudoku("sudoku-6x6", (2, 3), 8),
    LargeSudoku("sudoku-16x16", (4, 4), 15),
    Sudoku("sudoku-x", (3, 3), 8, diagonals=True, title="Sudoku X"),
    Jigsaw("jigsaw", None, 8, title="jigsaw Sudoku"),
)
GRAMMAR = SudokuGrammar(KINDS)
