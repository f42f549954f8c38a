"""What all dialogs are: a box over the screen with a title, a line for what is wrong, and the keys at its foot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Label

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A box that escape leaves without a result."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > #box {
            width: 76;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            padding: 1 2 0 2;
            background: $surface;
            border: round $primary;
            border-title-color: $text-primary;
            border-title-style: bold;
        }
        & #problem {
            width: 1fr;
            min-height: 1;
            max-height: 3;
            color: $text-error;
        }
        & #hint { color: $text-muted; }
        & Footer { background: $surface; }
        & OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
        &.-low {
            & > #box { padding: 0 1; max-height: 100%; border: none; border-top: round $primary; }
            & #problem { min-height: 0; max-height: 1; }
            & OptionList, & Input, & DirectoryTree { border: none; margin: 0; padding: 0; }
            & Input { height: 1; }
        }
    }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-high")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", tooltip="Close this without changing anything.")
    ]

    def content(self) -> ComposeResult:
        """The widgets between the title and the line for problems."""
        yield from ()

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self.title
            yield from self.content()
            yield Label(id="problem", markup=False)
            yield Footer(show_command_palette=False)

    def action_leave(self) -> None:
        self.dismiss(None)

    def say(self, problem: str) -> None:
        """Show what is wrong, in words; nothing with an empty text."""
        self.query_one("#problem", Label).update(problem)

    @contextmanager
    def saying(self, *errors: type[Exception]) -> Iterator[None]:
        """Errors of these kinds are shown rather than raised."""
        try:
            yield
        except errors as error:
            self.say(str(error))
