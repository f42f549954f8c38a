"""The tokens of a maze's cells, and how large a maze may be."""

from __future__ import annotations

WALL, FREE, START, GOAL, PATH = 1, 2, 3, 4, 5
CHARACTERS = "?# SGo"  # the character of each token
SMALLEST, LARGEST = 2, 200  # rows or columns
