"""Sudoku: every unit holds each digit once."""

from puzzlerec.puzzles.sudoku.grammar import SudokuGrammar
from puzzlerec.puzzles.sudoku.rules import SUDOKUS

KINDS = SUDOKUS
GRAMMAR = SudokuGrammar(KINDS)
