"""An answer forming: the grid, the curves beside it, the attempts, one cell's candidates, and the timeline below.

One model or two side by side, on the same puzzle and in step. The models compute in threads; the screen looks thirty
times a second whether there is more to show, and draws the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from puzzlerec.puzzles import Characters, Maze, Puzzle
from puzzlerec.puzzles.maze.tokens import FREE, PATH
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.job import Job
from puzzlerec.watch.lines import Lines, spread
from puzzlerec.watch.painting import BARS, LEVELS, VIRIDIS, legend
from puzzlerec.watch.player import Player
from puzzlerec.watch.timeline import Timeline

if TYPE_CHECKING:
    from puzzlerec.solving.solver import SolveSettings
    from puzzlerec.solving.trace import Trace
    from puzzlerec.watch.app import Watch
    from puzzlerec.watch.recording import Recording, Step

LOOKS = 30  # a second, for something new to show
_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEAT = [Style(color=colour) for colour in VIRIDIS]
_STEP, _PUZZLE = Binding.Group("Step", compact=True), Binding.Group("Puzzle", compact=True)
_NARROW = 76  # columns: a narrower lane has its curves under the grid, not beside it


class Attempts(Lines):
    """Each attempt in a line; a click chooses it."""

    class Chosen(Message):
        def __init__(self, attempts: Attempts, number: int) -> None:
            super().__init__()
            self.attempts, self.number = attempts, number

        @property
        def control(self) -> Attempts:
            return self.attempts

    numbers: Sequence[int] = ()  # of the attempts in the lines below the first

    def on_click(self, event: events.Click) -> None:
        if 0 < event.y <= len(self.numbers):
            self.post_message(self.Chosen(self, self.numbers[event.y - 1]))


class Lane(Vertical):
    """One model at work on the puzzle."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lane--strong",
        "lane--text",
        "lane--muted",
        "lane--good",
        "lane--bad",
        "lane--paper",
    }
    DEFAULT_CSS = """
    Lane {
        width: 1fr;
        height: 1fr;
        & > .lane--strong { text-style: bold; color: $text-primary; }
        & > .lane--text { color: $foreground; }
        & > .lane--muted { color: $text-muted; }
        & > .lane--good { text-style: bold; color: $text-success; }
        & > .lane--bad { text-style: bold; color: $text-error; }
        & .title { height: 1; padding: 0 1; background: $foreground 6%; }
        & .body { layout: horizontal; height: 1fr; }
        & .picture { width: 1fr; height: 1fr; }
        & .legend { height: 1; }
        & .side { width: 48; height: 1fr; padding: 0 1; }
        & .curves { grid-size: 2 3; grid-gutter: 0 2; height: 15; }
        & .candidates { height: 8; margin-top: 1; }
        & .attempts { height: 1fr; margin-top: 1; }
        &.-tight .candidates, &.-tight .attempts { margin-top: 0; }
        &.-stacked .body { layout: vertical; }
        &.-stacked .side { width: 1fr; height: auto; }
        &.-stacked .curves { grid-size: 3 2; }
        &.-stacked .curves.-one-row { grid-size: 3 1; }
        &.-stacked .attempts { height: 4; }
    }
    Lane.-second { border-left: vkey $foreground 25%; }
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.there = True  # not while it comes or goes
        self.job: Job | None = None
        self.chosen: int | None = None  # the attempt that is shown, None: the one that is nearest to an answer
        self.truth: np.ndarray | None = None
        self.marks_wrong = True
        self._shares: list[float] = []
        self._rounds: set[int] = set()
        self._wrong: dict[Step, int] = {}
        self._curves: tuple[object, ...] = ()  # what the curves show

    def compose(self) -> ComposeResult:
        yield Lines(classes="title")
        with Vertical(classes="body"):
            with Vertical(classes="picture"):
                yield GridView()
                yield Lines(classes="legend")
            with Vertical(classes="side"):
                with Grid(classes="curves"):
                    yield Curve("halt probability", low=0, high=1, classes="halt")
                    yield Curve("violations", low=0, form=".0f", classes="violations")
                    yield Curve("mean confidence", low=0, high=1, classes="confidence")
                    yield Curve("wrong cells", low=0, form=".0f", classes="wrong")
                    yield Curve("mean entropy", low=0, classes="entropy")
                    yield Curve("cells changed", low=0, form=".0f", classes="changed")
                yield Lines(classes="candidates")
                yield Attempts(classes="attempts")

    @property
    def grid(self) -> GridView:
        return self.query_one(GridView)

    @property
    def recording(self) -> Recording | None:
        return self.job.recording if self.job else None

    @property
    def length(self) -> int:
        """How many moments there are to show."""
        return len(self.recording.moments) if self.recording else 0

    @property
    def state(self) -> tuple[object, ...]:
        """Differs whenever there is something new to show."""
        job = self.job
        return (id(job), job.state if job else "", self.length, self.truth is None)

    def take(self, job: Job) -> None:
        """Show this job from now on; the one before is given up."""
        if self.job is not None:
            self.job.cancel()
        self.job, self.chosen, self._curves = job, None, ()
        self._shares, self._rounds, self._wrong = [], set(), {}
        if job.working:
            self.run_worker(job.run, thread=True, group="job", exit_on_error=False)

    def choose(self, by: int, position: int) -> int | None:
        """Show the attempt ``by`` further on; the moment at which it is seen best, None if there is no such attempt."""
        recording = self.recording
        if recording is None or not recording.moments:
            return None
        numbers = sorted(recording.attempts)
        shown = self.shown(min(position, self.length - 1))
        place = max(0, min(numbers.index(shown) + by, len(numbers) - 1))
        return self.choose_number(numbers[place], position)

    def choose_number(self, number: int, position: int) -> int | None:
        recording = self.recording
        if recording is None or number not in recording.begun:
            return None
        self.chosen = number
        begun = recording.begun[number]
        return max(begun, min(position, begun + recording.steps_done(number) - 1))

    def shown(self, index: int) -> int:
        """The number of the attempt that is shown at moment ``index``."""
        assert self.recording is not None
        if self.chosen in self.recording.moments[index].steps:
            assert self.chosen is not None
            return self.chosen
        return self.recording.leader(index)

    def timeline(self) -> tuple[list[float], int, frozenset[int]]:
        """For each moment how sure the network is, how many moments to expect, and where rounds of attempts begin."""
        recording = self.recording
        if recording is None:
            return [], 1, frozenset()
        moments = recording.moments
        for index in range(len(self._shares), len(moments)):
            moment = moments[index]
            self._shares.append(moment.steps[moment.best].confidence)
            if not index or not moment.steps.keys() <= moments[index - 1].steps.keys():
                self._rounds.add(index)
        total = len(moments)
        if self.job and self.job.working:
            total = max(total, max(self._rounds, default=0) + recording.steps)
        return self._shares, total, frozenset(self._rounds)

    def show(self, position: int) -> None:
        """Draw moment ``position``, or the last one before it."""
        job = self.job
        if job is None:
            return
        index = min(position, self.length - 1)
        self._show_title(index)
        if index < 0:
            self.grid.show(job.puzzle)
            self._show_side([], 0, -1)
            return
        recording = job.recording
        assert recording is not None
        number = self.shown(index)
        at = index - recording.begun[number]
        steps = recording.steps_of(number)
        step = steps[at]
        self.grid.show(
            job.puzzle,
            step.frame,
            previous=step.previous,
            truth=self.truth if self.marks_wrong else None,
            offending=step.offending,
        )
        self._show_side(steps, at, index)

    def step_at(self, position: int) -> tuple[int, Step] | None:
        """The number of the attempt and its step at ``position``."""
        index = min(position, self.length - 1)
        if index < 0 or self.recording is None:
            return None
        number = self.shown(index)
        return number, self.recording.moments[index].steps[number]

    # ---- arrangement

    def on_resize(self) -> None:
        self.make_room()
        self.call_after_refresh(self._redraw)

    def make_room(self) -> None:
        """Give each part its room: beside the grid, or below it where the lane is narrow."""
        width, body = self.size.width, self.size.height - 1
        stacked = width < _NARROW
        self.set_class(stacked, "-stacked")
        self.set_class(body < 26 or stacked, "-tight")
        side, curves = self.query_one(".side"), self.query_one(".curves")
        candidates, attempts = self.query_one(".candidates"), self.query_one(".attempts")
        one_row = stacked and 30 <= body < 44  # a tall grid leaves little below it
        for curve in self.query(".confidence, .entropy, .changed"):
            curve.display = not one_row
        if stacked:
            side.styles.width = "1fr"
            curves.styles.height = max(4, body - 32) if one_row else 6 if body < 44 else 10
            candidates.styles.height = curves.styles.height if body < 44 else 6
            candidates.display = body >= 44 or self.grid.cursor is not None
            curves.display = body >= 44 or not candidates.display
            attempts.display = body >= 52
        else:
            side.styles.width = max(44, min(84, width - 71))
            curves.styles.height = 3 * max(3, body // 7)
            candidates.styles.height = 5 if body < 26 else 7 if body < 34 else 8 if body < 44 else 10
            curves.display = candidates.display = attempts.display = True
        curves.set_class(one_row, "-one-row")
        self.query_one(".legend").display = body >= 22 and not one_row

    def _redraw(self) -> None:
        if isinstance(self.screen, RefinementScreen):
            self.screen.draw()

    # ---- drawing

    def _show_title(self, index: int) -> None:
        job = self.job
        assert job is not None
        strong, text, muted = (self.get_component_rich_style(f"lane--{name}") for name in ("strong", "text", "muted"))
        recording = job.recording
        name = recording.model if recording else job.model or job.puzzle.kind.name
        left = [Segment(name, strong), Segment(f" · {_words(job.options)}", muted)]
        right = [Segment(part, self.get_component_rich_style(f"lane--{style}")) for part, style in self._verdict(index)]
        title = self.query_one(".title", Lines)
        room = title.size.width - len(name) - 2
        while len(right) > 1 and sum(segment.cell_length for segment in right) > room:
            right.pop()
        if sum(segment.cell_length for segment in (*left, *right)) >= title.size.width:
            left.pop()
        title.show([spread(left, right, title.size.width, text)])

    def _verdict(self, index: int) -> list[tuple[str, str]]:
        """What is known of the whole: text and the name of its style."""
        job = self.job
        assert job is not None
        if job.state == "failed":
            return [(job.problem, "bad")]
        if job.state == "loading":
            return [("loading the model …", "muted")]
        recording = job.recording
        assert recording is not None
        if recording.answer is None:
            count = len(recording.attempts)
            return [(f"computing, attempt {count} …" if count > 1 else "computing …", "muted")]
        answer = recording.answer
        if not answer.attempts and answer.how != "exact solver":
            return [(f"✗ {', '.join(answer.verdict.problems)}", "bad")]
        seconds = f" · {answer.seconds:.2f} s"
        if not answer.verdict.solved:
            faults = int(answer.verdict.offending.sum())
            words = f"✗ not solved: {faults} offending cells" if faults else f"✗ {', '.join(answer.verdict.problems)}"
            return [(words, "bad"), (f" · {_count(answer.attempts, 'attempt')}{seconds}", "muted")]
        if answer.how == "exact solver":
            return [("✓ by the exact solver", "good"), (f" · after {_count(answer.attempts, 'attempt')}", "muted")]
        how = "in one pass" if answer.how == "one pass" else f"at attempt {answer.attempts}"
        facts = [name for name in ("valid", "optimal") if answer.verdict.facts.get(name)]
        details = [*facts, _count(answer.steps, "step")]
        return [(f"✓ solved {how}", "good"), *((f" · {part}", "muted") for part in details), (seconds, "muted")]

    def _show_side(self, steps: Sequence[Step], at: int, index: int) -> None:
        here = self.query_one(".legend", Lines)
        palette = self.grid.palette
        unicode = self.app.console.encoding.lower().startswith("utf")
        if self.job is not None:
            hides = bool(steps) and steps[0].frame.masked is not None
            here.show([legend(self.job.puzzle.kind, here.size.width, palette.style, unicode, hides)])
        seen = (steps[0] if steps else None, len(steps), at, self.truth is None)
        if seen != self._curves:
            self._curves = seen
            self._show_curves(steps, at)
        candidates, attempts = self.query_one(".candidates", Lines), self.query_one(Attempts)
        if candidates.display:
            candidates.show(self._candidates(steps[: at + 1], *candidates.size))
        if attempts.display:
            self._show_attempts(attempts, index)

    def show_candidates(self, position: int) -> None:
        """Draw the candidates alone: another cell is under the cursor."""
        shown = self.step_at(position)
        candidates = self.query_one(".candidates", Lines)
        if candidates.display and self.job is not None:
            steps: Sequence[Step] = ()
            if shown is not None and self.recording is not None:
                done = min(position, self.length - 1) - self.recording.begun[shown[0]] + 1
                steps = self.recording.steps_of(shown[0])[:done]
            candidates.show(self._candidates(steps, *candidates.size))

    def _show_curves(self, steps: Sequence[Step], at: int) -> None:
        cursor = at if steps else None
        for name in ("halt", "confidence", "entropy", "changed", "violations"):
            values = [float(getattr(step, name)) for step in steps]
            self.query_one(f".{name}", Curve).show(values, cursor)
        wrong = [float(self._wrong_cells(step)) for step in steps] if self.truth is not None else []
        self.query_one(".curves .wrong", Curve).show(wrong, cursor if wrong else None)

    def _wrong_cells(self, step: Step) -> int:
        if step not in self._wrong:
            assert self.truth is not None and self.job is not None
            puzzle = self.job.puzzle
            wrong = puzzle.kind.wrong(step.frame.tokens[0], self.truth) & ~puzzle.kind.given(puzzle.question)
            if step.frame.masked is not None:
                wrong &= ~step.frame.masked[0]
            self._wrong[step] = int(wrong.sum())
        return self._wrong[step]

    def _candidates(self, steps: Sequence[Step], width: int, height: int) -> list[list[Segment]]:
        """The cell at the cursor: what it may hold, how likely each is now, and how that came about."""
        style = self.get_component_rich_style
        strong, text, muted = style("lane--strong"), style("lane--text"), style("lane--muted")
        job, cursor = self.job, self.grid.cursor
        if cursor is None or job is None:
            return [[Segment("candidates", strong), Segment("  arrow keys or a click choose a cell", muted)]]
        row, column = cursor
        heading = [Segment(f"row {row + 1}, column {column + 1}", strong)]
        kind, question = job.puzzle.kind, job.puzzle.question
        if kind.given(question)[row, column]:
            name = _name(job.puzzle, int(question[row, column]))
            return [[*heading, Segment(f"  given: {name}", muted)]]
        if not steps:
            return [heading]
        if self.truth is not None and not isinstance(kind, Maze):
            heading.append(Segment(f"  exact answer {_name(job.puzzle, int(self.truth[row, column]))}", muted))
        cell = row * question.shape[1] + column
        now = steps[-1].frame.probabilities[0, cell].astype(np.float32)
        shown = int(steps[-1].frame.tokens[0, row, column])
        tokens = (FREE, PATH) if isinstance(kind, Maze) else kind.answer_tokens
        order = sorted(tokens, key=lambda token: -now[token])[: max(height - 1, 0)]
        history = min(len(steps), max(width // 3, 4), 24)
        label = max(len(_name(job.puzzle, token)) for token in order) if order else 1
        room = max(min(width - label - 7 - history - 2, 40), 4)
        lines = [heading]
        for token in order:
            share = float(now[token])
            moved = [float(step.frame.probabilities[0, cell, token]) for step in steps[-history:]]
            lines.append(
                [
                    Segment(f"{_name(job.puzzle, token):>{label}} ", strong if token == shown else text),
                    *_bar(share, room),
                    Segment(f" {share:.3f} ", strong if token == shown else muted),
                    *(Segment(BARS[_level(value)], _HEAT[_level(value)]) for value in moved),
                ]
            )
        return lines

    def _show_attempts(self, attempts: Attempts, index: int) -> None:
        style = self.get_component_rich_style
        strong, text, muted = style("lane--strong"), style("lane--text"), style("lane--muted")
        recording, (width, height) = self.recording, attempts.size
        if recording is None or index < 0 or not width:
            attempts.show([])
            return
        runs = list(recording.attempts.values())
        shown = self.shown(index)
        spent = f"  {len(runs)} of at most {recording.settings.attempts}"
        lines = [[Segment("attempts", strong), Segment(spent, muted)]]
        first = max(0, min(shown - (height - 1) // 2 - 1, len(runs) - height + 1))
        visible = runs[first : first + max(height - 1, 0)]
        attempts.numbers = [run.number for run in visible]
        track = max(6, min(16, width - 40))
        for run in visible:
            done = recording.steps_done(run.number, index)
            step = recording.moments[recording.begun[run.number] + done - 1].steps[run.number] if done else None
            over = done == len(run.frames) and (
                not self.job or not self.job.working or index > recording.begun[run.number] + done - 1
            )
            filled = done * track // max(recording.steps, 1)
            if step is None:
                sign, words, ink = " ", "", muted
            elif step.solved:
                sign, words, ink = "✓", "solved", style("lane--good")
            else:
                sign, words, ink = ("✗" if over else "…"), f"{step.violations} !", muted
            colour = _HEAT[_level(step.confidence)] if step else muted
            space = max(width - track - 18, 8)
            label = _cut(f"{run.number:>3} {run.label.removeprefix('pin ')}", space)
            lines.append(
                [
                    Segment("▸" if run.number == shown else " ", strong),
                    Segment(f"{label:<{space}} ", text if run.number == shown else muted),
                    Segment("━" * filled, colour),
                    Segment("─" * (track - filled), muted),
                    Segment(f" {done:>2}/{recording.steps:<2} {words:<6}", ink),
                    Segment(f" {sign}", ink),
                ]
            )
        attempts.show(lines)


def _level(share: float) -> int:
    return max(0, min(int(share * LEVELS), LEVELS - 1))


def _bar(share: float, width: int) -> list[Segment]:
    """A bar of ``width`` columns, filled by ``share`` to an eighth of a column."""
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_EIGHTHS[rest] if rest else "")
    return [Segment(text, _HEAT[_level(share)]), Segment(" " * (width - len(text)))]


def _name(puzzle: Puzzle, token: int) -> str:
    """A token in words."""
    if isinstance(puzzle.kind, Maze):
        return ("?", "wall", "free", "start", "goal", "path")[min(token, PATH)]
    return puzzle.kind.vocabulary[token]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _words(options: Mapping[str, Any]) -> str:
    """Settings in words."""
    words = [_count(options.get("attempts", 1), "attempt")]
    if options.get("steps"):
        words.append(_count(options["steps"], "step"))
    if not options.get("early", True):
        words.append("all steps")
    if options.get("exact"):
        words.append("then exact")
    if options.get("seed"):
        words.append(f"seed {options['seed']}")
    return " · ".join(words)


class RefinementScreen(Screen[None]):
    """One puzzle of several, and how one model or two make of it what they can."""

    app: Watch

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play", tooltip="Play or pause; at the end, play again from the start."),
        Binding("comma", "step(-1)", "Step back", key_display=",", group=_STEP, tooltip="Nothing is computed again."),
        Binding("full_stop", "step(1)", "Step on", key_display=".", group=_STEP),
        Binding("home", "first", "First step", show=False),
        Binding("end", "last", "Last step", show=False),
        Binding("plus,equals_sign", "speed(1)", "Faster", key_display="+", show=False),
        Binding("minus", "speed(-1)", "Slower", key_display="-", show=False),
        Binding("left_square_bracket", "attempt(-1)", "Attempt before", key_display="[", show=False),
        Binding("right_square_bracket", "attempt(1)", "Attempt after", key_display="]", show=False),
        Binding("p", "puzzle(-1)", "Puzzle before", group=_PUZZLE, tooltip="The one before in the file."),
        Binding("n", "puzzle(1)", "Next puzzle", group=_PUZZLE, tooltip="The next one in the file."),
        Binding("o", "open", "Open", tooltip="Open a file of puzzles, a trace or a training run."),
        Binding("e", "edit", "Edit", tooltip="Type or change a puzzle."),
        Binding("g", "generate", "Generate", tooltip="Make a new puzzle of a chosen difficulty."),
        Binding("m", "model", "Model", tooltip="Choose the model of the side that has the focus."),
        Binding("c", "compare", "Compare", tooltip="A second model on the same puzzle; again: back to one."),
        Binding("s", "settings", "Settings", tooltip="Steps, attempts, early halting and seed of the focused side."),
        Binding("a", "again", "Solve again", show=False),
        Binding("h", "heat", "Heat on or off", show=False),
        Binding("v", "glyphs", "Bars as a second cue for the heat", show=False),
        Binding("t", "truth", "Mark cells that differ from the exact answer", show=False),
        Binding("w", "write", "Save a trace", show=False, tooltip="Every step, for `puzzlerec watch FILE`."),
        Binding("x", "picture", "Save a picture (SVG)", show=False, tooltip="The screen as it is."),
        Binding("r", "cast", "Save an asciicast", show=False, tooltip="All steps as a film for terminal players."),
    ]
    DEFAULT_CSS = """
    RefinementScreen {
        & > .heading { height: 1; padding: 0 1; background: $primary 25%; }
        & > #lanes { height: 1fr; }
    }
    """

    def __init__(self, puzzles: Sequence[Puzzle], index: int = 0, traces: Sequence[Trace] = ()) -> None:
        """``traces`` are of the ``puzzles``, one for each, or there are none."""
        super().__init__()
        self.puzzles, self.index, self.traces = list(puzzles), index, list(traces)
        self.player = Player()
        self._seen: tuple[object, ...] = ()
        self._truth_of: Puzzle | None = None

    def compose(self) -> ComposeResult:
        yield Lines(classes="heading")
        with Horizontal(id="lanes"):
            yield Lane()
        yield Timeline()
        yield Footer()

    def on_mount(self) -> None:
        self.player.speed = self.app.memory.speed
        self.lanes[0].grid.focus()
        self.lanes[0].grid.show(self.puzzle)
        self.call_after_refresh(self._start)  # the model loads when the puzzle is on the screen

    def _start(self) -> None:
        self._begin()
        if self.app.second is not None:
            self._add_lane(*self.app.second)
        self.set_interval(1 / LOOKS, self.look)

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

    def look(self) -> None:
        """Show what is new: more steps computed, or the next one due."""
        lanes = self.lanes
        self.player.grow(max(lane.length for lane in lanes), any(lane.job and lane.job.working for lane in lanes))
        self.player.advance()
        state = (self.player.position, self.player.playing, *(lane.state for lane in lanes))
        if state != self._seen:
            self._seen = state
            self.draw()
            if self._truth_of is not self.puzzle and self.player.length:
                self._truth_of = self.puzzle
                self._find_truth(self.puzzle)

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
        style = self.lanes[0].get_component_rich_style
        strong, muted = style("lane--strong", partial=True), style("lane--muted", partial=True)
        puzzle = self.puzzle
        place = "standard input" if puzzle.source == "-" else Path(puzzle.source).name if puzzle.line else puzzle.source
        place += f":{puzzle.line}" if puzzle.line else ""
        count = f" · {self.index + 1} of {len(self.puzzles)}" if len(self.puzzles) > 1 else ""
        size = "x".join(map(str, puzzle.question.shape))
        left = [
            Segment("puzzlerec ", strong),
            Segment(f" {puzzle.kind.name.partition('-')[0]} {size}{' · ' + place if place else ''}{count}", muted),
        ]
        heading = self.query_one(".heading", Lines)
        right = [Segment("trace" if self.traces else f"device {self.app.device}", muted)]
        heading.show([spread(left, right, heading.size.width, heading.rich_style)])

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
            step = f"step {now.frame.step} of {longest.recording.steps}"
            more = f" · {now.frame.kind}"
            if len(longest.recording.attempts) > 1:
                more += f" · attempt {number}: {longest.recording.attempts[number].label}"
        speed = f"{player.speed:g} step{'s' if player.speed != 1 else ''}/s"
        self.query_one(Timeline).show(shares, player.position, total, rounds, (sign, step, more), speed)

    # ---- what is computed

    def _begin(self) -> None:
        """Start anew with the puzzle that is chosen, on every side."""
        self.app.memory.remember(self.puzzle)
        self._truth_of = None
        for lane in self.lanes:
            lane.truth = None
            lane.grid.heat, lane.grid.glyphs = self.app.memory.heat, self.app.memory.glyphs or self.app.no_color
            lane.marks_wrong = self.app.memory.exact
        if self.traces:
            self.lanes[0].take(Job.replaying(self.traces[self.index]))
        for number, lane in enumerate(self.lanes):
            if number or not self.traces:
                before = lane.job
                same = before is not None and before.puzzle.kind == self.puzzle.kind
                model = before.model if same and before else None
                self._solve(lane, model, before.options if before else self.app.options)
        self.player.start()
        self._seen = ()
        self.look()

    def _solve(self, lane: Lane, model: str | None, options: Mapping[str, Any]) -> None:
        name = model or self.app.model_for(self.puzzle.kind)
        lane.take(Job(self.puzzle, name, options, self.app.solver))
        lane.truth = next((other.truth for other in self.lanes if other is not lane), None)

    def _solve_again(self, lane: Lane, model: str | None, options: Mapping[str, Any]) -> None:
        if lane is self.lanes[0]:
            self.traces = []
        self._solve(lane, model, options)
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
    async def _add_lane(self, model: str | None, options: Mapping[str, Any]) -> None:
        lane = Lane(classes="-second")
        lane.there = False
        await self.query_one("#lanes").mount(lane)
        first = self.lanes[0]
        lane.there = True
        lane.grid.heat, lane.grid.glyphs = first.grid.heat, first.grid.glyphs
        lane.grid.set_reactive(GridView.cursor, first.grid.cursor)
        lane.marks_wrong = first.marks_wrong
        self._solve(lane, model, options)
        self.player.start()
        self._seen = ()

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
        self.app.memory.speed = self.player.speed
        self._draw_timeline()

    @on(Timeline.Sought)
    def _sought(self, event: Timeline.Sought) -> None:
        self.player.seek(event.position)
        self.look()

    @on(Curve.Picked)
    def _picked(self, event: Curve.Picked) -> None:
        lane = next(lane for lane in self.lanes if event.curve in lane.query(Curve))
        if lane.recording is not None and (shown := lane.step_at(self.player.position)):
            self.player.seek(lane.recording.begun[shown[0]] + event.index)
            self.look()

    def action_attempt(self, by: int) -> None:
        self._go(self.lane.choose(by, self.player.position))

    @on(Attempts.Chosen)
    def _chosen(self, event: Attempts.Chosen) -> None:
        lane = next(lane for lane in self.lanes if event.attempts in lane.query(Attempts))
        self._go(lane.choose_number(event.number, self.player.position))

    def _go(self, position: int | None) -> None:
        if position is not None:
            self.player.seek(position)
            self._seen = ()
            self.look()

    @on(GridView.CursorMoved)
    def _cursor_moved(self, event: GridView.CursorMoved) -> None:
        for lane in self.lanes:
            if lane.grid is not event.grid:
                with lane.grid.prevent(GridView.CursorMoved):
                    lane.grid.cursor = event.cell
            lane.make_room()
        self.call_after_refresh(self._draw_candidates)

    def _draw_candidates(self) -> None:
        for lane in self.lanes:
            lane.show_candidates(self.player.position)

    # ---- choosing

    def action_puzzle(self, by: int) -> None:
        if len(self.puzzles) == 1:
            self.notify("There is no other puzzle: o opens a file, g makes a new one.")
            return
        self.index = (self.index + by) % len(self.puzzles)
        self._begin()

    def set_puzzles(self, puzzles: Sequence[Puzzle], traces: Sequence[Trace] = ()) -> None:
        """Go on with these."""
        self.puzzles, self.index, self.traces = list(puzzles), 0, list(traces)
        self._begin()

    def _set_puzzle(self, puzzle: Puzzle | None) -> None:
        if puzzle is not None:
            self.set_puzzles([puzzle])

    def action_open(self) -> None:
        from puzzlerec.watch.choosers import OpenFile

        source = Path(self.puzzle.source)
        self.app.push_screen(OpenFile(source if source.is_file() else None), self._open)

    def _open(self, path: Path | None) -> None:
        if path is not None:
            self.app.open(path)

    def action_edit(self) -> None:
        from puzzlerec.watch.editor import Editor

        if isinstance(self.puzzle.kind, Characters):
            self.notify("A line of characters is written in a file: o opens one.")
            return
        self.app.push_screen(Editor(self.puzzle), self._set_puzzle)

    def action_generate(self) -> None:
        from puzzlerec.watch.choosers import Generate

        self.app.push_screen(Generate(self.puzzle.kind), self._set_puzzle)

    def action_model(self) -> None:
        lane = self.lane

        def chosen(name: str | None) -> None:
            if name is not None and lane.job is not None:
                self.app.memory.models[self.puzzle.kind.name] = name
                self._solve_again(lane, name, lane.job.options)

        self._ask_model(lane.job.model if lane.job else None, chosen)

    def action_compare(self) -> None:
        lanes = self.lanes
        if len(lanes) > 1:
            lanes[1].there = False
            if lanes[1].job:
                lanes[1].job.cancel()
            lanes[0].grid.focus()
            lanes[1].remove()
            self.call_after_refresh(self.draw)
            return
        job = lanes[0].job

        def chosen(name: str | None) -> None:
            if name is not None and job is not None:
                self._add_lane(name, job.options)

        self._ask_model(job.model if job else None, chosen)

    def _ask_model(self, current: str | None, chosen: Any) -> None:
        from puzzlerec.watch.choosers import ChooseModel

        name = current or self.puzzle.kind.name
        self.app.push_screen(ChooseModel(self.puzzle.kind, self.puzzle.question.shape, name), chosen)

    def action_settings(self) -> None:
        from puzzlerec.solving.solver import SolveSettings
        from puzzlerec.watch.choosers import RunSettings

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
        self.app.memory.heat = not self.app.memory.heat
        for lane in self.lanes:
            lane.grid.heat = self.app.memory.heat

    def action_glyphs(self) -> None:
        self.app.memory.glyphs = not self.lanes[0].grid.glyphs
        for lane in self.lanes:
            lane.grid.glyphs = self.app.memory.glyphs

    def action_truth(self) -> None:
        self.app.memory.exact = not self.app.memory.exact
        for lane in self.lanes:
            lane.marks_wrong = self.app.memory.exact
        self.draw()

    # ---- saving

    def action_picture(self) -> None:
        from puzzlerec.watch.saving import SaveAs, write_text

        picture = self.app.export_screenshot(title="puzzlerec watch")
        self.app.push_screen(SaveAs("Save the picture", self._file_name(".svg"), partial(write_text, text=picture)))

    def action_write(self) -> None:
        from puzzlerec.watch.saving import SaveAs, write_trace

        if trace := self._trace():
            self.app.push_screen(SaveAs("Save the trace", self._file_name(".h5"), partial(write_trace, trace=trace)))

    def action_cast(self) -> None:
        from puzzlerec.watch.saving import SaveAs, write_cast

        if trace := self._trace():
            write = partial(write_cast, trace=trace, size=self.size, speed=self.player.speed)
            self.app.push_screen(SaveAs("Save the asciicast", self._file_name(".cast"), write))

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
