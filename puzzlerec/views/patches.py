"""Pictures as characters: ARC's grids, whose cells are two characters wide, or one, or half of one.

Colours are told apart by digits too, on request and where there are no colours; black cells have a dot, which shows
where they are on a black screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from puzzlerec.views.palette import legible

FAINT = "#808080"  # the ink of a second cue, before it is made to be read


class Cell(NamedTuple):
    """The size in which cells are drawn."""

    columns: int  # characters that a cell is wide
    rows: int  # cells that a line of characters is high


GAP = Text("   ")  # between blocks
CELLS = (Cell(2, 1), Cell(1, 1), Cell(1, 2))  # the largest first; the last has colours alone


class Block(NamedTuple):
    """Lines that belong together, and how wide they are."""

    lines: Sequence[Text]
    width: int

    @classmethod
    def of(cls, lines: Sequence[Text]) -> Block:
        return cls(lines, max((cell_len(line.plain) for line in lines), default=0))


def patches(
    picture: np.ndarray, palette: Sequence[str], cell: Cell, *, digits: bool, colour: bool, unicode: bool = True
) -> Block:
    """``picture`` [H, W], numbers of colours of the ``palette``, in cells of this size."""
    if not picture.size:
        return Block.of([Text("(no grid)")])
    if cell.rows == 2 and colour and unicode:
        return Block.of([_halves(picture[row : row + 2], palette) for row in range(0, len(picture), 2)])
    dot = "·" if unicode else "."
    styles = [f"{legible(FAINT, paper)} on {paper}" if colour else "" for paper in palette]
    lines = []
    for row in picture.tolist():
        line = Text(no_wrap=True)
        for number in row:
            sign = dot if number == 0 else str(number) if digits or not colour else " "
            line.append(f"{sign:<{cell.columns}}", styles[number])
        lines.append(line)
    return Block.of(lines)


def _halves(rows: np.ndarray, palette: Sequence[str]) -> Text:
    """One or two rows of cells in one line."""
    line = Text(no_wrap=True)
    for column in range(rows.shape[1]):
        upper = palette[rows[0, column]]
        line.append("▀", f"{upper} on {palette[rows[1, column]]}" if len(rows) == 2 else upper)
    return line


def beside(*blocks: Block, gap: Text = GAP) -> Block:
    """The blocks side by side, the first lines level; ``gap`` stands between the first lines, blanks below."""
    lines = []
    for number in range(max(len(block.lines) for block in blocks)):
        line = Text(no_wrap=True)
        for place, block in enumerate(blocks):
            if place:
                line.append(gap if number == 0 else Text(" " * gap.cell_len))
            part = block.lines[number].copy() if number < len(block.lines) else Text()
            part.pad_right(block.width - cell_len(part.plain))
            line.append_text(part)
        lines.append(line)
    return Block.of(lines)


def flowing(blocks: Sequence[Block], width: int) -> list[Text]:
    """The blocks one after the other, as many beside one another as ``width`` has room for, an empty line between."""
    lines: list[Text] = []
    row: list[Block] = []
    for block in [*blocks, None]:
        taken = sum(one.width + 3 for one in row)
        if row and (block is None or taken + block.width > width):
            lines += [Text()] * bool(lines) + list(beside(*row).lines)
            row = []
        if block is not None:
            row.append(block)
    return lines
