"""One model at work on a puzzle: the grid, and all that stands around it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from puzzlerec.watch.arrangement import AIRY, PANELS, Arrangement, share_out
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.job import Job
from puzzlerec.watch.panels import Attempts, Candidates, Curves, Legend, Title

if TYPE_CHECKING:
    from puzzlerec.watch.recording import Recording, Step


class Lane(Vertical):
    """Shows one moment of a job, and does its work in a thread."""

    DEFAULT_CSS = """
    Lane {
        width: 1fr;
        height: 1fr;
        & .body { layout: horizontal; height: 1fr; }
        & .side { padding: 0 1; }
        &.-airy Candidates, &.-airy Attempts { margin-top: 1; }
        &.-stacked .body { layout: vertical; }
    }
    Lane.-first { padding-right: 1; }
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
        self._arrangement, self._panels = Arrangement(), frozenset(PANELS)
        self._position = -1  # the moment that was asked for last
        self._shares: list[float] = []
        self._rounds: set[int] = set()

    def compose(self) -> ComposeResult:
        yield Title()
        with Vertical(classes="body"):
            yield GridView()
            with Vertical(classes="side"):
                yield Curves()
                yield Candidates()
                yield Attempts()
        yield Legend()

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
            self.grid.show(
                job.puzzle,
                step.frame,
                previous=step.previous,
                truth=truth,
                offending=step.offending,
                solved=step.solved,
            )
        else:
            self.grid.show(job.puzzle)
        self.query_one(Legend).show(job.puzzle.kind, bool(steps) and steps[0].frame.masked is not None)
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

    # ---- arrangement

    def make_room(self, arrangement: Arrangement, panels: Collection[str]) -> None:
        """Give each part its room; ``panels`` are those that are wanted."""
        self._arrangement, self._panels = arrangement, frozenset(panels)
        self.query_one(Title).display = "title" in arrangement.lines
        self.query_one(Legend).display = "legend" in arrangement.lines
        self.set_class(arrangement.below > 0, "-stacked")
        side = self.query_one(".side")
        side.display = bool(arrangement.beside or arrangement.below)
        side.styles.width = arrangement.beside or "1fr"
        side.styles.height = arrangement.below or "1fr"
        self.share_room()

    def share_room(self) -> None:
        """Share out the room for panels: that for candidates depends on whether there is a cursor."""
        beside, below = self._arrangement.beside, self._arrangement.below
        room = below or self.size.height - len({"title", "legend"} & set(self._arrangement.lines))
        airy = room >= AIRY
        self.set_class(airy, "-airy")
        curves = self.query_one(Curves)
        shares = share_out(
            room - 2 * airy,
            self._panels,
            columns=2 if beside else 3,
            curves=len(curves.children),
            aimed=self.grid.cursor is not None,
        )
        for panel in (curves, self.query_one(Candidates), self.query_one(Attempts)):
            lines = shares.lines.get(type(panel).__name__.lower(), 0)
            panel.display = lines > 0
            panel.styles.height = lines or 1
        last = self.query_one(Attempts if "attempts" in shares.lines else Curves)
        last.styles.height = "1fr"
        curves.set_places(shares.columns, shares.rows)
