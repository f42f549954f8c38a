"""The puzzle kinds by name, and how the puzzles of each family are written.

A family is a folder with its ``KINDS`` and its ``GRAMMAR``. Whoever has a kind of one's own adds it by `register`.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from puzzlerec.puzzles import arc, characters, maze, sudoku
from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import Grammar

KINDS: dict[str, PuzzleKind] = {}  # by name
GRAMMARS: dict[str, Grammar] = {}  # by family; of two that a text resembles as much, the earlier one reads it


def register(kinds: Sequence[PuzzleKind], grammar: Grammar | None = None) -> None:
    """Adds kinds of one family. Their puzzles are written as ``grammar`` says, by default as `Grammar` does.

    Kinds that join a family need a grammar that knows all of it. Raises `ValueError` for a name that is taken, for
    kinds of several families, and for a family that has a grammar already where none is given.
    """
    families = {kind.family for kind in kinds}
    if len(families) != 1:
        raise ValueError(f"kinds of one family are registered together, not of {sorted(families)}")
    if taken := [kind.name for kind in kinds if kind.name in KINDS]:
        raise ValueError(f"there are puzzle kinds called {', '.join(taken)} already")
    (family,) = families
    if grammar is None and family in GRAMMARS:
        raise ValueError(f"the family {family!r} needs a grammar that knows {', '.join(kind.name for kind in kinds)}")
    KINDS.update((kind.name, kind) for kind in kinds)
    GRAMMARS[family] = grammar or Grammar(kinds)


for _family in (sudoku, maze, arc, characters):
    register(_family.KINDS, _family.GRAMMAR)


def get(name: str) -> PuzzleKind:
    """The kind that is called ``name``. Raises `PuzzleError`, which lists the names, if there is none."""
    if name in KINDS:
        return KINDS[name]
    nearest = get_close_matches(name, KINDS, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise PuzzleError(f"No puzzle kind is called {name!r}; there are {', '.join(KINDS)}.{hint}")
