"""A task of ARC being learned: its demonstrations beside a test, the tries at it and their votes as they come."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from puzzlerec.puzzles.arc.look import PALETTE
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.views.patches import CELLS, Block, Cell, beside, flowing, patches
from puzzlerec.views.words import ORDINALS, count, task_verdict
from puzzlerec.watch.colours import colours
from puzzlerec.watch.dialogs.tasks import ChooseTask
from puzzlerec.watch.learning import Learning
from puzzlerec.watch.lines import Lines, Piece, spread

if TYPE_CHECKING:
    from puzzlerec.training.test_time import Try

POLL = 0.2  # seconds after which the screen looks what is new
NARROW = 60  # columns, with fewer the test stands above the demonstrations
BAR = 20  # columns of the bar of the time
OUTCOMES = {True: "solved", False: "not solved", None: "not confirmed"}


class TaskHeading(Lines):
    """The line over all."""

    DEFAULT_CSS = """
    TaskHeading { height: 1; }
    """
    PAPER = "heading"


class TaskState(Lines):
    """How far the learning is, and what is known of the answer."""

    DEFAULT_CSS = """
    TaskState { height: 2; }
    """
    PAPER = "title"


class TaskScreen(Screen[None]):
    """Learns one task after another, as they are looked at."""

    DEFAULT_CSS = """
    TaskScreen {
        & #panels { height: 1fr; }
        & VerticalScroll { width: 1fr; height: 1fr; padding: 0 1; }
        & VerticalScroll > Static { width: 1fr; height: auto; }
        &.-narrow #panels { layout: vertical; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "task(-1)", "Task before", id="task-before", tooltip="The one before in the folder or file."),
        Binding("n", "task(1)", "Next task", id="task-after", tooltip="The next one in the folder or file."),
        Binding("l", "choose", "List", id="task-list", tooltip="All tasks, and what came of those that were learned."),
        Binding("t", "test", "Next test", id="task-test", tooltip="The task's next test, where it has several."),
        Binding("a", "again", "Again", id="task-again", tooltip="Learn the task once more, with another seed."),
        Binding("z", "zoom", "Zoom", id="task-zoom", tooltip="The test alone, larger; again: as before."),
        Binding("v", "digits", "Digits", id="task-digits", tooltip="Digits on the colours as a second cue, or not."),
        Binding("escape", "app.back", "Back", id="back", show=False, tooltip="Back to where this was opened."),
    ]

    def __init__(self, tasks: Sequence[Task], minutes: float, seed: int, base: str) -> None:
        """``tasks`` are not none; each is learned for so many ``minutes`` from the ``base`` of this name."""
        super().__init__()
        self.tasks, self.index, self.test = list(tasks), 0, 0
        self.digits = True
        self._minutes, self._seed, self._base = minutes, seed, base
        self._learned: dict[int, Learning] = {}  # by the index of the task
        self._seen: object = None

    def compose(self) -> ComposeResult:
        yield TaskHeading()
        with Horizontal(id="panels"):
            with VerticalScroll(id="test"):
                yield Static()
            with VerticalScroll(id="demonstrations"):
                yield Static()
        yield TaskState()
        yield Footer()

    def on_mount(self) -> None:
        self.set_interval(POLL, self._look)
        self.app.theme_changed_signal.subscribe(self, lambda theme: self.show())
        self._begin()

    def on_unmount(self) -> None:
        self.cancel()

    def on_resize(self) -> None:
        self.set_class(self.size.width < NARROW, "-narrow")
        self.call_after_refresh(self.show)

    # ---- learning

    @property
    def shown(self) -> Task:
        """The task on the screen."""
        return self.tasks[self.index]

    @property
    def learning(self) -> Learning:
        """What has come of the task that is shown."""
        return self._learned[self.index]

    def cancel(self) -> None:
        """Give up what is learned."""
        for learning in self._learned.values():
            learning.stop()

    def _begin(self) -> None:
        """Show the task, and learn it unless that is done."""
        if self.index not in self._learned or not self.learning.over:
            self.cancel()
            self._learned[self.index] = Learning(self.shown, 60 * self._minutes, self._seed, self._base)
            self._learn(self.learning)
        self.test = 0
        self.show()

    @work(thread=True, group="learn", exit_on_error=False)
    def _learn(self, learning: Learning) -> None:
        try:
            learning.run()
        except Exception as error:  # a screen that waits for ever would tell nobody
            learning.problem = f"{type(error).__name__}: {error}"

    def _look(self) -> None:
        now = (self.index, self.learning.progress, self.learning.over)
        if now != self._seen:
            self._seen = now
            self.show()

    # ---- what is shown

    def show(self) -> None:
        """Draw everything as it stands."""
        if not self.is_attached or not self.query(TaskState):  # on the way out
            return
        width = self.size.width
        count = f"{self.index + 1} of {len(self.tasks)}" if len(self.tasks) > 1 else ""
        words = " · ".join(filter(None, [f"ARC task {self.shown.id}", count]))
        left = [Piece(" puzzlerec ", "strong"), Piece(f" {words}", "muted")]
        tests = f" test {self.test + 1} of {len(self.shown.tests)} " if len(self.shown.tests) > 1 else ""
        self.query_one(TaskHeading).put([spread(left, [Piece(tests, "muted")], width)])
        learning = copy(self.learning)  # what its thread adds meanwhile comes with the next look
        self._fill("#demonstrations", self._demonstrations(learning))
        self._fill("#test", self._test(learning))
        self.query_one(TaskState).put([self._time(learning), self._verdict(learning)])

    def _fill(self, panel: str, parts: Sequence[tuple[Text, Sequence[np.ndarray | None]]]) -> None:
        """Draw the titled rows of grids in the largest cells in which all of them fit."""
        scroll = self.query_one(panel, VerticalScroll)
        # without the scroll bar, which is there only where it does not fit
        width, height = scroll.container_size.width - 2, scroll.container_size.height
        if min(width, height) < 1:
            return
        for cell in CELLS:
            lines = flowing([self._row(title, grids, cell, width) for title, grids in parts], width)
            if len(lines) <= height and all(line.cell_len <= width for line in lines):
                break
        scroll.query_one(Static).update(Text("\n", no_wrap=True, overflow="crop").join(lines))

    def _row(self, title: Text, grids: Sequence[np.ndarray | None], cell: Cell, width: int) -> Block:
        """The grids beside one another, or below where that is too wide, under a title; None is a question mark."""
        unicode = self.app.console.encoding.lower().startswith("utf")
        draw = partial(patches, palette=PALETTE, cell=cell, digits=self.digits, unicode=unicode)
        blocks = [
            Block.of([Text("?", "bold")]) if grid is None else draw(grid, colour=not self.app.no_color)
            for grid in grids
        ]
        arrow, down = ("→", "↓") if unicode else (">", "v")
        drawn = beside(*blocks, gap=Text(f" {arrow} ", self._ink("muted")))
        if drawn.width > width and len(blocks) > 1:
            lines = [line for block in blocks for line in (Text(down, self._ink("muted")), *block.lines)]
            drawn = Block.of(lines[1:])
        return Block.of([title, *drawn.lines])

    def _demonstrations(self, learning: Learning) -> list[tuple[Text, list[np.ndarray | None]]]:
        progress = learning.progress
        parts: list[tuple[Text, list[np.ndarray | None]]] = []
        for number, pair in enumerate(self.shown.demonstrations):
            title = Text.assemble((f"shown {number + 1}", "bold"))
            if progress is not None:
                share = progress.known[number]
                title.append(f" {share:.0%} known", self._ink("good" if share == 1 else "text"))
            parts.append((title, [pair.input, pair.output]))
        return parts

    def _test(self, learning: Learning) -> list[tuple[Text, list[np.ndarray | None]]]:
        if not self.shown.tests:
            return [(Text("The task has no tests.", "bold"), [])]
        pair, tries = self.shown.tests[self.test], self._tries(learning)
        parts: list[tuple[Text, list[np.ndarray | None]]] = [(Text("asked", "bold"), [pair.input])]
        for number, one in enumerate(tries):
            title = Text.assemble((f"{ORDINALS[number]} try", "bold"), f" {one.support:.0%}")
            if pair.output is not None:
                right = np.array_equal(one.output, pair.output)
                title.append(" right" if right else " wrong", self._ink("good" if right else "bad"))
            parts.append((title, [one.output]))
        return parts if tries else [*parts, (Text("no try yet", self._ink("muted")), [None])]

    def _ink(self, name: str) -> Style:
        """One of the theme's: see `colours.Colours`."""
        return colours(self.app).inks[name]

    def _tries(self, learning: Learning) -> Sequence[Try]:
        tries = learning.answer.tries if learning.answer else learning.progress.tries if learning.progress else ()
        return tries[self.test] if tries else ()

    def _time(self, learning: Learning) -> list[Piece]:
        """A line: how much of the time is over, how much is learned."""
        progress = learning.progress
        if learning.problem:
            return [Piece(" not learned", "bad")]
        if progress is None:
            return [Piece(" starting: the first time this takes a minute", "muted")]
        unicode = self.app.console.encoding.lower().startswith("utf")
        done, (full, rest) = round(BAR * progress.share), "━─" if unicode else "#-"
        line = [Piece(f" {full * done}", "line"), Piece(rest * (BAR - done), "rest")]
        clock = f"{_clock(progress.share * learning.seconds)} of {_clock(learning.seconds)}"
        line.append(Piece(f" {clock}", "text"))
        networks = count(progress.networks, "network")
        line.append(Piece(f" · {networks}, {progress.fitted:.0%} of the demonstrations known", "value"))
        return [*line, Piece(f" · loss {progress.loss:.3f}", "muted")]

    def _verdict(self, learning: Learning) -> list[Piece]:
        """A line: the votes, and when they are all there, what is known of the answer."""
        progress = learning.progress
        if learning.problem:
            return [Piece(f" {learning.problem}", "text")]
        if learning.answer is not None and self.shown.tests:
            right = learning.answer.right(self.test)
            verdict = task_verdict(learning.answer, self.test).partition(";")[0]  # the line above says what was learned
            return [Piece(f" {verdict.rstrip('.')}.", "good" if right else "text")]
        if progress is None:
            return []
        if not progress.votes:
            return [Piece(" the answer as it stands: votes count later, when more is learned", "muted")]
        return [Piece(f" {progress.votes} votes", "text"), Piece(", each as much as the network trusts it", "muted")]

    # ---- keys

    def action_task(self, by: int) -> None:
        index = min(max(self.index + by, 0), len(self.tasks) - 1)
        if index != self.index:
            self._go_to(index)

    def action_choose(self) -> None:
        self.app.push_screen(ChooseTask(self.tasks, self._outcomes(), self.index), self._go_to)

    def _go_to(self, index: int | None) -> None:
        if index is not None:
            self.index = index
            self._begin()

    def _outcomes(self) -> dict[int, str]:
        found = {}
        for index, learning in self._learned.items():
            if learning.problem:
                found[index] = "not learned"
            elif learning.answer is not None:
                right = [learning.answer.right(test) for test in range(len(learning.task.tests))]
                found[index] = OUTCOMES[None if None in right else all(right)]
            else:
                found[index] = "being learned" if index == self.index else "given up"
        return found

    def action_test(self) -> None:
        self.test = (self.test + 1) % max(len(self.shown.tests), 1)
        self.show()

    def action_again(self) -> None:
        self._seed += 1
        self.learning.stop()
        del self._learned[self.index]
        self._begin()

    def action_zoom(self) -> None:
        demonstrations = self.query_one("#demonstrations")
        demonstrations.display = not demonstrations.display
        self.call_after_refresh(self.show)

    def action_digits(self) -> None:
        self.digits = not self.digits
        self.show()


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
