"""Sudoku 16x16, whose symbols need more than ten characters.

The forms, of which a text says by what occurs in it which one it is:

- *line*: hexadecimal, symbols ``0`` to ``F``, blank ``.``; a grid of such characters is read too.
- *letters*: symbols ``1`` to ``9`` and ``A`` to ``G``; blank ``_``, ``.`` or ``0``. It is this one if ``G`` or ``_``
  occurs, or if ``0`` stands where ``.`` never does and more often than a symbol can.
- *grid*: numbers ``1`` to ``16``, blank ``.``, ``_`` or ``0``, with white space or bars between them. It is this one if
  numbers of two digits stand by themselves, or if every cell does and none is a letter.
"""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.base import PuzzleError
from puzzlerec.puzzles.sudoku.forms import Cells, boxed, fields_of, require_size, rows_of
from puzzlerec.puzzles.sudoku.rules import BLANK, Sudoku

HEXADECIMAL = "0123456789ABCDEF"
LETTERS = "123456789ABCDEFG"


class LargeSudoku(Sudoku):
    """Sudoku 16x16, boxes 4x4."""

    layouts = ("line", "letters", "grid")

    def _characters(self) -> tuple[str, ...]:
        return (".", *HEXADECIMAL)

    def parse(self, text: str) -> np.ndarray:
        layout, rows = self.layout_of(text), self._rows(text)
        tokens = [self._token_in(layout, *cell, number) for number, cells in rows for cell in cells]
        require_size(rows, self.size, self.title)
        return np.array(tokens, np.uint8).reshape(self.shape)

    def _rows(self, text: str) -> list[tuple[int, Cells]]:
        return rows_of(text, fields=self.layout_of(text) == "grid")

    def recognises(self, text: str) -> bool:
        """Sixteen lines that could each be a 4x4 Sudoku are none."""
        rows = self._rows(text)
        small = len(rows) > 1 and all(cell in "._01234" for _, cells in rows for _, cell in cells)
        return super().recognises(text) and not small

    def layout_of(self, text: str) -> str:
        fields = [field for line in text.split("\n") for _, field in fields_of(line)]
        longest = max(map(len, fields), default=0)
        if longest == 1 and not any(map(str.isalpha, fields)):
            return "grid"
        if longest == 2 and any(len(field) == 2 and field.isdecimal() for field in fields):
            return "grid"
        cells = "".join(fields).upper()
        zeros_are_blanks = "." not in cells and cells.count("0") > self.size
        return "letters" if "G" in cells or "_" in cells or zeros_are_blanks else "line"

    def _token_in(self, layout: str, column: int, cell: str, line: int) -> int:
        symbols = HEXADECIMAL if layout == "line" else LETTERS
        if layout == "grid":
            symbol = int(cell) if cell.isascii() and cell.isdecimal() and int(cell) <= self.size else -1
        else:
            symbol = symbols.find(cell.upper()) + 1 or -1
        if symbol > 0:
            return symbol + BLANK
        if cell in ("._" if layout == "line" else "._0"):
            return BLANK
        known = f"1-{self.size}" if layout == "grid" else f"{symbols[0]}-9 and A-{symbols[-1]}"
        message = f"{cell!r} is no cell of a {self.title}: write {known}, and . for a blank."
        raise PuzzleError(message, line=line, column=column)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """A line of hexadecimal digits, a line of 1-9 and A-G, or a grid of numbers."""
        self._require_shape(grid)
        self._require_layout(layout)
        if layout == "grid":
            return boxed([[self._number(token) for token in row] for row in grid.tolist()], (4, 4), " ", " ")
        characters = self.vocabulary if layout == "line" else ("?", "_", *LETTERS)
        return "".join(characters[token] if token < len(characters) else "?" for token in grid.flat)

    def _number(self, token: int) -> str:
        if BLANK <= token <= self.size + BLANK:
            return f"{'.' if token == BLANK else token - BLANK:>2}"
        return " ?"
