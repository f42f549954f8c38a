"""The puzzle kinds by name."""

from __future__ import annotations

from difflib import get_close_matches

from puzzlerec.puzzles.arc.rules import ARC
from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.characters.rules import CHARACTERS
from puzzlerec.puzzles.maze.rules import MAZE
from puzzlerec.puzzles.sudoku import KINDS as SUDOKUS

KINDS: dict[str, PuzzleKind] = {kind.name: kind for kind in (*SUDOKUS, MAZE, ARC, *CHARACTERS)}


def get(name: str) -> PuzzleKind:
    """The kind that is called ``name``. Raises `PuzzleError`, which lists the names, if there is none."""
    if name in KINDS:
        return KINDS[name]
    nearest = get_close_matches(name, KINDS, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise PuzzleError(f"No puzzle kind is called {name!r}; there are {', '.join(KINDS)}.{hint}")
