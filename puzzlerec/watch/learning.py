"""A task that is being learned in a thread, for a screen that looks on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from puzzlerec.puzzles.arc.tasks import Task

if TYPE_CHECKING:
    from puzzlerec.training.test_time import Progress, TaskAnswer


class _StoppedError(Exception):
    """Nobody looks on any more."""


class Learning:
    """What has come of a task so far. All but `run` may be read and called from another thread."""

    def __init__(self, task: Task, seconds: float, seed: int, base: str) -> None:
        self.task, self.seconds, self.seed, self.base = task, seconds, seed, base
        self.progress: Progress | None = None  # as it stands; None: not begun
        self.answer: TaskAnswer | None = None  # when all is over
        self.problem = ""  # why there will be none
        self._wanted = True

    @property
    def over(self) -> bool:
        return self.answer is not None or bool(self.problem)

    def stop(self) -> None:
        """Give it up after the batch at work."""
        self._wanted = False

    def run(self) -> None:
        """Learn until the time is over."""
        import torch

        from puzzlerec.training.test_time import answer, load_base

        with suppress(_StoppedError):
            base, threads = load_base(self.base), torch.get_num_threads()
            self.answer = answer(self.task, self.seconds, self.seed, self._told, base=base, threads=threads)

    def _told(self, progress: Progress) -> None:
        if not self._wanted:
            raise _StoppedError
        self.progress = progress
