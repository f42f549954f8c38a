"""Grids for the eye: on a terminal, in 80 columns, with colour or without.

What is given, what was filled in and what breaks a rule are told apart by colour, and also by weight or by a mark
(``!`` behind an offending cell), so that ``NO_COLOR`` and colour-blind readers lose nothing. The colours of pictures,
such as ARC's, are told apart by digits where there are none, or on request.
"""

from __future__ import annotations

import numpy as np
from rich.text import Text

from puzzlerec.puzzles import Puzzle
from puzzlerec.puzzles.look import Look
from puzzlerec.views.lines import LIGHT, PLAIN, RIGHT, ROUND, borders, frame, openings, places

FRAME, GIVEN, FILLED, OFFENDING, OPEN, CROSSED = "dim", "bold", "cyan", "white on red", "dim", "underline"
MARK = "!"
_ON_DARK, _ON_LIGHT, _FAINT = "#FFFFFF", "#000000", "#555555"
_BRIGHT = 100  # of 255: on colours at least as bright as this, black can be read


def draw(puzzle: Puzzle, tokens: np.ndarray, offending: np.ndarray, width: int, unicode: bool = True) -> Text:
    """``tokens [H, W]``, the answer to ``puzzle`` or its question, with the ``offending [H, W]`` cells marked.

    No line is longer than ``width`` unless the puzzle itself, written as text, is.
    """
    look = puzzle.kind.look
    if look.prompt is not None:
        return _draw_line(puzzle, look.prompt, tokens, offending)
    picture = look.picture(tokens)
    if picture is not None:
        return Text("\n").join(_rows(picture, look.palette, digits=True, colour=False, unicode=unicode))
    columns = 2 if 2 * tokens.shape[1] <= width else 1
    if look.line is not None:
        return _draw_path(look, tokens, offending, columns, unicode)
    return _draw_cells(puzzle, tokens, offending, columns, unicode)


def draw_pair(
    question: np.ndarray,
    answer: np.ndarray | None,
    palette: tuple[str, ...],
    width: int,
    *,
    digits: bool,
    colour: bool,
    unicode: bool = True,
) -> Text:
    """Two pictures ``[H, W]``, numbers of colours of the ``palette``, and an arrow between them.

    They are beside one another if there is room. A cell is two characters wide, and shows its digit if ``digits`` or
    not ``colour``. No answer is a question mark.
    """
    arrow, down = ("→", "↓") if unicode else ("->", "v")
    left = _rows(question, palette, digits=digits, colour=colour, unicode=unicode)
    right = [Text("?")] if answer is None else _rows(answer, palette, digits=digits, colour=colour, unicode=unicode)
    columns = max(row.cell_len for row in left)
    if columns + 6 + max(row.cell_len for row in right) > width:
        return Text("\n", no_wrap=True).join([*left, Text(down, FRAME), *right])
    rows = []
    for number in range(max(len(left), len(right))):
        row = left[number].copy() if number < len(left) else Text(" " * columns)
        row.append(f"  {arrow if number == 0 else '':<2}  ", FRAME)
        rows.append(row.append_text(right[number]) if number < len(right) else row)
    return Text("\n", no_wrap=True).join(rows)


def _rows(picture: np.ndarray, palette: tuple[str, ...], *, digits: bool, colour: bool, unicode: bool) -> list[Text]:
    if not picture.size:
        return [Text("(no grid)", OPEN)]
    rows = []
    for cells in picture.tolist():
        row = Text()
        for cell in cells:
            if not colour:
                row.append(f"{cell} ")
            elif digits:
                row.append(f"{cell} ", f"{_ink(palette[cell])} on {palette[cell]}")
            else:  # a dot shows where black cells are on a black screen
                row.append(("· " if unicode else ". ") if cell == 0 else "  ", f"{_FAINT} on {palette[cell]}")
        rows.append(row)
    return rows


def _ink(paper: str) -> str:
    """What can be read on a colour: black or white."""
    red, green, blue = (int(paper[at : at + 2], 16) for at in (1, 3, 5))
    return _ON_LIGHT if 0.3 * red + 0.59 * green + 0.11 * blue >= _BRIGHT else _ON_DARK


def _draw_cells(puzzle: Puzzle, tokens: np.ndarray, offending: np.ndarray, columns: int, unicode: bool) -> Text:
    """A character a cell, ``columns`` (1 or 2) wide, with lines between regions if there are several."""
    regions = puzzle.kind.look.regions(puzzle.question)
    framed = bool(borders(regions)[0].any())
    down, across = places(regions, (2 if framed else columns, 1), gap=1)
    table = ROUND if unicode else PLAIN
    canvas = ["".join(table[side] for side in line) for line in frame(regions, down, across)]
    cells = _cells(puzzle, tokens, offending, unicode)
    rows = dict(zip(down.starts.tolist(), cells, strict=True))
    drawing = Text(no_wrap=True)
    for y, line in enumerate(canvas):
        end = 0
        if y in rows:
            for start, cell in zip(across.starts.tolist(), rows[y], strict=True):
                cell = cell if framed else cell[:columns]
                drawing.append(line[end:start], FRAME).append_text(cell)
                end = start + len(cell)
        drawing.append(line[end:], FRAME)
        if y + 1 < len(canvas):
            drawing.append("\n")
    return drawing


def _cells(puzzle: Puzzle, tokens: np.ndarray, offending: np.ndarray, unicode: bool) -> list[list[Text]]:
    """Each cell in two characters, the second a mark if it is at fault."""
    kind, look, question = puzzle.kind, puzzle.kind.look, puzzle.question
    given, diagonals = kind.given(question), look.diagonals(question)
    rows = []
    for row in range(tokens.shape[0]):
        cells = []
        for column in range(tokens.shape[1]):
            token, blank = int(tokens[row, column]), tokens[row, column] in look.blanks
            character = "·" if blank and unicode else look.character(token)
            style = GIVEN if given[row, column] else OPEN if blank else FILLED
            if diagonals is not None and diagonals[row, column]:
                style = f"{style} {CROSSED}"
            if offending[row, column]:
                style = f"{OFFENDING} {GIVEN}" if given[row, column] else OFFENDING
            wrong = bool(offending[row, column])
            cells.append(Text().append(character, style).append(MARK if wrong else " ", style if wrong else None))
        rows.append(cells)
    return rows


def _draw_line(puzzle: Puzzle, prompt: str, tokens: np.ndarray, offending: np.ndarray) -> Text:
    """The prompt, and the result in colour; what offends behind its end is a mark alone."""
    look, given = puzzle.kind.look, puzzle.kind.given(puzzle.question)
    drawing = Text(no_wrap=True).append(prompt, GIVEN)
    shown = look.written(tokens)
    for cell, token in enumerate(tokens.flat):
        wrong = offending.flat[cell]
        if cell < shown:
            style = OFFENDING if wrong else GIVEN if given.flat[cell] else FILLED
            drawing.append(look.character(token), style)
        if wrong:
            drawing.append(MARK, OFFENDING)
    return drawing


def _draw_path(look: Look, tokens: np.ndarray, offending: np.ndarray, columns: int, unicode: bool) -> Text:
    """Each cell is ``columns`` (1 or 2) characters wide; the path is a line through its cells."""
    sides = openings(np.isin(tokens, look.joined))
    along = "─" if unicode else "o"
    drawing = Text(no_wrap=True)
    for row, line in enumerate(tokens.tolist()):
        for column, token in enumerate(line):
            side = sides[row, column]
            tail = along if side & RIGHT else " "
            if token == look.solid:
                cell, style = ("█" if unicode else "#") * 2, FRAME
            elif token in look.ends:
                cell, style = look.character(token) + tail, GIVEN
            elif token == look.line:
                cell, style = (LIGHT[side] if unicode else "o") + tail, FILLED
            else:
                cell, style = look.character(token) + " ", ""
            if offending[row, column]:
                cell, style = (cell[0] + MARK if columns == 2 else cell[0].replace(" ", MARK)), OFFENDING
            drawing.append(cell[:columns], style)
        if row + 1 < len(tokens):
            drawing.append("\n")
    return drawing
