"""An answer forming: one model or two side by side, on the same puzzle and in step, and the timeline below.

The models compute in threads; the screen looks thirty times a second whether there is more to show, and draws the
newest.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import get_current_worker

from puzzlerec.puzzles import Puzzle, PuzzleError, read
from puzzlerec.views.words import count
from puzzlerec.watch.arrangement import PANELS, arrange
from puzzlerec.watch.context import Context, Side
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.job import Job
from puzzlerec.watch.lane import Lane
from puzzlerec.watch.opening import Open
from puzzlerec.watch.panels import Heading
from puzzlerec.watch.player import Player
from puzzlerec.watch.timeline import Timeline

if TYPE_CHECKING:
    from puzzlerec.solving.answer import SolveSettings
    from puzzlerec.solving.trace import Trace
    from puzzlerec.views.pictures import Picture

LOOKS = 30  # a second, for something new to show
EXAMPLE, PASTED = "example", "pasted"  # sources of puzzles
_STEP, _PUZZLE = Binding.Group("Step", compact=True), Binding.Group("Puzzle", compact=True)


class RefinementScreen(Screen[None]):
    """One puzzle of several, and how one model or two make of it what they can."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play", id="play", tooltip="Play or pause; at the end, play again from the start."),
        Binding(
            "comma",
            "step(-1)",
            "Step back",
            id="step-back",
            key_display=",",
            group=_STEP,
            tooltip="Nothing is computed again.",
        ),
        Binding("full_stop", "step(1)", "Step on", id="step-on", key_display=".", group=_STEP),
        Binding("home", "first", "First step", id="first", show=False),
        Binding("end", "last", "Last step", id="last", show=False),
        Binding("plus,equals_sign", "speed(1)", "Faster", id="faster", key_display="+", show=False),
        Binding("minus", "speed(-1)", "Slower", id="slower", key_display="-", show=False),
        Binding(
            "left_square_bracket", "attempt(-1)", "Attempt before", id="attempt-before", key_display="[", show=False
        ),
        Binding("right_square_bracket", "attempt(1)", "Attempt after", id="attempt-after", key_display="]", show=False),
        Binding(
            "p", "puzzle(-1)", "Puzzle before", id="puzzle-before", group=_PUZZLE, tooltip="The one before in the file."
        ),
        Binding("n", "puzzle(1)", "Next puzzle", id="puzzle-after", group=_PUZZLE, tooltip="The next one in the file."),
        Binding("l", "list", "List", id="list", tooltip="All puzzles of the file, and which are solved."),
        Binding("b", "begin", "Begin", id="begin", tooltip="Samples, a new puzzle, a file, a training run."),
        Binding("o", "open", "Open", id="open", tooltip="Open a file of puzzles, a trace or a training run."),
        Binding("e", "edit", "Edit", id="edit", tooltip="Type or change a puzzle."),
        Binding(
            "ctrl+v", "paste", "Paste", id="paste", show=False, tooltip="Puzzles as text, in any form that is known."
        ),
        Binding("g", "generate", "Generate", id="generate", tooltip="Make a new puzzle of a chosen difficulty."),
        Binding("m", "model", "Model", id="model", tooltip="Choose the model of the side that has the focus."),
        Binding(
            "c", "compare", "Compare", id="compare", tooltip="A second model on the same puzzle; again: back to one."
        ),
        Binding(
            "s",
            "settings",
            "Settings",
            id="settings",
            tooltip="Steps, attempts, early halting and seed of the focused side.",
        ),
        Binding("a", "again", "Solve again", id="again", show=False),
        Binding("h", "heat", "Heat on or off", id="heat", show=False),
        Binding("v", "glyphs", "Bars as a second cue for the heat", id="glyphs", show=False),
        Binding(
            "z", "zoom", "Zoom", id="zoom", tooltip="The puzzle alone, as large as it can be; again: all as before."
        ),
        Binding("1", "panel('curves')", "Curves on or off", id="curves", show=False),
        Binding("2", "panel('candidates')", "Candidates on or off", id="candidates", show=False),
        Binding("3", "panel('attempts')", "Attempts on or off", id="attempts", show=False),
        Binding("t", "truth", "Mark cells that differ from the exact answer", id="truth", show=False),
        Binding(
            "w", "write", "Save a trace", id="write", show=False, tooltip="Every step, for `puzzlerec watch FILE`."
        ),
        Binding("x", "picture", "Save a picture (SVG)", id="picture", show=False, tooltip="The grid as it is shown."),
        Binding(
            "r",
            "cast",
            "Save an asciicast",
            id="cast",
            show=False,
            tooltip="The decisive attempt, for terminal players.",
        ),
    ]
    DEFAULT_CSS = """
    RefinementScreen {
        & > #lanes { height: 1fr; }
    }
    """

    def __init__(
        self, context: Context, puzzles: Sequence[Puzzle], traces: Sequence[Trace] = (), *, asks: bool = False
    ) -> None:
        """``traces`` are of the ``puzzles``, one for each, or there are none; ``asks``: nobody has chosen anything."""
        super().__init__()
        self.context = context
        self._asks = asks
        self._take(puzzles, traces)
        self.player = Player()
        self._seen: tuple[object, ...] = ()
        self._truth_of: Puzzle | None = None
        self._zoomed = False

    def _take(self, puzzles: Sequence[Puzzle], traces: Sequence[Trace] = ()) -> None:
        self.puzzles, self.index, self.traces = list(puzzles), 0, list(traces)
        self.outcomes = {index: trace.answer.verdict.solved for index, trace in enumerate(traces)}  # of those tried

    def compose(self) -> ComposeResult:
        yield Heading()
        with Horizontal(id="lanes"):
            yield Lane()
        yield Timeline()
        yield Footer()

    def on_mount(self) -> None:
        self.player.speed = self.context.memory.speed
        self.lanes[0].grid.focus()
        self.lanes[0].grid.show(self.puzzle)
        self.make_room()
        self.call_after_refresh(self._start)  # the model loads when the puzzle is on the screen

    def _start(self) -> None:
        self._begin()
        if self.context.second is not None:
            self._add_lane(self.context.second)
        self.set_interval(1 / LOOKS, self.look)
        if self._asks:
            self.action_begin()

    def on_resize(self) -> None:
        self.make_room()

    @property
    def lanes(self) -> list[Lane]:
        return [lane for lane in self.query(Lane) if lane.there]

    @property
    def puzzle(self) -> Puzzle:
        return self.puzzles[self.index]

    @property
    def lane(self) -> Lane:
        """The side that has the focus."""
        return next((lane for lane in self.lanes if lane.has_focus_within), self.lanes[0])

    # ---- what is shown

    def make_room(self) -> None:
        """Share out the screen anew, and draw what is on it."""
        lanes, wanted = self.lanes, [panel for panel in PANELS if panel not in self.context.memory.hidden]
        arrangement = arrange(
            self.puzzle,
            self.size.width // len(lanes) - (len(lanes) > 1),
            self.size.height,
            panels=bool(wanted) and not self._zoomed,
            zoomed=self._zoomed,
            unicode=self.app.console.encoding.lower().startswith("utf"),
        )
        self.query_one(Heading).display = "heading" in arrangement.lines
        self.query_one(Footer).display = "keys" in arrangement.lines
        self.query_one(Timeline).styles.height = 1 + ("track" in arrangement.lines)
        for number, lane in enumerate(lanes):
            lane.set_class(number < len(lanes) - 1, "-first")  # as wide as the second, which has a border
            lane.make_room(arrangement, wanted)
        self.call_after_refresh(self.draw)

    def look(self) -> None:
        """Show what is new: more steps computed, or the next one due."""
        lanes = self.lanes
        self.player.grow(max(lane.length for lane in lanes), any(lane.working for lane in lanes))
        self.player.advance()
        state = (self.player.position, self.player.playing, *(lane.state for lane in lanes))
        if state != self._seen:
            self._seen = state
            self._note_outcomes()
            self.draw()
            if self._truth_of is not self.puzzle and self.player.length:
                self._truth_of = self.puzzle
                self._find_truth(self.puzzle)

    def _note_outcomes(self) -> None:
        """What has come of the puzzle on any side: once solved it stays so."""
        answers = [lane.recording.answer for lane in self.lanes if lane.recording is not None]
        solved = [answer.verdict.solved for answer in answers if answer is not None and answer.puzzle is self.puzzle]
        if solved:
            self.outcomes[self.index] = any(solved) or self.outcomes.get(self.index, False)

    def draw(self) -> None:
        """Everything, as it stands."""
        if not self.is_mounted:
            return
        position = self.player.position
        for lane in self.lanes:
            lane.show(position)
        self._draw_timeline()
        self._draw_heading()

    def _draw_heading(self) -> None:
        place = self.context.place
        right = "trace" if self.traces else f"device {place}" if place else ""
        self.query_one(Heading).show(self.puzzle, self.index, len(self.puzzles), right)

    def _draw_timeline(self) -> None:
        player, lanes = self.player, self.lanes
        longest = max(lanes, key=lambda lane: lane.length)
        shares, total, rounds = longest.timeline()
        unicode = self.app.console.encoding.lower().startswith("utf")
        sign = ("⏸▶"[player.playing] if unicode else "|>"[player.playing]) if player.length else " "
        shown = longest.step_at(player.position)
        step = more = ""
        if shown is not None and longest.recording is not None:
            number, now = shown
            step = f"step {now.frame.step} of {max(longest.recording.steps, longest.recording.steps_done(number))}"
            more = " · solved" if now.solved else f" · {now.frame.kind}"
            if len(longest.recording.attempts) > 1:
                more += f" · attempt {number}: {longest.recording.attempts[number].label}"
        speed = f"{player.speed:g} step{'s' if player.speed != 1 else ''}/s"
        self.query_one(Timeline).show(shares, player.position, total, rounds, (sign, step, more), speed)

    # ---- what is computed

    def _begin(self) -> None:
        """Start anew with the puzzle that is chosen, on every side."""
        memory = self.context.memory
        memory.remember(self.puzzle)
        self._truth_of = None
        self.make_room()
        for number, lane in enumerate(self.lanes):
            lane.truth, lane.marks_wrong = None, memory.exact
            lane.grid.heat, lane.grid.glyphs = memory.heat, memory.glyphs or self.app.no_color
            if self.traces and not number:
                lane.take(Job.replaying(self.traces[self.index]))
            elif lane.job is None:
                self._solve(lane, Side(None, self.context.options))
            else:
                same = lane.job.puzzle.kind == self.puzzle.kind
                self._solve(lane, Side(lane.job.model if same else None, lane.job.options))
        self._play_from_the_start()
        self.look()

    def _solve(self, lane: Lane, side: Side) -> None:
        model = side.model or self.context.model_for(self.puzzle.kind)
        lane.take(Job(self.puzzle, model, side.options, self.context.solver_for))

    def cancel(self) -> None:
        """Whatever is still computed is not wanted any more."""
        for lane in self.lanes:
            lane.cancel()

    def _solve_again(self, lane: Lane, model: str | None, options: Mapping[str, Any]) -> None:
        if lane is self.lanes[0]:
            self.traces = []
        self._solve(lane, Side(model, options))
        self._play_from_the_start()

    def _play_from_the_start(self) -> None:
        self.player.start()
        self._seen = ()

    @work(thread=True, group="truth", exclusive=True, exit_on_error=False)
    def _find_truth(self, puzzle: Puzzle) -> None:
        truth = puzzle.kind.truth(puzzle.question)
        if truth is not None:
            self.app.call_from_thread(self._have_truth, puzzle, truth)

    def _have_truth(self, puzzle: Puzzle, truth: np.ndarray) -> None:
        if puzzle is self.puzzle:
            for lane in self.lanes:
                lane.truth = truth

    @work(group="lane")
    async def _add_lane(self, side: Side) -> None:
        lane = Lane(classes="-second")
        lane.there = False
        await self.query_one("#lanes").mount(lane)
        first = self.lanes[0]
        lane.there = True
        lane.grid.heat, lane.grid.glyphs = first.grid.heat, first.grid.glyphs
        lane.grid.set_reactive(GridView.cursor, first.grid.cursor)
        lane.truth, lane.marks_wrong = first.truth, first.marks_wrong
        self.make_room()
        self._solve(lane, side)
        self._play_from_the_start()

    # ---- playing

    def action_play(self) -> None:
        self.player.toggle()
        self.look()

    def action_step(self, by: int) -> None:
        self.player.move(by)
        self.look()

    def action_first(self) -> None:
        self.player.seek(0)
        self.look()

    def action_last(self) -> None:
        self.player.seek(self.player.length - 1)
        self.look()

    def action_speed(self, by: int) -> None:
        self.player.change_speed(by)
        self.context.memory.speed = self.player.speed
        self._draw_timeline()

    @on(Timeline.Sought)
    @on(Lane.Sought)
    def _sought(self, event: Timeline.Sought | Lane.Sought) -> None:
        self.player.seek(event.position)
        self.look()

    def action_attempt(self, by: int) -> None:
        position = self.lane.choose(by, self.player.position)
        if position is not None:
            self.player.seek(position)
            self.look()

    @on(GridView.CursorMoved)
    def _cursor_moved(self, event: GridView.CursorMoved) -> None:
        for lane in self.lanes:
            if lane.grid is not event.grid:
                with lane.grid.prevent(GridView.CursorMoved):
                    lane.grid.cursor = event.cell
            lane.share_room()
        self.call_after_refresh(self._draw_candidates)

    def _draw_candidates(self) -> None:
        for lane in self.lanes:
            lane.show_candidates()

    # ---- choosing

    def action_puzzle(self, by: int) -> None:
        if len(self.puzzles) == 1:
            self.notify("There is no other puzzle: o opens a file, g makes a new one.")
            return
        self.index = (self.index + by) % len(self.puzzles)
        self._begin()

    def set_puzzles(self, puzzles: Sequence[Puzzle], traces: Sequence[Trace] = ()) -> None:
        """Go on with these."""
        self.workers.cancel_group(self, "all")
        self._take(puzzles, traces)
        self._begin()

    def _set_puzzle(self, puzzle: Puzzle | None) -> None:
        if puzzle is not None:
            self.set_puzzles([puzzle])

    def action_list(self) -> None:
        from puzzlerec.watch.dialogs.puzzles import ChoosePuzzle

        def chosen(index: int | None) -> None:
            self.workers.cancel_group(self, "all")
            if index is not None and index != self.index:
                self.index = index
                self._begin()

        choosing = ChoosePuzzle(self.puzzles, self.outcomes, self.index, self.solve_all)
        self.app.push_screen(choosing, chosen)

    def solve_all(self, indices: Sequence[int], told: Callable[[int], None]) -> None:
        """Find out which of these puzzles can be solved, as the first side does; ``told`` hears of each."""
        job = self.lanes[0].job
        if job is not None:
            self._solve_all(list(indices), Side(job.model, job.options), told)

    @work(thread=True, group="all", exclusive=True, exit_on_error=False)
    def _solve_all(self, indices: list[int], side: Side, told: Callable[[int], None]) -> None:
        from puzzlerec.solving.answer import SolveSettings

        worker, puzzles, outcomes = get_current_worker(), self.puzzles, self.outcomes
        for index in indices:
            if worker.is_cancelled:
                return
            puzzle = puzzles[index]
            try:
                solver = self.context.solver_for(puzzle.kind, side.model)
                answers = list(solver.solve([puzzle], SolveSettings(**side.options)))
            except (ValueError, LookupError) as error:
                self.app.call_from_thread(self.app.notify, str(error), severity="warning", markup=False)
                return
            outcomes[index] = answers[0].verdict.solved
            self.app.call_from_thread(told, index)

    def action_begin(self) -> None:
        from puzzlerec.watch.dialogs.start import Start

        def chosen(choice: Path | str | None) -> None:
            if isinstance(choice, Path):
                self._open(choice)
            elif choice is not None:
                self.call_later(self.run_action, choice)

        self.app.push_screen(Start(None if self.puzzle.source == EXAMPLE else self.puzzle), chosen)

    def action_paste(self) -> None:
        self._paste(self.app.clipboard)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        """Go on with the puzzles in a text; what cannot be read is said, and nothing is lost."""
        try:
            reading = read(io.StringIO(text), source=PASTED)
            if not reading.puzzles:
                raise reading.errors[0]
        except PuzzleError as error:
            self.notify(f"This cannot be pasted: {error}", severity="warning", markup=False)
            return
        self.set_puzzles(reading.puzzles)
        more = f", {count(len(reading.errors), 'fault')}: {reading.errors[0]}" if reading.errors else ""
        self.notify(f"{count(len(reading.puzzles), 'puzzle')} pasted{more}", markup=False)

    def action_open(self) -> None:
        from puzzlerec.watch.dialogs.files import OpenFile

        source = Path(self.puzzle.source)
        self.app.push_screen(OpenFile(source if source.is_file() else None), self._open)

    def _open(self, path: Path | None) -> None:
        if path is not None:
            self.post_message(Open(path))

    def action_edit(self) -> None:
        from puzzlerec.watch.editor import Editor

        if self.puzzle.kind.editing is None:
            self.notify(self.puzzle.kind.not_edited)
            return
        self.app.push_screen(Editor(self.puzzle), self._set_puzzle)

    def action_generate(self) -> None:
        from puzzlerec.watch.dialogs.generate import Generate

        self.app.push_screen(Generate(self.puzzle.kind), self._set_puzzle)

    def action_model(self) -> None:
        lane = self.lane

        def chosen(name: str | None) -> None:
            if name is not None and lane.job is not None:
                self.context.memory.models[self.puzzle.kind.name] = name
                self._solve_again(lane, name, lane.job.options)

        self._ask_model(lane, chosen)

    def action_compare(self) -> None:
        first, *others = self.lanes
        if others:
            self._remove_lane(others[0])
            return

        def chosen(name: str | None) -> None:
            if name is not None and first.job is not None:
                self._add_lane(Side(name, first.job.options))

        self._ask_model(first, chosen)

    def _remove_lane(self, lane: Lane) -> None:
        lane.there = False
        lane.cancel()
        self.lanes[0].grid.focus()
        lane.remove()
        self.make_room()

    def _ask_model(self, lane: Lane, chosen: Callable[[str | None], None]) -> None:
        from puzzlerec.watch.dialogs.model import ChooseModel

        kind, shape = self.puzzle.kind, self.puzzle.question.shape
        current = lane.job.model if lane.job else None
        if lane.recording is not None:
            current = current or lane.recording.model
        self.app.push_screen(ChooseModel(kind, shape, current or kind.name), chosen)

    def action_settings(self) -> None:
        from puzzlerec.solving.answer import SolveSettings
        from puzzlerec.watch.dialogs.settings import RunSettings

        lane = self.lane

        def chosen(settings: SolveSettings | None) -> None:
            if settings is not None and lane.job is not None:
                self._solve_again(lane, lane.job.model, vars(settings))

        if lane.job is not None:
            self.app.push_screen(RunSettings(SolveSettings(**lane.job.options)), chosen)

    def action_again(self) -> None:
        for lane in self.lanes:
            if lane.job is not None:
                self._solve_again(lane, None if self.traces else lane.job.model, lane.job.options)

    # ---- how it looks

    def action_heat(self) -> None:
        self.context.memory.heat = not self.context.memory.heat
        for lane in self.lanes:
            lane.grid.heat = self.context.memory.heat

    def action_glyphs(self) -> None:
        self.context.memory.glyphs = not self.lanes[0].grid.glyphs
        for lane in self.lanes:
            lane.grid.glyphs = self.context.memory.glyphs

    def action_truth(self) -> None:
        self.context.memory.exact = not self.context.memory.exact
        for lane in self.lanes:
            lane.marks_wrong = self.context.memory.exact
        self.draw()

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self.make_room()

    def action_panel(self, panel: str) -> None:
        hidden = self.context.memory.hidden
        (hidden.remove if panel in hidden else hidden.append)(panel)
        self._zoomed = False
        self.make_room()

    # ---- saving

    def action_picture(self) -> None:
        from puzzlerec.files import write
        from puzzlerec.views.svg import document
        from puzzlerec.watch.dialogs.saving import SaveAs

        content = document([self._picture()])
        self.app.push_screen(SaveAs("Save the picture", self._file_name(".svg"), partial(write, content=content)))

    def action_write(self) -> None:
        from puzzlerec.watch.dialogs.saving import SaveAs, write_trace

        if trace := self._trace():
            self.app.push_screen(SaveAs("Save the trace", self._file_name(".h5"), partial(write_trace, trace=trace)))

    def action_cast(self) -> None:
        from puzzlerec.watch.dialogs.saving import SaveAs, write_cast

        trace = self._trace()
        if trace and not trace.runs:
            self.notify("No model was asked: there is nothing to film.", severity="warning")
        elif trace:
            write = partial(write_cast, trace=trace, speed=self.player.speed)
            self.app.push_screen(SaveAs("Save the asciicast", self._file_name(".cast"), write))

    def _picture(self) -> Picture:
        """The grid that has the focus, at the step that is shown."""
        from puzzlerec.views.pictures import model_words, of_frame, of_puzzle

        shown, recording = self.lane.step_at(self.player.position), self.lane.recording
        if shown is None or recording is None:
            return of_puzzle(self.puzzle)
        step, answer = shown[1], recording.answer
        model = model_words(recording.model, answer.weights if answer else 0)
        truth = self.lane.truth if self.lane.marks_wrong else None
        return of_frame(self.puzzle, step.frame, previous=step.previous, truth=truth, model=model)

    def _trace(self) -> Trace | None:
        recording = self.lane.recording
        if recording is None or recording.answer is None:
            self.notify("There is no answer yet: wait until the computation has ended.", severity="warning")
            return None
        return recording.saved()

    def _file_name(self, suffix: str) -> Path:
        source = Path(self.puzzle.source) if self.puzzle.line and self.puzzle.source != "-" else None
        stem = f"{source.stem}-{self.puzzle.line}" if source else self.puzzle.kind.name
        return Path(stem + suffix)
