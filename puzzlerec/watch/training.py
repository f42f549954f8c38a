"""A training run as it goes: its figures, and what each new checkpoint makes of the same puzzles."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual.worker import Worker, WorkerState, get_current_worker

from puzzlerec.puzzles import Puzzle, PuzzleError, Verdict
from puzzlerec.views.tiling import Tiling
from puzzlerec.views.words import in_short
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.run_files import CHECKPOINT, METRICS, Metrics, Record, number, recipe_of, section, stamp
from puzzlerec.watch.snapshots import PUZZLES, Snapshot, puzzles_of, snapshot

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame

POLL = 1.0  # seconds
SILENT = 120.0  # seconds without a figure after which a run no longer counts as live
MOST_PICTURES = (3, 2)  # columns and rows of puzzles side by side


class Picture(Vertical):
    """One puzzle with a line above it."""

    DEFAULT_CSS = """
    Picture {
        & > Static { height: 1; width: 1fr; text-align: center; }
        & > GridView { height: 1fr; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static()
        grid = GridView()
        grid.can_focus = False  # the arrow keys go through checkpoints and puzzles
        yield grid

    def show(self, puzzle: Puzzle, label: Text, frame: Frame | None, verdict: Verdict | None, **marks: Any) -> None:
        _write(self.query_one(Static), label)
        offending = verdict.offending if verdict else None
        self.query_one(GridView).show(puzzle, frame, offending=offending, **marks)


class TrainingScreen(Screen[None]):
    """Follows the run in a folder, live or finished."""

    DEFAULT_CSS = """
    TrainingScreen {
        & #headline { height: 1; padding: 0 1; background: $surface; text-style: bold; }
        & #figures { height: 1; padding: 0 1; background: $surface; }
        & #curves { width: 1fr; padding: 0 1; }
        & #learning { width: 1fr; padding: 0 1 0 0; }
        & #summary { height: 1; text-align: center; }
        & #pictures { height: 1fr; grid-size: 1; grid-gutter: 0 1; }
        & #progress { height: 5; }
        & #progress Curve { width: 1fr; margin: 0 1; }
        &.-wide #curves { layout: grid; grid-size: 2; grid-gutter: 1 2; }
        &.-tall #progress { height: 8; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012  # as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (44, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "checkpoint(-1)", "Earlier", tooltip="What the checkpoint before made of the puzzles."),
        Binding("right", "checkpoint(1)", "Later", tooltip="What the next checkpoint makes of the puzzles."),
        Binding("home", "checkpoint(-1000000)", "First checkpoint", show=False),
        Binding("end", "checkpoint(1000000)", "Newest", tooltip="Show the newest checkpoint, and each that comes."),
        Binding("down", "puzzles(1)", "Next puzzles", tooltip="Go on to the next puzzles."),
        Binding("up", "puzzles(-1)", "Previous", tooltip="Go back to the puzzles before."),
        Binding("h", "heat", "Heat", tooltip="Confidence as colour, or not."),
        Binding("comma", "mark(-1)", "Mark back", tooltip="Move the mark in the curves back."),
        Binding("full_stop", "mark(1)", "Mark on", tooltip="Move the mark in the curves on."),
        Binding("escape", "unmark", "No mark", show=False),
    ]
    _CURVES: ClassVar[dict[str, tuple[str, dict[str, Any]]]] = {
        "loss": ("loss", {"log": True, "form": ".3g"}),
        "exact_accuracy": ("exact, in training", {"low": 0.0, "high": 1.0, "form": ".0%"}),
        "eval_exact_accuracy": ("exact, test puzzles", {"low": 0.0, "high": 1.0, "form": ".0%"}),
        "halting_steps": ("halting steps", {"low": 0.0, "form": ".1f"}),
        "lr": ("learning rate", {"low": 0.0, "form": ".1e"}),
        "puzzles_per_second": ("puzzles/s", {"low": 0.0, "form": ".1f"}),
    }

    def __init__(self, run: Path, device: str = "auto") -> None:
        super().__init__()
        self.run, self._device = run, device
        self.metrics = Metrics(run / METRICS)
        self.snapshots: list[Snapshot] = []
        self.puzzles: list[Puzzle] = []
        self._answers: list[np.ndarray | None] = []
        self._recipe: Record = {}
        self._shown: int | None = None  # snapshot; None: the newest
        self._first = 0  # puzzle
        self._mark: int | None = None  # record
        self._problem = ""
        self._stamp: tuple[int, ...] = ()  # of the checkpoint that was solved with last
        self._solving: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="headline")
        yield Static(id="figures")
        with Horizontal():
            with Vertical(id="curves"):
                for key, (label, settings) in self._CURVES.items():
                    yield Curve(label, id=key, **settings)
            with Vertical(id="learning"):
                yield Static(id="summary")
                with Grid(id="pictures"):
                    for _ in range(MOST_PICTURES[0] * MOST_PICTURES[1]):
                        yield Picture()
                with Horizontal(id="progress"):
                    yield Curve("solved", low=0.0, high=PUZZLES, form=".0f", id="solved")
                    yield Curve("in order", low=0.0, high=1.0, form=".0%", id="in_order")
        yield Footer()

    def on_mount(self) -> None:
        for picture in self.query(Picture):
            picture.display = False
        self._poll()
        self.set_interval(POLL, self._poll)
        self._prepare()

    def on_resize(self) -> None:
        self.call_after_refresh(self._arrange)

    # ---- following the run

    def _poll(self) -> None:
        if not self.query("#headline"):  # on the way out
            return
        self._recipe = self._recipe or recipe_of(self.run)
        changed = self.metrics.read()
        self._describe()
        if changed:
            self._draw_curves()
            self.set_timer(0.01, self._poll)  # there may be more than one piece
        newest = stamp(self.run / CHECKPOINT)
        idle = self._solving is None or self._solving.is_finished
        if self.puzzles and newest and newest != self._stamp and idle:
            self._solving = self._solve()

    @work(group="prepare", exclusive=True)
    async def _prepare(self) -> None:
        """Find the puzzles, as soon as there is a recipe."""
        while not self._recipe:
            await asyncio.sleep(POLL)
        try:
            puzzles = await puzzles_of(self._recipe)
            self._answers = await asyncio.to_thread(lambda: [puzzle.kind.truth(puzzle.question) for puzzle in puzzles])
        except (PuzzleError, OSError, KeyError, TypeError, ValueError) as error:
            self._problem = f"There are no puzzles to solve: {error}"
        else:
            self.puzzles = puzzles
        self._arrange()

    @work(thread=True, group="solve", exit_on_error=False)
    def _solve(self) -> None:
        """Let the newest checkpoint solve the puzzles, in a thread."""
        from puzzlerec.models.checkpoint import CheckpointError

        worker, folder = get_current_worker(), self.run / CHECKPOINT
        self._stamp = stamp(folder)
        try:
            made = snapshot(folder, self.puzzles, self._device, lambda: worker.is_cancelled)
        except CheckpointError:
            self._stamp = ()  # caught while it was written: look again
            return
        if made is not None:
            self.app.call_from_thread(self._add, made)

    def _add(self, made: Snapshot) -> None:
        self.snapshots.append(made)
        self._problem = ""
        self._draw_puzzles()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state == WorkerState.ERROR:
            self._problem = f"The checkpoint cannot be tried: {event.worker.error}"
            self._draw_puzzles()

    # ---- what is shown

    @property
    def state(self) -> str:
        """The run in a word or two."""
        records = self.metrics.records
        if not self.run.is_dir():
            return "no such folder"
        if records and number(records[-1].get("progress")) >= 1:
            return "finished"
        if not records:
            return "no figures yet"
        silent = time.time() - self.metrics.written
        return f"stopped? no news for {_duration(silent)}" if silent > SILENT else "training"

    def _describe(self) -> None:
        name, model = self._recipe.get("name", self.run.name), section(self._recipe, "model")
        colour = {"training": "green", "finished": "cyan"}.get(self.state, "yellow")
        line = Text.assemble((str(name), "bold"), "  ", (self.state, colour), "  ", (str(self.run), "dim"))
        if model:
            line.append(f"  {model.get('mixer', '')}, width {model.get('width', '?')}", "dim")
        _write(self.query_one("#headline", Static), line)
        _write(self.query_one("#figures", Static), self._figures())

    def _figures(self) -> Text:
        records = self.metrics.records
        if not records:
            return Text("Figures come with the first report of the run.", "dim")
        record = records[-1 if self._mark is None else min(self._mark, len(records) - 1)]
        progress, seconds = (number(record.get(key)) for key in ("progress", "seconds"))
        line = Text.assemble((f"step {record['step']:,}", "bold"))
        if not math.isnan(progress):
            done = round(min(max(progress, 0.0), 1.0) * 16)
            full, rest = "━━" if self._speaks_unicode else "#-"
            line.append("  ").append(full * done, "green").append(rest * (16 - done), "dim")
            line.append(f" {progress:.0%}")
        if not math.isnan(seconds):
            line.append(f"   {_duration(seconds)} trained")
            if 0 < progress < 1 and self._mark is None and self.state == "training":
                left = seconds * (1 - progress) / progress - (time.time() - self.metrics.written)
                line.append(f"   {_duration(max(left, 0.0))} left", "bold")
        for key, form in (("steps_per_second", "{:.1f} steps/s"), ("token_accuracy", "{:.1%} of the cells right")):
            if not math.isnan(value := number(record.get(key))):
                line.append(f"   {form.format(value)}")
        return line

    def _draw_curves(self) -> None:
        steps = [record["step"] for record in self.metrics.records]
        for key in self._CURVES:
            self.query_one(f"#{key}", Curve).show(self.metrics.series(key), self._mark, steps)

    def _arrange(self) -> None:
        """Show as many puzzles as there is room for."""
        try:
            area = self.query_one("#pictures", Grid)
        except NoMatches:  # on the way out
            return
        if self.puzzles and area.size:
            puzzle = self.puzzles[0]
            tiling = Tiling.of(puzzle, puzzle.kind.look.small)
            columns = min(max(area.size.width // (tiling.width + 2), 1), MOST_PICTURES[0])
            rows = min(max(area.size.height // (tiling.height + 1), 1), MOST_PICTURES[1])
            area.styles.grid_size_columns, area.styles.grid_size_rows = columns, rows
            for index, picture in enumerate(self.query(Picture)):
                picture.display = index < min(columns * rows, len(self.puzzles))
        self._draw_puzzles()

    def _draw_puzzles(self) -> None:
        shown, place = self._snapshot()
        before = self.snapshots[place - 1] if place > 0 else None
        _write(self.query_one("#summary", Static), self._summary(shown))
        pictures = [picture for picture in self.query(Picture) if picture.display]
        self._first = min(self._first, max(len(self.puzzles) - len(pictures), 0))
        for index, picture in enumerate(pictures, self._first):
            puzzle, verdict = self.puzzles[index], shown.verdicts[index] if shown else None
            picture.show(
                puzzle,
                self._label(index, verdict),
                shown.frames[index] if shown else None,
                verdict,
                previous=before.frames[index] if before else None,
                truth=self._answers[index],
            )
        steps = [one.step for one in self.snapshots]
        mark = place if self._shown is not None else None
        self.query_one("#solved", Curve).show([float(one.solved) for one in self.snapshots], mark, steps)
        self.query_one("#in_order", Curve).show([one.in_order for one in self.snapshots], mark, steps)

    def _snapshot(self) -> tuple[Snapshot | None, int]:
        """The one to show, and its number."""
        if not self.snapshots:
            return None, -1
        place = len(self.snapshots) - 1 if self._shown is None else self._shown
        return self.snapshots[place], place

    def _summary(self, shown: Snapshot | None) -> Text:
        if shown:
            words = f"{shown.solved} of {len(self.puzzles)} solved"
            return Text.assemble((words, "bold"), f" at step {shown.step:,}")
        if self._problem:
            return Text(self._problem, "yellow")
        if not self.puzzles:
            return Text("Finding puzzles ...", "dim")
        if stamp(self.run / CHECKPOINT):
            return Text("Loading the checkpoint ...", "dim")
        every = section(self._recipe, "evaluation").get("every")
        promise = f": one comes every {every:,} steps" if isinstance(every, int) and every else ""
        return Text(f"Waiting for a checkpoint{promise}", "dim")

    def _label(self, index: int, verdict: Verdict | None) -> Text:
        text = Text(f"puzzle {index + 1}  ", "dim")
        if verdict is None:
            return text
        return text.append(in_short(verdict), "bold green" if verdict.solved else "red")

    @property
    def _speaks_unicode(self) -> bool:
        return self.app.console.encoding.lower().startswith("utf")

    # ---- keys and clicks

    def action_checkpoint(self, by: int) -> None:
        _, place = self._snapshot()
        last = len(self.snapshots) - 1
        place = min(max(place + by, 0), last)
        self._shown = None if place >= last else place
        self._draw_puzzles()

    def action_puzzles(self, by: int) -> None:
        page = sum(bool(picture.display) for picture in self.query(Picture))
        self._first = min(max(self._first + by * page, 0), max(len(self.puzzles) - 1, 0))
        self._draw_puzzles()

    def action_heat(self) -> None:
        for grid in self.query(GridView):
            grid.heat = not grid.heat

    def action_mark(self, by: int) -> None:
        last = len(self.metrics.records) - 1
        if last >= 0:
            self._set_mark(min(max((last if self._mark is None else self._mark) + by, 0), last))

    def action_unmark(self) -> None:
        self._set_mark(None)

    def on_curve_picked(self, event: Curve.Picked) -> None:
        if event.curve.id in self._CURVES:
            self._set_mark(event.index)
        else:
            self._shown = event.index if event.index < len(self.snapshots) - 1 else None
            self._draw_puzzles()

    def _set_mark(self, index: int | None) -> None:
        self._mark = index
        self._draw_curves()
        self._describe()


def _write(static: Static, text: Text) -> None:
    """Lay out anew only for what is new."""
    if static.content != text:
        static.update(text)


def _duration(seconds: float) -> str:
    """Such as "48 s", "66 min" or "5.2 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"
