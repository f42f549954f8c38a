"""The line over all: the puzzle, and where it comes from."""

from __future__ import annotations

from pathlib import Path

from puzzlerec.puzzles import Puzzle
from puzzlerec.watch.lines import Lines, Piece, spread


class Heading(Lines):
    """One line."""

    DEFAULT_CSS = """
    Heading { height: 1; }
    """
    PAPER = "heading"

    def show(self, puzzle: Puzzle, index: int, count: int, right: str) -> None:
        """``puzzle`` is number ``index``, from 0, of ``count``; ``right`` is said at the right end."""
        place = "standard input" if puzzle.source == "-" else Path(puzzle.source).name if puzzle.line else puzzle.source
        words = [
            f"{puzzle.kind.name.partition('-')[0]} {'x'.join(map(str, puzzle.question.shape))}",
            place + f":{puzzle.line}" * bool(puzzle.line),
            f"{index + 1} of {count}" if count > 1 else "",
        ]
        left = [Piece(" puzzlerec ", "strong"), Piece(" " + " · ".join(filter(None, words)), "muted")]
        self.put([spread(left, [Piece(f" {right} ", "muted")], self.size.width)])
