"""Grids for the eye: on a terminal, in 80 columns, with colour or without.

What is given, what was filled in and what breaks a rule are told apart by colour, and also by weight or by a mark
(``!`` behind an offending cell), so that ``NO_COLOR`` and colour-blind readers lose nothing. ARC's colours are told
apart by digits where there are none, or on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from puzzlerec.puzzles import Arc, Characters, Maze, Puzzle, Sudoku
from puzzlerec.puzzles.arc.canvas import decode

if TYPE_CHECKING:
    import numpy as np

FRAME, GIVEN, FILLED, OFFENDING, OPEN = "dim", "bold", "cyan", "white on red", "dim"
MARK = "!"
WALL, FREE, START, GOAL, PATH = 1, 2, 3, 4, 5  # the maze's tokens

PALETTE = (
    "#000000", "#0074D9", "#FF4136", "#2ECC40", "#FFDC00", "#AAAAAA", "#F012BE", "#FF851B", "#7FDBFF", "#870C25"
)  # fmt: skip  # ARC's colours 0 to 9
_ON_DARK, _ON_LIGHT, _FAINT = "#FFFFFF", "#000000", "#555555"
_DARK = (0, 1, 9)  # colours on which black cannot be read

_LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"  # of a path, by the sum of its openings: up 1, down 2, left 4, right 8


def draw(puzzle: Puzzle, tokens: np.ndarray, offending: np.ndarray, width: int, unicode: bool = True) -> Text:
    """``tokens [H, W]``, the answer to ``puzzle`` or its question, with the ``offending [H, W]`` cells marked.

    No line is longer than ``width`` unless the puzzle itself, written as text, is.
    """
    if isinstance(puzzle.kind, Sudoku):
        return _draw_sudoku(puzzle.kind, puzzle.question, tokens, offending, unicode)
    if isinstance(puzzle.kind, Maze):
        columns = 2 if 2 * tokens.shape[1] <= width else 1
        return _draw_maze(tokens, offending, columns, unicode)
    if isinstance(puzzle.kind, Characters):
        return _draw_line(puzzle.kind, puzzle.question, tokens, offending)
    if isinstance(puzzle.kind, Arc):
        return Text("\n").join(_arc_rows(decode(tokens), digits=True, colour=False, unicode=unicode))
    return Text(puzzle.kind.format(tokens, puzzle.layout))


def draw_pair(
    question: np.ndarray, answer: np.ndarray | None, width: int, *, digits: bool, colour: bool, unicode: bool = True
) -> Text:
    """An ARC pair: grids ``[H, W]`` of colours 0 to 9 with an arrow between them, beside one another if there is room.

    A cell is two characters wide, and shows its digit if ``digits`` or not ``colour``. No answer is a question mark.
    """
    arrow, down = ("→", "↓") if unicode else ("->", "v")
    left = _arc_rows(question, digits=digits, colour=colour, unicode=unicode)
    right = [Text("?")] if answer is None else _arc_rows(answer, digits=digits, colour=colour, unicode=unicode)
    columns = max(row.cell_len for row in left)
    if columns + 6 + max(row.cell_len for row in right) > width:
        return Text("\n", no_wrap=True).join([*left, Text(down, FRAME), *right])
    rows = []
    for number in range(max(len(left), len(right))):
        row = left[number].copy() if number < len(left) else Text(" " * columns)
        row.append(f"  {arrow if number == 0 else '':<2}  ", FRAME)
        rows.append(row.append_text(right[number]) if number < len(right) else row)
    return Text("\n", no_wrap=True).join(rows)


def _arc_rows(grid: np.ndarray, *, digits: bool, colour: bool, unicode: bool) -> list[Text]:
    if not grid.size:
        return [Text("(no grid)", OPEN)]
    rows = []
    for cells in grid.tolist():
        row = Text()
        for cell in cells:
            if not colour:
                row.append(f"{cell} ")
            elif digits:
                row.append(f"{cell} ", f"{_ON_DARK if cell in _DARK else _ON_LIGHT} on {PALETTE[cell]}")
            else:  # a dot shows where black cells are on a black screen
                row.append(("· " if unicode else ". ") if cell == 0 else "  ", f"{_FAINT} on {PALETTE[cell]}")
        rows.append(row)
    return rows


def _draw_sudoku(kind: Sudoku, question: np.ndarray, tokens: np.ndarray, offending: np.ndarray, unicode: bool) -> Text:
    box_rows, box_columns = kind.box
    given = kind.given(question)
    bar, dash, blank = ("│", "─", "·") if unicode else ("|", "-", ".")
    spans = [dash * (2 * box_columns + 1)] * (kind.size // box_columns)
    corners = ("╭┬╮", "├┼┤", "╰┴╯") if unicode else ("+++",) * 3
    top, middle, bottom = (corner[0] + corner[1].join(spans) + corner[2] for corner in corners)
    drawing = Text(no_wrap=True)
    drawing.append(top + "\n", FRAME)
    for row in range(kind.size):
        if row and row % box_rows == 0:
            drawing.append(middle + "\n", FRAME)
        for column in range(kind.size):
            if column % box_columns == 0:
                drawing.append(bar + " ", FRAME)
            token = tokens[row, column]
            character = kind.vocabulary[token] if 1 < token < len(kind.vocabulary) else blank
            if offending[row, column]:
                drawing.append(character + MARK, f"{OFFENDING} {GIVEN}" if given[row, column] else OFFENDING)
            else:
                style = GIVEN if given[row, column] else OPEN if character == blank else FILLED
                drawing.append(character, style).append(" ")
        drawing.append(bar + "\n", FRAME)
    return drawing.append(bottom, FRAME)


def _draw_line(kind: Characters, question: np.ndarray, tokens: np.ndarray, offending: np.ndarray) -> Text:
    """The prompt, and the result in colour; what offends behind its end is a mark alone."""
    drawing = Text(no_wrap=True).append(kind.start, GIVEN)
    given = kind.given(question)
    shown = len(kind.format(tokens)) - len(kind.start)
    for cell, token in enumerate(tokens.flat):
        wrong = offending.flat[cell]
        if cell < shown:
            style = OFFENDING if wrong else GIVEN if given.flat[cell] else FILLED
            drawing.append(kind.vocabulary[token], style)
        if wrong:
            drawing.append(MARK, OFFENDING)
    return drawing


def _draw_maze(tokens: np.ndarray, offending: np.ndarray, columns: int, unicode: bool) -> Text:
    """Each cell is ``columns`` (1 or 2) characters wide; the path is a line through its cells."""
    height, width = tokens.shape
    on_path = tokens >= START
    drawing = Text(no_wrap=True)
    for row in range(height):
        for column in range(width):
            token, right = tokens[row, column], column + 1 < width and on_path[row, column + 1]
            openings = (
                (row > 0 and on_path[row - 1, column])
                + 2 * (row + 1 < height and on_path[row + 1, column])
                + 4 * (column > 0 and on_path[row, column - 1])
                + 8 * right
            )
            if token == WALL:
                cell, style = ("█" if unicode else "#") * 2, FRAME
            elif token in (START, GOAL):
                cell, style = "SG"[token - START] + (" " if not right else "─" if unicode else "o"), GIVEN
            elif token == PATH:
                cell = (_LINES[openings] + "─ "[not right]) if unicode else "o" + "o "[not right]
                style = FILLED
            else:
                cell, style = "  ", ""
            if offending[row, column]:
                cell, style = (cell[0] + MARK if columns == 2 else cell[0].replace(" ", MARK)), OFFENDING
            drawing.append(cell[:columns], style)
        if row + 1 < height:
            drawing.append("\n")
    return drawing
