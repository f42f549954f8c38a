"""Sudokus typed: digits, and the regions of jigsaws."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.edit import BLANK_KEYS, Editing, Key, clearing

BLANK = 1
REGION = 10  # tokens of each region of a jigsaw


class JigsawEditing(Editing):
    """Keys change the digits; drawing on changes regions, which begin as boxes."""

    def empty(self, shape: tuple[int, int]) -> np.ndarray:
        rows, columns = np.indices(shape)
        return (BLANK + REGION * (rows // 3 * 3 + columns // 3)).astype(np.uint8)

    def put(self, question: np.ndarray, cell: tuple[int, int], key: Key) -> np.ndarray:
        """The key's digit in the cell's own region."""
        changed = question.copy()
        changed[cell] = _region(question[cell]) + key.token
        return changed

    def draw(self, question: np.ndarray, cell: tuple[int, int], to: tuple[int, int]) -> np.ndarray:
        """Take the cell ``to`` into the region of ``cell``; its digit stays."""
        changed = question.copy()
        changed[to] = question[to] - _region(question[to]) + _region(question[cell])
        return changed


def sudoku_editing(name: str, vocabulary: tuple[str, ...]) -> Editing:
    """Of Sudokus whose ``vocabulary`` is padding, a blank and then a character for each symbol."""
    symbols = vocabulary[2:]
    shape = len(symbols), len(symbols)
    return Editing(name, _keys(symbols), fill=BLANK, shape=shape, counts=True, sound="{givens} givens")


def jigsaw_editing(name: str) -> Editing:
    """Of jigsaws."""
    return JigsawEditing(
        name,
        _keys("123456789"),
        fill=BLANK,
        shape=(9, 9),
        counts=True,
        sound="{givens} givens",
        draws="Region on",
    )


def _keys(symbols: str | tuple[str, ...]) -> tuple[Key, ...]:
    """A key for each symbol; what is no symbol and stands for a blank in writing makes one."""
    runs = ["".join(symbol.lower() for symbol in symbols if symbol.isdigit() == digits) for digits in (True, False)]
    shown = " ".join(f"{run[0]}-{run[-1]}" for run in runs if run)
    digits = (
        Key((symbol, symbol.lower()), "Digit, go on", token, go=1, shown=shown)
        for token, symbol in enumerate(symbols, BLANK + 1)
    )
    blanks = tuple(name for name in BLANK_KEYS if name not in symbols)
    return *digits, Key(blanks, "Blank, go on", BLANK, go=1), *clearing(BLANK)


def _region(token: np.uint8) -> int:
    """The first token of a token's region, less one."""
    return (int(token) - BLANK) // REGION * REGION
