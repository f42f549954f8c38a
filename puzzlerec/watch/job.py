"""The work behind one grid on the screen: loading a model and solving a puzzle with it, in a thread.

Nothing here imports torch before the thread runs: the screen is there first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from puzzlerec.puzzles import Puzzle, PuzzleKind

if TYPE_CHECKING:
    from puzzlerec.solving.solver import Solver
    from puzzlerec.solving.trace import Trace
    from puzzlerec.watch.recording import Recording

State = Literal["loading", "computing", "done", "failed"]
SolverFor = Callable[[PuzzleKind, str | None], "Solver"]  # such as `Session.solver_for`


class Job:
    """Solve one puzzle and record it. The screen reads `state`, `recording` and `problem` as they come to be."""

    def __init__(self, puzzle: Puzzle, model: str | None, options: Mapping[str, Any], solver_for: SolverFor) -> None:
        """``model`` None means the default of the puzzle's kind; ``options`` are of `SolveSettings`."""
        self.puzzle, self.model, self.options = puzzle, model, dict(options)
        self.state: State = "loading"
        self.recording: Recording | None = None
        self.problem = ""
        self.cancelled = False
        self._solver_for = solver_for

    @classmethod
    def replaying(cls, trace: Trace) -> Job:
        """A job that is done: its recording is ``trace``."""
        from dataclasses import asdict

        from puzzlerec.watch.recording import Recording

        job = cls(trace.answer.puzzle, trace.model, asdict(trace.settings), _no_solver)
        job.recording, job.state = Recording.of(trace), "done"
        return job

    @property
    def working(self) -> bool:
        return self.state in ("loading", "computing")

    def cancel(self) -> None:
        self.cancelled = True
        if self.recording is not None:
            self.recording.cancelled = True

    def run(self) -> None:
        """All of the work, in the thread that calls. Errors are for the screen to show."""
        try:
            self._run()
        except Exception as error:
            self.problem = str(error) or type(error).__name__
            self.state = "failed"

    def _run(self) -> None:
        from puzzlerec.session import NoModelError
        from puzzlerec.solving.answer import SolveSettings
        from puzzlerec.watch.recording import CancelledError, Recording

        kind = self.puzzle.kind
        try:
            solver = self._solver_for(kind, self.model)
        except NoModelError:
            raise NoModelError(f"There is no model for {kind.name} puzzles yet: choose one (m).") from None
        settings = SolveSettings(**self.options)
        steps = settings.steps or solver.model.config.supervision_steps
        recording = Recording(self.puzzle, solver.name, settings, steps)
        self.recording = recording
        if self.cancelled:
            return
        self.state = "computing"
        try:
            recording.compute(solver)
        except CancelledError:
            return
        self.state = "done"


def _no_solver(kind: PuzzleKind, model: str | None) -> Solver:
    raise LookupError(model)
