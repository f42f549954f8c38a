"""A training run as it goes: its figures, and what each new checkpoint makes of the same puzzles."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.widgets import Footer
from textual.worker import Worker, WorkerState, get_current_worker

from puzzlerec.puzzles import Puzzle, PuzzleError, Verdict
from puzzlerec.views.tiling import Tiling
from puzzlerec.views.words import count, in_short
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.lines import Lines, Piece, centred
from puzzlerec.watch.opening import Open
from puzzlerec.watch.run_curves import CurvesScreen, Line, RunCurves
from puzzlerec.watch.run_files import CHECKPOINT, Run, duration, is_run, number, runs_below, section, stamp
from puzzlerec.watch.snapshots import PUZZLES, Exhibit, Snapshot, puzzles_of, snapshot, still_wrong

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame

POLL = 1.0  # seconds
MOST_PICTURES = (3, 2)  # columns and rows of puzzles side by side
VIEWS: tuple[tuple[str, ...], ...] = (("puzzles", "curves"), ("puzzles",), ("curves",))
BOTH = 70  # columns, with less there are puzzles or curves
YIELDING = ("label", "keys", "headline", "figures")  # lines, the first first, where a puzzle is not whole otherwise
INKS = {"training": "good", "finished": "strong"}  # of what a run does; else "warn"


class Bar(Lines):
    """A line at the top of the screen."""

    DEFAULT_CSS = """
    Bar { height: 1; }
    """
    PAPER = "title"


class Label(Lines):
    """A line in the middle of what is below it."""

    DEFAULT_CSS = """
    Label { height: 1; }
    """

    def say(self, *pieces: Piece) -> None:
        self._pieces = pieces
        self.put([centred(pieces, self.size.width)])

    def on_resize(self) -> None:
        self.say(*self._pieces)

    _pieces: Sequence[Piece] = ()


class Picture(Vertical):
    """One puzzle with a line above it."""

    DEFAULT_CSS = """
    Picture > GridView { height: 1fr; min-height: 1; }
    """

    def compose(self) -> ComposeResult:
        yield Label()
        grid = GridView()
        grid.can_focus = False  # the arrow keys go through checkpoints and puzzles
        yield grid

    def show(
        self, puzzle: Puzzle, label: Sequence[Piece], frame: Frame | None, verdict: Verdict | None, **marks: Any
    ) -> None:
        self.query_one(Label).say(*label)
        offending = verdict.offending if verdict else None
        self.query_one(GridView).show(puzzle, frame, offending=offending, **marks)


class TrainingScreen(CurvesScreen):
    """Follows the run in a folder: one that is to begin, that goes on or is over."""

    DEFAULT_CSS = """
    TrainingScreen {
        & #learning { width: 1fr; padding: 0 1 0 0; }
        & RunCurves { width: 1fr; }
        & #pictures { height: 1fr; grid-size: 1; grid-gutter: 0 1; }
        & #progress { height: 5; }
        & #progress Curve { width: 1fr; margin: 0 1; }
        &.-tall #progress { height: 8; }
    }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (44, "-tall")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left",
            "checkpoint(-1)",
            "Earlier",
            id="checkpoint-before",
            tooltip="What the checkpoint before made of the puzzles.",
        ),
        Binding(
            "right",
            "checkpoint(1)",
            "Later",
            id="checkpoint-after",
            tooltip="What the next checkpoint makes of the puzzles.",
        ),
        Binding("home", "checkpoint(-1000000)", "First checkpoint", id="checkpoint-first", show=False),
        Binding(
            "end",
            "checkpoint(1000000)",
            "Newest",
            id="checkpoint-newest",
            show=False,
            tooltip="Show the newest checkpoint, and each that comes.",
        ),
        Binding("down", "puzzles(1)", "Next puzzles", id="puzzles-after", tooltip="Go on to the next puzzles."),
        Binding(
            "up", "puzzles(-1)", "Previous", id="puzzles-before", show=False, tooltip="Go back to the puzzles before."
        ),
        Binding(
            "f",
            "wrong",
            "Still wrong",
            id="wrong",
            tooltip="Test puzzles that the newest checkpoint gets wrong; again: the first.",
        ),
        Binding("v", "view", "View", id="view", tooltip="Curves and puzzles, puzzles alone, or curves alone."),
        Binding("h", "heat", "Heat", id="heat", show=False, tooltip="Confidence as colour, or not."),
        *CurvesScreen.KEYS,
        Binding(
            "comma", "mark(-1)", "Mark back", id="mark-back", show=False, tooltip="Move the mark in the curves back."
        ),
        Binding("full_stop", "mark(1)", "Mark on", id="mark-on", show=False, tooltip="Move the mark in the curves on."),
        Binding(
            "escape", "leave", "Back", id="back", show=False, tooltip="No mark; then back to where this was opened."
        ),
    ]

    def __init__(self, run: Path, device: str = "auto") -> None:
        super().__init__()
        self.run, self._device = Run(run), device
        self.pool: list[Puzzle] = []
        self.first = Exhibit([])  # puzzles of the test set
        self.wrong: Exhibit | None = None  # those that a checkpoint did not solve, while they are asked for
        self._tried = 0  # puzzles that they are among
        self._shown: int | None = None  # snapshot; None: the newest
        self._page = 0  # the first puzzle that is shown
        self._mark: int | None = None  # record
        self._view = VIEWS[0]
        self._problem = ""
        self._solving: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="headline")
        yield Bar(id="figures")
        with Horizontal():
            yield RunCurves()
            with Vertical(id="learning"):
                yield Label(id="summary")
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
        self._arrange()
        self._poll()
        self.set_interval(POLL, self._poll)
        self._prepare()

    def on_resize(self) -> None:
        self.call_after_refresh(self._arrange)

    @property
    def exhibit(self) -> Exhibit:
        """The puzzles that are shown."""
        return self.wrong or self.first

    @property
    def view(self) -> tuple[str, ...]:
        """What is on the screen: of `VIEWS` the one that was chosen, as far as there is room."""
        return VIEWS[1] if self._view == VIEWS[0] and self.size.width < BOTH else self._view

    # ---- following the run

    def _poll(self) -> None:
        if not self.is_attached or not self.query("#headline"):  # on the way out
            return
        changed = self.run.read()
        if self.is_current and self._proves_to_be_several():
            self.post_message(Open(self.run.path))
            return
        self._describe()
        if changed:
            self._draw_curves()
            self.set_timer(0.01, self._poll)  # there may be more than one piece
        newest = stamp(self.run.path / CHECKPOINT)
        idle = self._solving is None or self._solving.is_finished
        if self.exhibit.puzzles and newest and newest != self.exhibit.stamp and idle:
            self._solving = self._solve(self.exhibit)

    def _proves_to_be_several(self) -> bool:
        """Whether what was waited for has come to be a folder of runs."""
        path = self.run.path
        return not self.run.metrics.there and path.is_dir() and not is_run(path) and bool(runs_below(path))

    @work(group="prepare", exclusive=True)
    async def _prepare(self) -> None:
        """Find the puzzles, as soon as there is a recipe."""
        while not self.run.recipe:
            await asyncio.sleep(POLL)
        try:
            self.pool = await puzzles_of(self.run.recipe)
            exhibit = Exhibit(self.pool[:PUZZLES])
            await asyncio.to_thread(exhibit.find_answers)
        except (PuzzleError, OSError, KeyError, TypeError, ValueError) as error:
            self._problem = f"There are no puzzles to solve: {error}"
        else:
            self.first = exhibit
        self._arrange()

    @work(thread=True, group="solve", exit_on_error=False)
    def _solve(self, exhibit: Exhibit) -> None:
        """Let the newest checkpoint solve the puzzles, in a thread."""
        from puzzlerec.models.checkpoint import CheckpointError

        worker, folder = get_current_worker(), self.run.path / CHECKPOINT
        exhibit.stamp = stamp(folder)
        try:
            made = snapshot(folder, exhibit.puzzles, self._device, lambda: worker.is_cancelled)
        except CheckpointError:
            exhibit.stamp = ()  # caught while it was written: look again
            return
        if made is not None:
            self.app.call_from_thread(self._add, exhibit, made)

    def _add(self, exhibit: Exhibit, made: Snapshot) -> None:
        exhibit.snapshots.append(made)
        self._problem = ""
        self._arrange()

    @work(thread=True, group="wrong", exclusive=True, exit_on_error=False)
    def _look_for_wrong(self) -> None:
        """Find puzzles that the newest checkpoint gets wrong, in a thread."""
        from puzzlerec.models.checkpoint import CheckpointError

        worker, folder = get_current_worker(), self.run.path / CHECKPOINT

        def told(found: int, tried: int) -> None:
            self.app.call_from_thread(self._looking, found, tried)

        now = stamp(folder)
        try:
            found = still_wrong(folder, self.pool, self._device, lambda: worker.is_cancelled, told)
        except CheckpointError as error:
            self.app.call_from_thread(self.notify, str(error), severity="warning", markup=False)
            return
        if found is not None:
            found.stamp = now
            found.find_answers()
            self.app.call_from_thread(self._show_wrong, found)

    def _looking(self, found: int, tried: int) -> None:
        self._tried = tried
        self.query_one("#summary", Label).say(Piece(f"Looking for wrong ones: {found} among {tried} …", "muted"))

    def _show_wrong(self, found: Exhibit) -> None:
        if not found.puzzles:
            self.notify(f"The newest checkpoint solves all of {self._tried} puzzles.")
        else:
            self.wrong = found
            self._page, self._shown = 0, None
        self._arrange()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state == WorkerState.ERROR:
            self._problem = f"The checkpoint cannot be tried: {event.worker.error}"
            self._draw_puzzles()

    # ---- what is shown

    def _describe(self) -> None:
        run, model = self.run, section(self.run.recipe, "model")
        state = run.state
        line = [
            Piece(f" {run.name}  ", "strong"),
            Piece(state, INKS.get(state, "warn")),
            Piece(f"  {run.path}", "muted"),
        ]
        if model:
            line.append(Piece(f"  {model.get('mixer', '')}, width {model.get('width', '?')}", "muted"))
        self.query_one("#headline", Bar).put([line])
        self.query_one("#figures", Bar).put([self._figures()])

    def _figures(self) -> list[Piece]:
        records = self.run.metrics.records
        if not records:
            here = self.run.path.is_dir()
            words = "Figures come with the first report of the run." if here else f"There is no {self.run.path} yet."
            return [Piece(f" {words}", "muted")]
        record = records[-1 if self._mark is None else min(self._mark, len(records) - 1)]
        progress, seconds = (number(record.get(key)) for key in ("progress", "seconds"))
        line = [Piece(f" step {record['step']:,}", "strong")]
        if not math.isnan(progress):
            done = round(min(max(progress, 0.0), 1.0) * 16)
            full, rest = "━━" if self._speaks_unicode else "#-"
            bar = [Piece(full * done, "good"), Piece(rest * (16 - done), "muted")] if self.size.width >= BOTH else []
            line += [Piece("  "), *bar, Piece(f" {progress:.0%}")]
        if not math.isnan(seconds):
            line.append(Piece(f"   {duration(seconds)} trained"))
            if 0 < progress < 1 and self._mark is None and self.run.state == "training":
                left = seconds * (1 - progress) / progress - (time.time() - self.run.metrics.written)
                line.append(Piece(f"   {duration(max(left, 0.0))} left", "strong"))
        for key, form in (("steps_per_second", "{:.1f} steps/s"), ("token_accuracy", "{:.1%} of the cells right")):
            if not math.isnan(value := number(record.get(key))):
                line.append(Piece(f"   {form.format(value)}"))
        return line

    def _draw_curves(self) -> None:
        self.query_one(RunCurves).show([Line(self.run)], self._mark)

    def _arrange(self) -> None:
        """Share out the screen: curves, as many puzzles as there is room for, and lines around them."""
        if not self.is_attached or not self.query("#pictures"):  # on the way out
            return
        width, height = self.size
        view = self.view
        if not self.first.puzzles and "curves" not in view:
            view = VIEWS[2]  # there is nothing else yet
        self.query_one(RunCurves).display = "curves" in view
        self.query_one("#learning").display = "puzzles" in view
        told = len(self.exhibit.snapshots) > 1 and height >= 20  # one checkpoint makes no curve
        self.query_one("#progress").display = told
        lines = self._arrange_pictures(width // len(view) - 1, height - (5 + 3 * (height >= 44)) * told)
        self.query_one("#headline").display = "headline" in lines
        self.query_one("#figures").display = "figures" in lines
        self.query_one(Footer).display = "keys" in lines
        for picture in self.query(Picture):
            picture.query_one(Label).display = "label" in lines
        self._draw_puzzles()

    def _arrange_pictures(self, width: int, height: int) -> Collection[str]:
        """Make room for puzzles in so many columns and lines of the screen; the lines that stay around them."""
        if not self.first.puzzles:
            return YIELDING
        puzzle = self.exhibit.puzzles[0]
        small = Tiling.of(puzzle, puzzle.kind.look.small)
        area = height - 1 - len(YIELDING) + 1  # without the summary and the bars; each picture has its label
        columns = min(max(width // (small.width + 2), 1), MOST_PICTURES[0])
        rows = min(max(area // (small.height + 1), 1), MOST_PICTURES[1])
        lines: Collection[str] = YIELDING
        if small.width > width or small.height + 1 > area:
            for yielded in range(len(YIELDING) + 1):
                lines = YIELDING[yielded:]
                room = height - 1 - len(lines)
                if any(Tiling.whole(puzzle, width, room, miniature=miniature) for miniature in (False, True)):
                    break
        pictures = self.query_one("#pictures", Grid)
        pictures.styles.grid_size_columns, pictures.styles.grid_size_rows = columns, rows
        for index, picture in enumerate(self.query(Picture)):
            picture.display = index < min(columns * rows, len(self.exhibit.puzzles))
        return lines

    def _draw_puzzles(self) -> None:
        if not self.is_attached or not self.query("#summary"):
            return
        exhibit, (shown, place) = self.exhibit, self._snapshot()
        before = exhibit.snapshots[place - 1] if place > 0 else None
        self.query_one("#summary", Label).say(*self._summary(shown))
        pictures = [picture for picture in self.query(Picture) if picture.display]
        self._page = min(self._page, max(len(exhibit.puzzles) - len(pictures), 0))
        for index, picture in enumerate(pictures, self._page):
            puzzle, verdict = exhibit.puzzles[index], shown.verdicts[index] if shown else None
            picture.show(
                puzzle,
                self._label(index, verdict),
                shown.frames[index] if shown else None,
                verdict,
                previous=before.frames[index] if before else None,
                truth=exhibit.answers[index],
            )
        steps = [float(one.step) for one in exhibit.snapshots]
        mark = place if self._shown is not None else None
        self.query_one("#solved", Curve).show([float(one.solved) for one in exhibit.snapshots], mark, steps)
        self.query_one("#in_order", Curve).show([one.in_order for one in exhibit.snapshots], mark, steps)

    def _snapshot(self) -> tuple[Snapshot | None, int]:
        """The one to show, and its number."""
        snapshots = self.exhibit.snapshots
        if not snapshots:
            return None, -1
        place = len(snapshots) - 1 if self._shown is None else min(self._shown, len(snapshots) - 1)
        return snapshots[place], place

    def _summary(self, shown: Snapshot | None) -> list[Piece]:
        if shown and self.wrong:
            first, words = self.wrong.snapshots[0], f"{count(len(self.wrong.puzzles), 'puzzle')} of {self._tried} wrong"
            line = [Piece(words, "strong"), Piece(f" at step {first.step:,}")]
            return line if shown is first else [*line, Piece(f"; {shown.solved} solved at step {shown.step:,}", "good")]
        if shown:
            words = f"{shown.solved} of {len(self.exhibit.puzzles)} solved"
            return [Piece(words, "strong"), Piece(f" at step {shown.step:,}")]
        if self._problem:
            return [Piece(self._problem, "warn")]
        if not self.exhibit.puzzles:
            return [Piece("Finding puzzles …" if self.run.recipe else "Waiting for the run's recipe", "muted")]
        if stamp(self.run.path / CHECKPOINT):
            return [Piece("Loading the checkpoint …", "muted")]
        every = section(self.run.recipe, "evaluation").get("every")
        promise = f": one comes every {every:,} steps" if isinstance(every, int) and every else ""
        return [Piece(f"Waiting for a checkpoint{promise}", "muted")]

    def _label(self, index: int, verdict: Verdict | None) -> list[Piece]:
        label = [Piece(f"puzzle {self.exhibit.puzzles[index].line or index + 1}", "muted")]
        if verdict is not None:
            label.append(Piece(f"  {in_short(verdict)}", "good" if verdict.solved else "bad"))
        return label

    @property
    def _speaks_unicode(self) -> bool:
        return self.app.console.encoding.lower().startswith("utf")

    # ---- keys and clicks

    def action_checkpoint(self, by: int) -> None:
        _, place = self._snapshot()
        last = len(self.exhibit.snapshots) - 1
        place = min(max(place + by, 0), last)
        self._shown = None if place >= last else place
        self._draw_puzzles()

    def action_puzzles(self, by: int) -> None:
        page = sum(bool(picture.display) for picture in self.query(Picture))
        self._page = min(max(self._page + by * page, 0), max(len(self.exhibit.puzzles) - 1, 0))
        self._draw_puzzles()

    def action_wrong(self) -> None:
        if self.wrong:
            self.wrong, self._page, self._shown = None, 0, None
            self._arrange()
        elif not self.pool or not stamp(self.run.path / CHECKPOINT):
            self.notify("There is no checkpoint that could have solved puzzles yet.")
        else:
            self._look_for_wrong()

    def action_view(self) -> None:
        following = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self._view = VIEWS[1] if following == VIEWS[0] and self.size.width < BOTH else following
        self._arrange()

    def action_heat(self) -> None:
        for grid in self.query(GridView):
            grid.heat = not grid.heat

    def action_mark(self, by: int) -> None:
        last = len(self.run.metrics.records) - 1
        if last >= 0:
            self._set_mark(min(max((last if self._mark is None else self._mark) + by, 0), last))

    def action_leave(self) -> None:
        if self._mark is None and len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self._set_mark(None)

    def on_curve_picked(self, event: Curve.Picked) -> None:
        if event.curve.id in RunCurves.CURVES:
            self._set_mark(event.index)
        else:
            self._shown = event.index if event.index < len(self.exhibit.snapshots) - 1 else None
            self._draw_puzzles()

    def _set_mark(self, index: int | None) -> None:
        self._mark = index
        self._draw_curves()
        self._describe()
