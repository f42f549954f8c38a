"""What the choices from a list with a filter are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from puzzlerec.watch.dialogs.dialog import Dialog


class Chooser(Dialog[int | None]):
    """A list of which some are let through by a filter; the result is the index of one."""

    FILTER: ClassVar[str]  # what may be typed there
    DEFAULT_CSS = """
    Chooser #box { height: 90%; }
    Chooser OptionList { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Filter / list", tooltip="Go from the filter to the list and back."),
    ]

    def __init__(self, chosen: int) -> None:
        """``chosen`` is the index of the one that is shown now."""
        super().__init__()
        self._chosen = chosen
        self._listed: list[int] = []

    @abstractmethod
    def passing(self, wanted: str) -> Iterable[int]:
        """The indices of those that a filter, in lower case, lets through."""

    @abstractmethod
    def line(self, index: int) -> Content:
        """How one is shown."""

    @abstractmethod
    def told(self) -> None:
        """Say what is listed."""

    def content(self) -> ComposeResult:
        yield Input(placeholder=self.FILTER)
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
        self._listed = list(self.passing(self.query_one(Input).value.strip().lower()))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self.line(index)) for index in self._listed])
        if self._listed:
            options.highlighted = self._listed.index(self._chosen) if self._chosen in self._listed else 0
        self.told()
