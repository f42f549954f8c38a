"""What a board of units is: which kinds there are, and where every cell lies. For torch's candidates and NumPy's."""

from __future__ import annotations

import numpy as np

from .config import ModelConfig

ROW, COLUMN, REGION, CELL = range(4)  # the kinds of unit: a symbol in a row, a column, a region; a cell
UNIT_KINDS = 4
CLOSED = -1  # in place of a number: there is no such unit, no such symbol


def fixed_units(config: ModelConfig) -> list[tuple[int, np.ndarray]]:
    """Kinds of unit and which of each kind every cell [L] lies in, `CLOSED` for none: all but a jigsaw's regions."""
    rows, columns = config.grid
    cell = np.arange(rows * columns)
    row, column = cell // columns, cell % columns
    units, regions = [(ROW, row), (COLUMN, column)], config.regions
    if config.box is not None and not config.regions:
        height, width = config.box
        units.append((REGION, row // height * (columns // width) + column // width))
        regions = rows // height * (columns // width)
    if config.diagonals:
        for number, on_it in enumerate((row == column, row + column == rows - 1), regions):
            units.append((REGION, np.where(on_it, number, CLOSED)))
    return units
