"""How a puzzle is solved, as the screen needs it: every step of every attempt, kept as it is computed.

The solver writes from its thread, the screen reads from its own. A `Moment` is whole before it is appended and never
changes, so the screen may read all that are there at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.solver import LARGEST_ROUND, Solver
from puzzlerec.solving.strategies import Attempt
from puzzlerec.solving.trace import Recorder, Run, Trace
from puzzlerec.views.scene import changed, faults


class CancelledError(Exception):
    """The screen wants something else by now."""


@dataclass(frozen=True, eq=False)
class Step:
    """One frame of one attempt, and what there is to say of it."""

    frame: Frame  # B = 1
    previous: Frame | None  # of the same attempt
    offending: np.ndarray  # [H, W] bool
    solved: bool
    halt: float
    confidence: float  # means over the open cells
    entropy: float  # nats
    changed: int  # cells
    violations: int  # cells


@dataclass(frozen=True, eq=False)
class Moment:
    """One step of the network on all attempts that run side by side."""

    steps: dict[int, Step]  # number of the attempt -> its step

    @property
    def best(self) -> int:
        """The number of the attempt that is nearest to an answer."""
        return min(self.steps, key=lambda number: (not self.steps[number].solved, self.steps[number].violations))


class Recording(Recorder):
    """An ``on_frame`` for `Solver.solve` with one puzzle, or a trace that is read again."""

    def __init__(self, puzzle: Puzzle, model: str, settings: SolveSettings, steps: int) -> None:
        """``steps`` is how many steps an attempt takes at most."""
        super().__init__(model, settings, [puzzle])
        self.puzzle, self.steps = puzzle, steps
        self.moments: list[Moment] = []
        self.attempts: dict[int, Run] = {}  # by number, in the order in which they began
        self.begun: dict[int, int] = {}  # number -> index of the first moment
        self.answer: Answer | None = None
        self.cancelled = False
        self._open = ~puzzle.kind.given(puzzle.question)

    @classmethod
    def of(cls, trace: Trace) -> Recording:
        """The recording of a saved solve; attempts that ran side by side do so again."""
        longest = max((len(run.frames) for run in trace.runs), default=0)
        recording = cls(trace.answer.puzzle, trace.model, trace.settings, trace.settings.steps or longest)
        recording.attempts = {run.number: run for run in trace.runs}
        left = list(trace.runs)
        while left:
            spent = len(trace.runs) - len(left)
            together = left[: min(max(spent, 1), LARGEST_ROUND, trace.settings.batch)]
            left = left[len(together) :]
            before: dict[int, Step] = {}
            for index in range(max(len(run.frames) for run in together)):
                running = [run for run in together if index < len(run.frames)]
                before = {run.number: recording._step(run.frames[index], before.get(run.number)) for run in running}
                recording._append(before)
        recording.answer = trace.answer
        return recording

    def __call__(self, frame: Frame, attempts: Sequence[Attempt]) -> None:
        if self.cancelled:
            raise CancelledError
        super().__call__(frame, attempts)
        steps = {}
        for attempt in attempts:
            run = self._runs[0][attempt.number]
            self.begun.setdefault(attempt.number, len(self.moments))  # first: the screen reads while this writes
            self.attempts.setdefault(attempt.number, run)
            before = self.moments[-1].steps.get(attempt.number) if self.moments else None
            steps[attempt.number] = self._step(run.frames[-1], before)
        self._append(steps)

    def compute(self, solver: Solver) -> None:
        """Solve the puzzle, step by step. Raises `CancelledError` if that is no longer wanted."""
        self.answer = next(solver.solve([self.puzzle], self.settings, self))

    def saved(self) -> Trace:
        """The trace of what is there, once there is an answer."""
        assert self.answer is not None
        return Trace(
            self.answer, self.model, self.settings, [self.attempts[number] for number in sorted(self.attempts)]
        )

    def steps_done(self, number: int, index: int | None = None) -> int:
        """How many steps of attempt ``number`` there are, up to moment ``index``."""
        done = len(self.attempts[number].frames)
        there = min(done, len(self.moments) - self.begun[number])
        return there if index is None else max(0, min(there, index - self.begun[number] + 1))

    def steps_of(self, number: int) -> list[Step]:
        """All steps of attempt ``number``, whose moments follow one another."""
        begun = self.begun[number]
        return [moment.steps[number] for moment in self.moments[begun : begun + self.steps_done(number)]]

    def leader(self, index: int) -> int:
        """The number of the attempt that the eye should follow: of those side by side, the best in the end."""
        moments, last = self.moments, index
        while last + 1 < len(moments) and moments[last + 1].steps.keys() <= moments[index].steps.keys():
            last += 1
        return moments[last].best

    def _append(self, steps: dict[int, Step]) -> None:
        for number in steps:
            self.begun.setdefault(number, len(self.moments))
        self.moments.append(Moment(steps))

    def _step(self, frame: Frame, before: Step | None) -> Step:
        verdict = self.puzzle.kind.check(self.puzzle.question, frame.tokens[0])
        if verdict.solved and frame.masked is not None:  # an accepted answer is whole
            frame = replace(frame, masked=np.zeros_like(frame.masked))
        there = self._open if self._open.any() else np.ones_like(self._open)
        previous = before.frame if before else None
        offending = faults(self.puzzle, frame)
        return Step(
            frame=frame,
            previous=previous,
            offending=offending,
            solved=verdict.solved,
            halt=float(frame.halt[0]),
            confidence=float(frame.confidence[0][there].mean()),
            entropy=float(frame.entropy[0][there].mean()),
            changed=int((changed(previous, frame) & self._open).sum()),
            violations=int(offending.sum()),
        )
