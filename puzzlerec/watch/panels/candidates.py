"""The cell at the cursor: what it may hold, how likely each is now, and how that came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.watch import heat
from puzzlerec.watch.lines import Lines, Piece

if TYPE_CHECKING:
    from puzzlerec.watch.recording import Step

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LONGEST_HISTORY = 24  # steps


class Candidates(Lines):
    """The likeliest tokens of one cell, one a line."""

    DEFAULT_CSS = """
    Candidates { height: 8; }
    """

    def show(
        self, puzzle: Puzzle, cell: tuple[int, int] | None, steps: Sequence[Step], truth: np.ndarray | None
    ) -> None:
        """``steps`` are those up to the one that is shown; ``truth`` [H, W] is as of `PuzzleKind.truth`."""
        self.put(self._lines_of(puzzle, cell, steps, truth))

    def _lines_of(
        self, puzzle: Puzzle, cell: tuple[int, int] | None, steps: Sequence[Step], truth: np.ndarray | None
    ) -> list[list[Piece]]:
        if cell is None:
            hint = "  arrow keys or a click choose a cell"
            return [[Piece("candidates", "strong"), Piece(hint, "muted")]]
        row, column = cell
        kind, question = puzzle.kind, puzzle.question
        heading = [Piece(f"row {row + 1}, column {column + 1}", "strong")]
        if kind.given(question)[cell]:
            name = kind.look.name(int(question[cell]))
            return [[*heading, Piece(f"  given: {name}", "muted")]]
        if not steps:
            return [heading]
        place = row * question.shape[1] + column
        if truth is not None and kind.look.one_truth:
            heading.append(Piece(f"  exact answer {kind.look.name(int(truth[cell]))}", "muted"))
        return [heading, *self._bars(puzzle, place, kind.look.candidates(question, row, column), steps)]

    def _bars(self, puzzle: Puzzle, place: int, tokens: Sequence[int], steps: Sequence[Step]) -> list[list[Piece]]:
        """A line for each of the likeliest ``tokens``, as many as there is room for."""
        width, height = self.size
        now = steps[-1].frame.probabilities[0, place].astype(np.float32)
        chosen = int(steps[-1].frame.tokens[0].flat[place])
        order = sorted(tokens, key=lambda token: -now[token])[: max(height - 1, 0)]
        names = {token: puzzle.kind.look.name(token) for token in order}
        label = max(map(len, names.values()), default=1)
        history = steps[-min(max(width // 3, 4), _LONGEST_HISTORY) :]
        room = max(min(width - label - 7 - len(history) - 2, 40), 4)
        lines = []
        for token in order:
            share = float(now[token])
            moved = [float(step.frame.probabilities[0, place, token]) for step in history]
            lines.append(
                [
                    Piece(f"{names[token]:>{label}} ", "strong" if token == chosen else "text"),
                    *_bar(share, room),
                    Piece(f" {share:.3f} ", "strong" if token == chosen else "muted"),
                    *(Piece(heat.bar(value), heat.ink(value)) for value in moved),
                ]
            )
        return lines


def _bar(share: float, width: int) -> list[Piece]:
    """A bar of ``width`` columns, filled by ``share`` to an eighth of a column."""
    full, rest = divmod(round(share * width * 8), 8)
    text = "█" * full + (_EIGHTHS[rest] if rest else "")
    return [Piece(text, heat.ink(share)), Piece(" " * (width - len(text)))]
