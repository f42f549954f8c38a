"""Which of the tasks that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.watch.dialogs.dialog import Dialog


class ChooseTask(Dialog[int | None]):
    """The tasks with what came of each; the result is the index of one."""

    TITLE = "Choose a task"
    CSS = """
    ChooseTask #box { height: 90%; }
    ChooseTask OptionList { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Filter / list", tooltip="Go from the filter to the list and back."),
    ]

    def __init__(self, tasks: Sequence[Task], outcomes: Mapping[int, str], chosen: int) -> None:
        """``outcomes`` says in a word what came of the tasks that were learned, ``chosen`` is the index of one."""
        super().__init__()
        self._tasks, self._outcomes, self._chosen = tasks, outcomes, chosen
        self._listed: list[int] = []

    def content(self) -> ComposeResult:
        yield Input(placeholder="filter: a part of a name, or solved, not solved, ...")
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._list()
        self.query_one(OptionList).focus()

    def on_input_changed(self) -> None:
        self._list()

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index])

    def _list(self) -> None:
        """Show what the filter lets through."""
        wanted = self.query_one(Input).value.strip().lower()
        lines = {index: self._line(index) for index in range(len(self._tasks))}
        self._listed = [index for index, line in lines.items() if wanted in line.plain.lower()]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(lines[index]) for index in self._listed])
        if self._listed:
            options.highlighted = self._listed.index(self._chosen) if self._chosen in self._listed else 0
        self.say("" if self._listed else "No task is like that.")

    def _line(self, index: int) -> Content:
        task = self._tasks[index]
        shown, asked = len(task.demonstrations), len(task.tests)
        count = f"{shown} demonstration{'s' * (shown != 1)}, {asked} test{'s' * (asked != 1)}"
        width = len(str(len(self._tasks)))
        return Content.assemble(
            (f"{index + 1:>{width}}  ", "bold"), f"{task.id}  ", (count, "dim"), f"  {self._outcomes.get(index, '')}"
        )
