"""How training went, as curves: of one run, or of several over each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.screen import Screen

from puzzlerec.watch.curves import Curve, Series
from puzzlerec.watch.run_files import Run, number

LINES = 4  # of a curve, at least
NARROW, WIDE = 56, 150  # columns: less is one column of curves, more are three


class Line(NamedTuple):
    """A run among others, and how it is drawn."""

    run: Run
    ink: str = "line"
    sign: str = ""


class RunCurves(Grid):
    """The curves that there are values for; where room is short, the first of them."""

    DEFAULT_CSS = """
    RunCurves { height: 1fr; padding: 0 1; grid-gutter: 0 2; }
    """
    CURVES: ClassVar[dict[str, tuple[str, dict[str, Any]]]] = {
        "loss": ("loss", {"log": True, "form": ".3g"}),
        "eval_exact_accuracy": ("exact, test puzzles", {"low": 0.0, "high": 1.0, "form": ".0%"}),
        "exact_accuracy": ("exact, in training", {"low": 0.0, "high": 1.0, "form": ".0%"}),
        "halting_steps": ("halting steps", {"low": 0.0, "form": ".1f"}),
        "puzzles_per_second": ("puzzles/s", {"low": 0.0, "form": ".1f"}),
        "lr": ("learning rate", {"low": 0.0, "form": ".1e"}),
    }
    against = "step"  # or "seconds"
    _lines: Sequence[Line] = ()
    _mark: int | None = None

    def compose(self) -> ComposeResult:
        for key, (label, settings) in self.CURVES.items():
            yield Curve(label, id=key, **settings)

    def show(self, lines: Sequence[Line], mark: int | None = None) -> None:
        """Draw the runs, the first over the others; ``mark`` is the index of one of its records."""
        self._lines, self._mark = lines, mark
        for key in self.CURVES:
            self._curve(key).show_all([self._series(line, key) for line in lines], mark)
        self.share_room()

    def on_resize(self) -> None:
        self.share_room()

    def share_room(self) -> None:
        """Share out the room among the curves that have values."""
        width, height = self.size
        known = [key for key in self.CURVES if any(not math.isnan(line.run.last(key)) for line in self._lines)]
        columns = 1 + (width >= NARROW) + (width >= WIDE)
        columns = min(columns, max(len(known), 1))
        rows = min(max(height // LINES, 1), -(-len(known) // columns))
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, max(rows, 1)
        for key in self.CURVES:
            self._curve(key).display = key in known[: columns * rows]

    def toggle_values(self) -> None:
        """The loss on a logarithmic axis, or not."""
        curve = self._curve("loss")
        curve.logarithmic = not curve.logarithmic
        self.show(self._lines, self._mark)

    def toggle_steps(self) -> None:
        """The steps on a logarithmic axis, or not."""
        for key in self.CURVES:
            curve = self._curve(key)
            curve.logarithmic_steps = not curve.logarithmic_steps
        self.show(self._lines, self._mark)

    def toggle_clock(self) -> None:
        """Seconds of training instead of steps, or steps again."""
        self.against = "step" if self.against == "seconds" else "seconds"
        self.show(self._lines, self._mark)

    def _curve(self, key: str) -> Curve:
        return self.query_one(f"#{key}", Curve)

    def _series(self, line: Line, key: str) -> Series:
        records = line.run.metrics.records
        at = [number(record.get(self.against)) for record in records]
        return Series(line.run.metrics.series(key), at, line.ink, line.sign)


class CurvesScreen(Screen[None]):
    """A screen with such curves, whose keys it has among its own."""

    KEYS: ClassVar[list[BindingType]] = [
        Binding("y", "values", "Log loss", id="values", tooltip="The loss on a logarithmic axis, or not."),
        Binding("x", "steps", "Log steps", id="steps", tooltip="The steps on a logarithmic axis, or not."),
        Binding(
            "t", "clock", "Time", id="clock", show=False, tooltip="Curves over seconds of training, or over steps."
        ),
    ]

    def action_values(self) -> None:
        self.query_one(RunCurves).toggle_values()

    def action_steps(self) -> None:
        self.query_one(RunCurves).toggle_steps()

    def action_clock(self) -> None:
        self.query_one(RunCurves).toggle_clock()
