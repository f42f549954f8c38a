"""What a path holds: puzzles, traces or a training run; and the wish to see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from puzzlerec.files import is_hdf5
from puzzlerec.puzzles import PuzzleError, Reading, read
from puzzlerec.puzzles.arc.tasks import Task

if TYPE_CHECKING:
    from puzzlerec.solving.trace import Trace


class Open(Message):
    """A screen wants the app to show what is at ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


def tasks_of(path: Path) -> list[Task]:
    """The tasks of ARC in a file or a folder; those that are faulty are left out. Raises `PuzzleError`, ValueError."""
    from puzzlerec.data.arc_agi import tasks_at

    faults: list[PuzzleError] = []
    tasks = tasks_at(path, faults)
    if not tasks:
        raise faults[0]
    return tasks


def contents(path: Path) -> tuple[Reading, list[Trace]]:
    """The puzzles in a file, and the traces of them, one for each, if it holds traces.

    Raises `PuzzleError`, ValueError or OSError, in words, if there is nothing to watch or the file is damaged.
    """
    if is_hdf5(path):
        from puzzlerec.solving.trace import load

        traces = load(path)
        if not traces:
            raise ValueError(f"{path} holds no trace.")
        return Reading([trace.answer.puzzle for trace in traces]), traces
    reading = read(path)
    if not reading.puzzles:
        raise reading.errors[0]
    return reading, []
