"""How mazes stand in a text: as lines, or as grids with an empty line, or a title, between them.

What follows a line after a tab is ignored. A line of spaces is not empty: it is a row of free cells. What other people
write for walls and ends is in `drawings`; answers are written in this project's own characters all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from math import isqrt

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import MOST_COLUMNS, Foreign, Grammar, Passage, too_long
from puzzlerec.puzzles.maze import drawings
from puzzlerec.puzzles.maze.rules import MAZE
from puzzlerec.puzzles.maze.tokens import LARGEST

_ROW = re.compile(r"[# o]*[SG][# SGo]*")


class MazeGrammar(Grammar):
    """A text is of mazes by its drawings, or if S or G stands in a line of a maze, or nothing else is there."""

    words = "mazes"
    row_words = "a row of a maze"

    def resembles(self, line: str) -> int:
        """The characters of a line of which four in five are a maze's."""
        visible = _visible(line)
        maze = sum(map(visible.count, "#SGo"))
        return maze if 5 * maze >= 4 * len(visible) else 0

    def score(self, lines: Sequence[str]) -> float:
        drawn = (grid for _, block in _blocks(lines) for _, grid in _grids(block) if _is_drawing(grid, False))
        if drawings_score := sum(2 * len(_visible(row)) for grid in drawn for row in grid):
            return drawings_score
        rows = [line for line in lines if self.resembles(line)]
        ends = any("S" in _visible(row) or "G" in _visible(row) for row in rows)
        return sum(map(self.resembles, rows)) if ends else 0.5 * bool(rows)  # walls alone may be another's comments

    def claims(self, line: str) -> bool:
        """A row with S or G and a wall, which is the same as a comment's mark."""
        return "#" in line and _ROW.fullmatch(line) is not None

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        for first, block in _blocks(lines):
            yield from self._block(block, first, kind)

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        return _drawn((text,), "line", line, column, kind is not None)

    def _block(self, lines: Sequence[str], first: int, kind: PuzzleKind | None) -> Iterator[Passage | PuzzleError]:
        """Lines without an empty one between them: mazes with titles between them, or a maze a line."""
        if not any(line.strip() for line in lines):
            return
        with_both = [line for line in lines if drawings.holds_ends(line) and _is_square(line)]
        with_end = [line for line in lines if "S" in line or "G" in line or drawings.holds_ends(line)]
        maze_a_line = len(with_end) > 1 and 2 * len(with_both) >= len(with_end)
        too_wide = max(map(len, lines)) > LARGEST and 2 * len(with_end) >= len(lines)
        if len(lines) == 1 or maze_a_line or too_wide:
            for number, line in enumerate(lines, first):
                if len(line) > MOST_COLUMNS:
                    yield too_long(line, number)
                else:
                    yield self.field(line.partition("\t")[0], number, 1, kind)
            return
        for start, rows in _grids(lines):
            yield self._grid(rows, first + start, kind is not None)

    def _grid(self, lines: Sequence[str], first: int, chosen: bool) -> Passage | PuzzleError:
        if _is_drawing(lines, chosen) or not any(letter in line for line in lines for letter in "SG"):
            return _drawn(lines, "grid", first, 1, chosen)
        for letter in "SG":
            count = sum(line.count(letter) for line in lines)
            if count > 1:
                holders = (index for index, line in enumerate(lines) for character in line if character == letter)
                second = next(islice(holders, 1, None))
                message = f"The maze has {count} {letter}. It must have one, and an empty line separates mazes."
                return PuzzleError(message, line=first + second, column=lines[second].rfind(letter) + 1)
        return Passage(MAZE, "\n".join(lines), "grid", first)


def _drawn(rows: Sequence[str], layout: str, line: int, column: int, chosen: bool) -> Passage | PuzzleError:
    """The maze in ``rows``, which start at this place of the file, whatever its characters."""
    drawing = drawings.Drawing(tuple(rows))
    try:
        if _is_drawing(rows, chosen):
            drawing = drawings.read(rows)
        elif drawings.is_native(rows):
            drawing = drawings.with_ends(drawing)
    except PuzzleError as error:
        return PuzzleError(error.message, line=line + error.line - 1, column=error.column and error.column + column - 1)
    return Passage(MAZE, "\n".join(drawing.rows), layout, line, column, drawing.note)


def _is_square(line: str) -> bool:
    cells = len(line.partition("\t")[0])
    return isqrt(cells) ** 2 == cells


def _is_drawing(rows: Sequence[str], chosen: bool) -> bool:
    return not drawings.is_native(rows) and drawings.resembles(rows, chosen)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Lines without an empty one between them, and the number of the first; one of spaces is not empty."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end]:
            end += 1
        if end > start:
            yield start + 1, lines[start:end]
        start = end + 1


def _grids(block: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows between titles, and where they start in the block, from 0."""
    start = 0
    for index, line in enumerate((*block, None)):
        if line is None or drawings.is_title(line):
            if index > start:
                yield start, block[start:index]
            start = index + 1


def _visible(line: str) -> str:
    return "".join(line.partition("\t")[0].split())[: LARGEST * LARGEST]
