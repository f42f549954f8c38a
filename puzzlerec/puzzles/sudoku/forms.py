"""How Sudokus are written: cells, rules and decoration, whatever the kind.

A *line* is all cells in reading order, a *grid* one row a line. A blank is ``.``, ``0`` or ``_``. Spaces, ``|``, ``!``,
``:``, ``,``, ``;``, ``+``, ``-`` and box-drawing characters between cells are decoration, lines that hold nothing else
are rules, and ``#`` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from puzzlerec.puzzles.base import PuzzleError

Cells = list[tuple[int, str]]  # of one line: the column of each, from 1, and what stands there

_DECORATION = "|!:+,;\u2500-\u257f-"
_RULE = re.compile(r"[-+|:!,;=*'.\s\u2500-\u257f]*")  # a rule may have dots for corners, as in .---.---.
_RUN = re.compile(r"--|==")
_CELL = re.compile(rf"[^\s{_DECORATION}]")
_FIELD = re.compile(rf"[^\s{_DECORATION}]+")


def cells_of(line: str) -> Cells:
    """The cells in one line of text, a character each; none if it is a rule, a comment or empty.

    A character that is no cell of any Sudoku counts as one: it stands where a cell should.
    """
    return _found(_CELL, line)


def fields_of(line: str) -> Cells:
    """As `cells_of`, where characters that stand together make one cell, such as ``16``."""
    return _found(_FIELD, line)


def _found(pattern: re.Pattern[str], line: str) -> Cells:
    line = line.partition("#")[0]
    if _RULE.fullmatch(line) and ("." not in line or _RUN.search(line)):
        return []
    return [(match.start() + 1, match[0]) for match in pattern.finditer(line)]


def rows_of(text: str, fields: bool = False) -> list[tuple[int, Cells]]:
    """The lines of ``text`` that hold cells (or fields), each with its number from 1."""
    read = fields_of if fields else cells_of
    return [(number, cells) for number, line in enumerate(text.split("\n"), 1) if (cells := read(line))]


def require_size(rows: Sequence[tuple[int, Cells]], size: int, title: str) -> None:
    """Raises `PuzzleError`, with the place, unless ``rows`` are a line of size² cells or ``size`` rows of as many."""
    if not rows:
        raise PuzzleError(f"There are no cells here; a {title} has {size * size}.")
    one_line = len(rows) == 1
    width = size * size if one_line else size
    for index, (number, cells) in enumerate(rows, 1):
        if len(cells) != width:
            column = cells[-1][0] + len(cells[-1][1]) if len(cells) < width else cells[width][0]
            what = "The line" if one_line else f"Row {index}"
            message = f"{what} has {len(cells)} cells instead of {width} ({title}). Blanks are written . or 0."
            raise PuzzleError(message, line=number, column=column)
    if not one_line and len(rows) != size:
        line = rows[size][0] if len(rows) > size else rows[-1][0]
        remedy = "Separate grids by an empty line." if len(rows) > size else "Add what is missing."
        raise PuzzleError(f"The grid has {len(rows)} rows, a {title} has {size}. {remedy}", line=line)


def boxed(rows: Sequence[Sequence[str]], box: tuple[int, int], between: str = "", around: str = "") -> str:
    """Cells [N, N] as a grid with bars and rules between boxes of (rows, columns)."""
    size, (height, width) = len(rows), box
    length = sum(map(len, rows[0][:width])) + len(between) * (width - 1)
    rule = f"{'-' * len(around)}+{'-' * len(around)}".join(["-" * length] * (size // width))
    lines: list[str] = []
    for index, row in enumerate(rows):
        if index and index % height == 0:
            lines.append(rule)
        parts = [between.join(row[start : start + width]) for start in range(0, size, width)]
        lines.append(f"{around}|{around}".join(parts))
    return "\n".join(lines)
