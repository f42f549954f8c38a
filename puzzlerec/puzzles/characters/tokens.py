"""The tokens that all lines have in common, and how long an operand may be."""

from __future__ import annotations

PADDING, BLANK, END, FIRST = 0, 1, 2, 3  # from FIRST on, the task's own characters
LONGEST = 200  # characters of an operand
