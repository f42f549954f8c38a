"""How mazes stand in a text: as lines, or as grids with an empty line between them.

What follows a line after a tab is ignored. A line of spaces is not empty: it is a row of free cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import MOST_COLUMNS, Foreign, Grammar, Passage, too_long
from puzzlerec.puzzles.maze.rules import MAZE
from puzzlerec.puzzles.maze.tokens import LARGEST

_ROW = re.compile(r"[# o]*[SG][# SGo]*")


class MazeGrammar(Grammar):
    """A text is of mazes if S or G stands in a line of their characters, or nothing else is in it."""

    words = "mazes"
    row_words = "a row of a maze"

    def resembles(self, line: str) -> int:
        """The characters of a line of which four in five are a maze's."""
        visible = _visible(line)
        maze = sum(map(visible.count, "#SGo"))
        return maze if 5 * maze >= 4 * len(visible) else 0

    def score(self, lines: Sequence[str]) -> float:
        rows = [line for line in lines if self.resembles(line)]
        ends = any("S" in _visible(row) or "G" in _visible(row) for row in rows)
        return sum(map(self.resembles, rows)) if ends else 0.5 * bool(rows)  # walls alone may be another's comments

    def claims(self, line: str) -> bool:
        """A row with S or G and a wall, which is the same as a comment's mark."""
        return "#" in line and _ROW.fullmatch(line) is not None

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        start = 0
        while start < len(lines):
            if not lines[start]:
                start += 1
                continue
            end = start
            while end < len(lines) and lines[end]:
                end += 1
            yield from self._block(lines[start:end], start + 1)
            start = end

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        return Passage(MAZE, text, "line", line, column)

    def _block(self, lines: Sequence[str], first: int) -> Iterator[Passage | PuzzleError]:
        """Lines without an empty one between them: one maze, or a maze a line."""
        if not any(line.strip() for line in lines):
            return
        with_end = [line for line in lines if "S" in line or "G" in line]
        with_both = [line for line in with_end if "S" in line and "G" in line]
        maze_a_line = len(with_end) > 1 and 2 * len(with_both) >= len(with_end)
        if len(lines) == 1 or maze_a_line or max(map(len, lines)) > LARGEST:
            for number, line in enumerate(lines, first):
                if len(line) > MOST_COLUMNS:
                    yield too_long(line, number)
                else:
                    yield Passage(MAZE, line.partition("\t")[0], "line", number)
            return
        for letter in "SG":
            count = sum(line.count(letter) for line in lines)
            if count > 1:
                holders = (index for index, line in enumerate(lines) for character in line if character == letter)
                second = next(islice(holders, 1, None))
                message = f"The maze has {count} {letter}. It must have one, and an empty line separates mazes."
                yield PuzzleError(message, line=first + second, column=lines[second].rfind(letter) + 1)
                return
        yield Passage(MAZE, "\n".join(lines), "grid", first)


def _visible(line: str) -> str:
    return "".join(line.partition("\t")[0].split())[: LARGEST * LARGEST]
