"""The attempts at a puzzle, each with how far it is and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from puzzlerec.watch import heat
from puzzlerec.watch.lines import Lines, Piece

if TYPE_CHECKING:
    from puzzlerec.solving.trace import Run
    from puzzlerec.watch.recording import Recording


class Attempts(Lines):
    """Each attempt in a line; a click chooses it."""

    class Chosen(Message):
        def __init__(self, attempts: Attempts, number: int) -> None:
            super().__init__()
            self.attempts, self.number = attempts, number

        @property
        def control(self) -> Attempts:
            return self.attempts

    _numbers: Sequence[int] = ()  # of the attempts in the lines below the first

    def show(self, recording: Recording | None, index: int, chosen: int, working: bool) -> None:
        """The attempts as they are at moment ``index`` (-1: none yet), as many as there is room for around ``chosen``.

        ``working``: more moments are to come.
        """
        width, height = self.size
        if recording is None or index < 0 or not width:
            self._numbers = ()
            self.put([])
            return
        runs = list(recording.attempts.values())
        first = max(0, min(chosen - (height - 1) // 2 - 1, len(runs) - height + 1))
        visible = runs[first : first + max(height - 1, 0)]
        self._numbers = [run.number for run in visible]
        spent = f"  {len(runs)} of at most {recording.settings.attempts}"
        heading = [Piece("attempts", "strong"), Piece(spent, "muted")]
        self.put([heading, *(self._line(recording, run, index, run.number == chosen, working) for run in visible)])

    def _line(self, recording: Recording, run: Run, index: int, chosen: bool, working: bool) -> list[Piece]:
        done = recording.steps_done(run.number, index)
        last = recording.begun[run.number] + done - 1
        step = recording.moments[last].steps[run.number] if done else None
        over = done == len(run.frames) and (not working or index > last)
        if step is None:
            sign, words, ink = " ", "", "muted"
        elif step.solved:
            sign, words, ink = "✓", "solved", "good"
        else:
            sign, words, ink = ("✗" if over else "…"), f"{step.violations} !", "muted"
        track = max(6, min(16, self.size.width - 40))
        most = max(recording.steps, done)  # of an answer that forms until it settles nobody knows how many it takes
        filled = done * track // max(most, 1)
        space = max(self.size.width - track - 18, 8)
        label = _cut(f"{run.number:>3} {run.label.removeprefix('pin ')}", space)
        return [
            Piece("▸" if chosen else " ", "strong"),
            Piece(f"{label:<{space}} ", "text" if chosen else "muted"),
            Piece("━" * filled, heat.ink(step.confidence) if step else "muted"),
            Piece("─" * (track - filled), "muted"),
            Piece(f" {done:>2}/{most:<2} {words:<6}", ink),
            Piece(f" {sign}", ink),
        ]

    def on_click(self, event: events.Click) -> None:
        if 0 < event.y <= len(self._numbers):
            self.post_message(self.Chosen(self, self._numbers[event.y - 1]))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
