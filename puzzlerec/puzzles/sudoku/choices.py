"""What Sudokus somebody may have generated."""

from __future__ import annotations

from puzzlerec.puzzles.choices import Choice

_DIFFICULTIES = {  # settings of the generator -> in words
    "plain": "any minimal puzzle",
    "few": "at most 22 givens",
    "hard": "takes a solver 6 to 40 guesses",
    "extreme": "20 to 150 guesses, and no short cut",
}


def _only(difficulty: str) -> dict[str, float]:
    return {name: float(name == difficulty) for name in _DIFFICULTIES}


CHOICES = {  # by the name of the kind
    "sudoku": tuple(
        Choice(f"Sudoku 9x9, {name}", about, "sudoku", _only(name)) for name, about in _DIFFICULTIES.items()
    ),
    "sudoku-4x4": (Choice("Sudoku 4x4", "for a first look", "sudoku-4x4"),),
    "sudoku-6x6": (Choice("Sudoku 6x6", "boxes of 2 rows and 3 columns", "sudoku-6x6"),),
    "sudoku-16x16": (Choice("Sudoku 16x16", "for a long evening", "sudoku-16x16"),),
    "sudoku-x": (Choice("Sudoku X", "9x9, each digit once on both diagonals too", "sudoku-x"),),
    "jigsaw": (Choice("Jigsaw Sudoku", "9x9, irregular regions for boxes", "jigsaw"),),
}
