"""Several training runs beside each other: a list of them, which is the legend of their curves."""

from __future__ import annotations

import math
from pathlib import Path
from string import ascii_lowercase
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Footer

from puzzlerec.watch.colours import SERIES
from puzzlerec.watch.lines import Lines, Piece
from puzzlerec.watch.opening import Open
from puzzlerec.watch.run_curves import CurvesScreen, Line, RunCurves
from puzzlerec.watch.run_files import Run, duration, runs_below
from puzzlerec.watch.training import INKS, Bar

POLL = 1.0  # seconds
LOOK = 5  # polls after which new runs are looked for
MOST = 8  # runs that are shown at first
SHARE = 3  # the list has at most one line in so many of the screen


class RunList(Lines, can_focus=False):
    """A run in a line: its colour and letter, what it does, and its figures. A click chooses it."""

    DEFAULT_CSS = """
    RunList { padding: 0 1; }
    """

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    _first = 0

    def show(self, lines: list[Line], hidden: set[Path], chosen: int, top: Path) -> None:
        """``lines`` of all runs, as many as there is room for around the one that is chosen."""
        width, height = self.size
        self._first = max(0, min(chosen - height // 2, len(lines) - height))
        rows = [self._figures(line.run, top) for line in lines]
        widest, *others = [max(map(len, column)) for column in zip(*rows, strict=True)] or [0]
        widths = [min(widest, max(width // 3, 12)), *others]
        made = []
        for index, (line, row) in enumerate(zip(lines, rows, strict=True)):
            name, state, *figures = (cell[-width:].ljust(width) for cell, width in zip(row, widths, strict=True))
            made.append(self._line(line, name, state, figures, line.run.path not in hidden, index == chosen))
        self.put(made[self._first :])

    def _figures(self, run: Run, top: Path) -> list[str]:
        share = f" {run.progress:.0%}" if run.state == "training" and not math.isnan(run.progress) else ""
        return [
            str(run.path.relative_to(top)) if run.path != top else run.path.name,
            run.state + share,
            _said("exact", run.last("eval_exact_accuracy"), ".1%"),
            _said("loss", run.last("loss"), ".3g"),
            f"step {run.metrics.records[-1]['step']:,}" if run.metrics.records else "",
            "" if math.isnan(seconds := run.last("seconds")) else duration(seconds),
        ]

    def _line(self, line: Line, name: str, state: str, figures: list[str], shown: bool, chosen: bool) -> list[Piece]:
        unicode = self.app.console.encoding.lower().startswith("utf")
        mark = ("●" if unicode else "*") if shown else ("○" if unicode else "o")
        ink = "text" if shown else "muted"
        return [
            Piece(("▸" if unicode else ">") if chosen else " ", "strong"),
            Piece(f"{mark} {line.sign} ", line.ink if shown else "muted"),
            Piece(f"{name}  ", "strong" if chosen else ink),
            Piece(f"{state}  ", INKS.get(line.run.state, "warn")),
            Piece("  ".join(figures), ink),
        ]

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Chosen(self._first + event.y))


class RunsScreen(CurvesScreen):
    """All runs below a folder, as they come and go on."""

    DEFAULT_CSS = """
    RunsScreen RunCurves { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "Run before", id="run-before", show=False),
        Binding("down", "choose(1)", "Run after", id="run-after", show=False),
        Binding(
            "enter",
            "open",
            "Open",
            id="open-run",
            tooltip="The chosen run alone, with the puzzles that it learns from.",
        ),
        Binding("space", "show", "Show or hide", id="show-run", tooltip="The curves of the chosen run."),
        Binding("a", "all", "All or one", id="all-runs", tooltip="The curves of all runs, or of the chosen one alone."),
        *CurvesScreen.KEYS,
        Binding("escape", "app.back", "Back", id="back", show=False, tooltip="Back to where this was opened."),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.runs: list[Run] = []
        self.hidden: set[Path] = set()
        self.chosen = 0
        self._polls = 0

    def compose(self) -> ComposeResult:
        yield Bar(id="headline")
        yield RunList()
        yield RunCurves()
        yield Footer()

    def on_mount(self) -> None:
        self._poll()
        self.set_interval(POLL, self._poll)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    # ---- following the runs

    def _poll(self) -> None:
        if not self.is_attached or not self.query(RunCurves):  # on the way out
            return
        if self._polls % LOOK == 0:
            self._look()
        self._polls += 1
        changed = [run.read() for run in self.runs]
        if any(changed):
            self.set_timer(0.01, self._poll)  # there may be more than one piece
        self._draw()

    def _look(self) -> None:
        """Take in runs that are new. Those whose folder is gone stay as they are known."""
        known = {run.path: run for run in self.runs}
        chosen = self.runs[self.chosen].path if self.runs else None
        fresh = [Run(path) for path in runs_below(self.folder) if path not in known]
        for run in fresh:
            while run.read():
                pass
        self.runs = sorted([*self.runs, *fresh], key=lambda run: run.path)
        if not known:
            newest = sorted(self.runs, key=lambda run: -run.metrics.written)
            self.hidden = {run.path for run in newest[MOST:]}
        self.chosen = next((index for index, run in enumerate(self.runs) if run.path == chosen), 0)

    # ---- what is shown

    @property
    def lines(self) -> list[Line]:
        """Each run with its letter and colour; runs of one system in a comparison share a colour."""
        systems = list(dict.fromkeys(_system(run) for run in self.runs))
        return [
            Line(run, f"series{systems.index(_system(run)) % len(SERIES)}", ascii_lowercase[index % 26])
            for index, run in enumerate(self.runs)
        ]

    def _draw(self) -> None:
        if not self.is_attached or not self.query(RunCurves):
            return
        lines, height = self.lines, self.size.height
        listed = self.query_one(RunList)
        listed.styles.height = max(min(len(lines), height // SHARE), 1)
        self.query_one(RunCurves).styles.margin = (int(height >= 20), 0, 0, 0)
        self.query_one(Footer).display = height >= 12
        busy = sum(run.state == "training" for run in self.runs)
        words = (
            f"{len(lines)} training run{'s' * (len(lines) != 1)}" if lines else "No training run yet: waiting for one"
        )
        headline = [Piece(f" {self.folder}  ", "strong"), Piece(words, "text" if lines else "warn")]
        self.query_one("#headline", Bar).put([[*headline, Piece(f"  {busy} at work" if busy else "", "good")]])
        listed.show(lines, self.hidden, self.chosen, self.folder)
        shown = [line for line in lines if line.run.path not in self.hidden]
        shown.sort(key=lambda line: line.run is not self.runs[self.chosen])
        self.query_one(RunCurves).show(shown)

    # ---- keys and clicks

    def action_choose(self, by: int) -> None:
        self._choose(self.chosen + by)

    def on_run_list_chosen(self, event: RunList.Chosen) -> None:
        self._choose(event.index)

    def _choose(self, index: int) -> None:
        self.chosen = min(max(index, 0), max(len(self.runs) - 1, 0))
        self._draw()

    def action_open(self) -> None:
        if self.runs:
            self.post_message(Open(self.runs[self.chosen].path))

    def action_show(self) -> None:
        if self.runs:
            self.hidden ^= {self.runs[self.chosen].path}
            self._draw()

    def action_all(self) -> None:
        if self.runs:
            alone = {run.path for index, run in enumerate(self.runs) if index != self.chosen}
            self.hidden = alone if not self.hidden else set()
            self._draw()


def _system(run: Run) -> str:
    """What runs of a comparison share that differ in their seeds alone."""
    return str(run.path.parent if run.path.name.startswith("seed") else run.path)


def _said(name: str, value: float, form: str) -> str:
    return "" if math.isnan(value) else f"{name} {format(value, form)}"
