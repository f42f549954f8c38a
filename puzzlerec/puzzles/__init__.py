"""What a puzzle is: text in, tokens, rules, text out."""

from puzzlerec.puzzles.arc.rules import Arc
from puzzlerec.puzzles.base import NO_SOLUTION, SEVERAL_SOLUTIONS, Puzzle, PuzzleError, PuzzleKind, Symmetry, Verdict
from puzzlerec.puzzles.characters.rules import Characters
from puzzlerec.puzzles.choices import Choice
from puzzlerec.puzzles.maze.rules import Maze
from puzzlerec.puzzles.reading import Reading, read, readings
from puzzlerec.puzzles.registry import KINDS, get, register
from puzzlerec.puzzles.sudoku.rules import Sudoku

__all__ = [
    "KINDS",
    "NO_SOLUTION",
    "SEVERAL_SOLUTIONS",
    "Arc",
    "Characters",
    "Choice",
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
    "readings",
    "register",
]
