"""What a puzzle is: text in, tokens, rules, text out."""

from puzzlerec.puzzles.arc import Arc
from puzzlerec.puzzles.base import NO_SOLUTION, Puzzle, PuzzleError, PuzzleKind, Symmetry, Verdict
from puzzlerec.puzzles.characters import Characters
from puzzlerec.puzzles.kinds import KINDS, get
from puzzlerec.puzzles.maze import Maze
from puzzlerec.puzzles.reading import Reading, read
from puzzlerec.puzzles.sudoku import Sudoku

__all__ = [
    "KINDS",
    "NO_SOLUTION",
    "Arc",
    "Characters",
    "Maze",
    "Puzzle",
    "PuzzleError",
    "PuzzleKind",
    "Reading",
    "Sudoku",
    "Symmetry",
    "Verdict",
    "get",
    "read",
]
