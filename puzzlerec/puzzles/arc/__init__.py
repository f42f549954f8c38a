"""ARC: coloured grids, and what makes one of another."""

from puzzlerec.puzzles.arc.grammar import ArcGrammar
from puzzlerec.puzzles.arc.rules import ARC

KINDS = (ARC,)
GRAMMAR = ArcGrammar(KINDS)
