"""Mazes: the shortest path from S to G."""

from puzzlerec.puzzles.maze.grammar import MazeGrammar
from puzzlerec.puzzles.maze.rules import MAZE

KINDS = (MAZE,)
GRAMMAR = MazeGrammar(KINDS)
