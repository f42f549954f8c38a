"""The figures of one attempt over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from textual.app import ComposeResult
from textual.containers import Grid

from puzzlerec.puzzles import Puzzle
from puzzlerec.watch.curves import Curve

if TYPE_CHECKING:
    from puzzlerec.watch.recording import Step


class Curves(Grid):
    """Curves in columns and rows; where there are few lines for them, the first of them."""

    DEFAULT_CSS = """
    Curves {
        grid-size: 2 3;
        grid-gutter: 0 2;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: tuple[object, ...] = ()  # what the curves show
        self._truth: np.ndarray | None = None
        self._wrong: list[float] = []  # cells, of each step of the attempt that is shown

    def compose(self) -> ComposeResult:
        yield Curve("halt probability", low=0, high=1, classes="halt")
        yield Curve("violations", low=0, form=".0f", classes="violations")
        yield Curve("mean confidence", low=0, high=1, classes="confidence extra")
        yield Curve("wrong cells", low=0, form=".0f", classes="wrong")
        yield Curve("mean entropy", low=0, classes="entropy extra")
        yield Curve("cells changed", low=0, form=".0f", classes="changed extra")

    def set_places(self, columns: int, rows: int) -> None:
        """Show as many as there are places."""
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, rows
        for index, curve in enumerate(self.children):
            curve.display = index < columns * rows

    def show(self, puzzle: Puzzle, steps: Sequence[Step], at: int, truth: np.ndarray | None) -> None:
        """All ``steps`` of an attempt with a mark at the index ``at``; ``truth`` [H, W] as of `PuzzleKind.truth`."""
        first = steps[0] if steps else None
        seen = (puzzle, first, len(steps), at)
        if seen == self._seen and truth is self._truth:
            return
        if seen[:2] != self._seen[:2] or truth is not self._truth:
            self._wrong = []
        self._seen, self._truth = seen, truth
        cursor = at if steps else None
        for name in ("halt", "confidence", "entropy", "changed", "violations"):
            self._curve(name).show([float(getattr(step, name)) for step in steps], cursor)
        if truth is not None:
            self._wrong += [_wrong_cells(puzzle, step, truth) for step in steps[len(self._wrong) :]]
        self._curve("wrong").show(list(self._wrong), cursor if self._wrong else None)

    def _curve(self, name: str) -> Curve:
        return self.query_one(f".{name}", Curve)


def _wrong_cells(puzzle: Puzzle, step: Step, truth: np.ndarray) -> float:
    """How many open cells differ from the truth, as far as they are answered."""
    wrong = puzzle.kind.wrong(step.frame.tokens[0], truth) & ~puzzle.kind.given(puzzle.question)
    if step.frame.masked is not None:
        wrong &= ~step.frame.masked[0]
    return float(wrong.sum())
