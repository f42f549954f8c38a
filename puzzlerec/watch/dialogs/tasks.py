"""Which of the tasks that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.content import Content

from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.watch.dialogs.chooser import Chooser


class ChooseTask(Chooser):
    """The tasks with what came of each."""

    TITLE = "Choose a task"
    FILTER = "filter: a part of a name, or solved, not solved, ..."

    def __init__(self, tasks: Sequence[Task], outcomes: Mapping[int, str], chosen: int) -> None:
        """``outcomes`` says in a word what came of the tasks that were learned, ``chosen`` is the index of one."""
        super().__init__(chosen)
        self._tasks, self._outcomes = tasks, outcomes

    def passing(self, wanted: str) -> Iterable[int]:
        return (index for index in range(len(self._tasks)) if wanted in self.line(index).plain.lower())

    def told(self) -> None:
        self.say("" if self._listed else "No task is like that.")

    def line(self, index: int) -> Content:
        task = self._tasks[index]
        shown, asked = len(task.demonstrations), len(task.tests)
        count = f"{shown} demonstration{'s' * (shown != 1)}, {asked} test{'s' * (asked != 1)}"
        width = len(str(len(self._tasks)))
        return Content.assemble(
            (f"{index + 1:>{width}}  ", "bold"), f"{task.id}  {count}  {self._outcomes.get(index, '')}"
        )
