"""One model at work on a puzzle: the grid, and all that stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from puzzlerec.views.strips import legend
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.job import Job
from puzzlerec.watch.lines import Lines
from puzzlerec.watch.panels import Attempts, Candidates, Curves, Title

if TYPE_CHECKING:
    from puzzlerec.watch.recording import Recording, Step

_NARROW = 76  # columns: a narrower lane has its curves under the grid, not beside it


class Lane(Vertical):
    """Shows one moment of a job, and does its work in a thread."""

    DEFAULT_CSS = """
    Lane {
        width: 1fr;
        height: 1fr;
        & .body { layout: horizontal; height: 1fr; }
        & .picture { width: 1fr; height: 1fr; }
        & .legend { height: 1; }
        & .side { width: 48; height: 1fr; padding: 0 1; }
        & Candidates { margin-top: 1; }
        & Attempts { height: 1fr; margin-top: 1; }
        &.-tight Candidates, &.-tight Attempts { margin-top: 0; }
        &.-stacked .body { layout: vertical; }
        &.-stacked .side { width: 1fr; height: auto; }
        &.-stacked Attempts { height: 4; }
    }
    Lane.-second { border-left: vkey $foreground 25%; }
    """

    class Sought(Message):
        """Somebody wants to see the moment ``position``."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.there = True  # not while it comes or goes
        self.job: Job | None = None
        self.chosen: int | None = None  # the attempt that is shown, None: the one that is nearest to an answer
        self.truth: np.ndarray | None = None
        self.marks_wrong = True
        self._position = -1  # the moment that was asked for last
        self._shares: list[float] = []
        self._rounds: set[int] = set()

    def compose(self) -> ComposeResult:
        yield Title()
        with Vertical(classes="body"):
            with Vertical(classes="picture"):
                yield GridView()
                yield Lines(classes="legend")
            with Vertical(classes="side"):
                yield Curves()
                yield Candidates()
                yield Attempts()

    @property
    def grid(self) -> GridView:
        return self.query_one(GridView)

    @property
    def recording(self) -> Recording | None:
        return self.job.recording if self.job else None

    @property
    def working(self) -> bool:
        return self.job is not None and self.job.working

    @property
    def length(self) -> int:
        """How many moments there are to show."""
        return len(self.recording.moments) if self.recording else 0

    @property
    def state(self) -> tuple[object, ...]:
        """Differs whenever there is something new to show."""
        return (id(self.job), self.job.state if self.job else "", self.length, self.truth is None, self.chosen)

    def take(self, job: Job) -> None:
        """Show this job from now on; the one before is given up."""
        self.cancel()
        self.job, self.chosen = job, None
        self._shares, self._rounds = [], set()
        if job.working:
            self.run_worker(job.run, thread=True, group="job", exit_on_error=False)

    def cancel(self) -> None:
        """Whatever is still computed is not wanted any more."""
        if self.job is not None:
            self.job.cancel()

    # ---- which attempt is shown

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

    def step_at(self, position: int) -> tuple[int, Step] | None:
        """The number of the attempt and its step at ``position``."""
        index = min(position, self.length - 1)
        if index < 0 or self.recording is None:
            return None
        number = self.shown(index)
        return number, self.recording.moments[index].steps[number]

    @on(Attempts.Chosen)
    def _attempt_chosen(self, event: Attempts.Chosen) -> None:
        position = self.choose_number(event.number, self._position)
        if position is not None:
            self.post_message(self.Sought(position))

    @on(Curve.Picked)
    def _step_picked(self, event: Curve.Picked) -> None:
        if self.recording is not None and (shown := self.step_at(self._position)):
            self.post_message(self.Sought(self.recording.begun[shown[0]] + event.index))

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
        if self.working:
            total = max(total, max(self._rounds, default=0) + recording.steps)
        return self._shares, total, frozenset(self._rounds)

    # ---- drawing

    def show(self, position: int) -> None:
        """Draw moment ``position``, or the last one before it."""
        self._position = position
        job, index = self.job, min(position, self.length - 1)
        if job is None:
            return
        self.query_one(Title).show(job)
        number, steps, at = self._steps(index)
        if steps:
            step = steps[at]
            truth = self.truth if self.marks_wrong else None
            self.grid.show(job.puzzle, step.frame, previous=step.previous, truth=truth, offending=step.offending)
        else:
            self.grid.show(job.puzzle)
        self._show_legend(job, steps)
        self.query_one(Curves).show(job.puzzle, steps, at, self.truth)
        self.show_candidates()
        attempts = self.query_one(Attempts)
        if attempts.display:
            attempts.show(job.recording, index, number, job.working)

    def show_candidates(self) -> None:
        """Draw the candidates alone: another cell is under the cursor."""
        candidates = self.query_one(Candidates)
        if candidates.display and self.job is not None:
            _, steps, at = self._steps(min(self._position, self.length - 1))
            candidates.show(self.job.puzzle, self.grid.cursor, steps[: at + 1], self.truth)

    def _steps(self, index: int) -> tuple[int, list[Step], int]:
        """The attempt that is shown at moment ``index``, all of its steps, and which of them is shown."""
        if index < 0 or self.recording is None:
            return 0, [], 0
        number = self.shown(index)
        return number, self.recording.steps_of(number), index - self.recording.begun[number]

    def _show_legend(self, job: Job, steps: list[Step]) -> None:
        here = self.query_one(".legend", Lines)
        unicode = self.app.console.encoding.lower().startswith("utf")
        hides = bool(steps) and steps[0].frame.masked is not None
        here.put([legend(job.puzzle.kind, here.size.width, self.grid.palette.style, unicode, hides)])

    # ---- arrangement

    def on_resize(self) -> None:
        self.make_room()
        self.call_after_refresh(lambda: self.show(self._position))

    def make_room(self) -> None:
        """Give each part its room: beside the grid, or below it where the lane is narrow."""
        width, body = self.size.width, self.size.height - 1
        stacked = width < _NARROW
        self.set_class(stacked, "-stacked")
        self.set_class(body < 26 or stacked, "-tight")
        side, curves = self.query_one(".side"), self.query_one(Curves)
        candidates, attempts = self.query_one(Candidates), self.query_one(Attempts)
        one_row = stacked and 30 <= body < 44  # a tall grid leaves little below it
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
        curves.set_class(stacked, "-flat")
        curves.set_class(one_row, "-one-row")
        self.query_one(".legend").display = body >= 22 and not one_row
