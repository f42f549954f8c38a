"""The figures of one attempt over its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from textual.app import ComposeResult
from textual.containers import Grid

from puzzlerec.puzzles import Puzzle
from puzzlerec.puzzles.base import Measure
from puzzlerec.watch.curves import Curve

if TYPE_CHECKING:
    from puzzlerec.watch.recording import Step

MOST = 6


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
        self._story: Story | None = None

    def compose(self) -> ComposeResult:
        for _ in range(MOST):
            yield Curve("")

    def set_places(self, columns: int, rows: int) -> None:
        """Show as many as there are places."""
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, rows
        for index, curve in enumerate(self.children):
            curve.display = index < columns * rows

    def show(self, puzzle: Puzzle, steps: Sequence[Step], at: int, truth: np.ndarray | None) -> None:
        """All ``steps`` of an attempt with a mark at the index ``at``; ``truth`` [H, W] as of `PuzzleKind.truth`."""
        first = steps[0] if steps else None
        if self._story is None or self._story.about != (puzzle, first, truth is None):
            self._story = Story(puzzle, first, truth)
        seen = (self._story, len(steps), at)
        if seen != self._seen:
            self._seen = seen
            self._story.go_on(steps)
            for curve, figure in zip_longest(self.query(Curve), self._story.figures[:MOST]):
                if figure is None:
                    curve.label = ""
                    curve.show([])
                else:
                    curve.label, curve.low, curve.high, curve.form = figure.name, 0, figure.most, figure.form
                    curve.show(list(figure.values), at if steps else None)


class Figure:
    """A number for each step, and how it is drawn."""

    def __init__(self, name: str, of: Callable[[Step], float], most: float | None = None, form: str = ".0f") -> None:
        self.name, self.of, self.most, self.form = name, of, most, form
        self.values: list[float] = []


class Story:
    """The figures of one attempt at a puzzle: first what its kind measures, then what can be said of any."""

    def __init__(self, puzzle: Puzzle, first: Step | None, truth: np.ndarray | None) -> None:
        self.about = (puzzle, first, truth is None)
        kind, question = puzzle.kind, puzzle.question
        figures = [
            *(Figure(name, _measured(measure)) for name, measure in kind.measures(question).items()),
            Figure("violations", lambda step: step.violations),
            Figure("halt probability", lambda step: step.halt, 1, ".2f"),
        ]
        if first is not None and first.frame.masked is not None:
            figures.append(Figure("cells without an answer", lambda step: float(_hidden(step).sum())))
        if truth is not None and kind.look.one_truth:
            open_cells = ~kind.given(question)
            figures.append(
                Figure(
                    "wrong cells",
                    lambda step: float((kind.wrong(step.frame.tokens[0], truth) & open_cells & ~_hidden(step)).sum()),
                )
            )
        figures += [
            Figure("cells changed", lambda step: step.changed),
            Figure("mean confidence", lambda step: step.confidence, 1, ".2f"),
            Figure("mean entropy", lambda step: step.entropy, None, ".2g"),
        ]
        self.figures = [figure for figure in figures if first is None or not isnan(figure.of(first))]

    def go_on(self, steps: Sequence[Step]) -> None:
        """Take up the steps that are new."""
        for figure in self.figures:
            figure.values += [figure.of(step) for step in steps[len(figure.values) :]]


def _measured(measure: Measure) -> Callable[[Step], float]:
    def of(step: Step) -> float:
        frame, shape = step.frame, step.frame.tokens[0].shape
        hints = None if frame.hints is None else frame.hints[0]
        return measure(frame.tokens[0], frame.probabilities[0].reshape(*shape, -1), hints)

    return of


def _hidden(step: Step) -> np.ndarray:
    """[H, W] bool: the cells that have no answer yet."""
    masked, tokens = step.frame.masked, step.frame.tokens[0]
    return np.zeros(tokens.shape, bool) if masked is None else masked[0]
