"""Files that the app writes: traces, pictures, asciicasts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from puzzlerec.files import typed
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.dialogs.files import PathSuggester

if TYPE_CHECKING:
    from puzzlerec.solving.trace import Trace


class SaveAs(Dialog[None]):
    """Asks for a path and writes there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "Save", tooltip="Write the file.")]

    def __init__(self, title: str, path: Path, write: Callable[[Path], None]) -> None:
        super().__init__()
        self.title = title
        self._path, self._write = path, write
        self._asked: Path | None = None  # a file that is there already

    def content(self) -> ComposeResult:
        yield Input(str(self._path), suggester=PathSuggester())

    def on_input_changed(self) -> None:
        self.say("")

    def on_input_submitted(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        path = typed(self.query_one(Input).value.strip())
        if path.is_dir():
            self.say(f"{path} is a folder: name a file in it.")
            return
        if path.exists() and path != self._asked:
            self._asked = path
            self.say(f"{path} is there already; enter again replaces it.")
            return
        try:
            self._write(path)
        except OSError as error:
            self.say(f"{path} cannot be written: {error.strerror or error}.")
            return
        self.app.notify(f"{path} is written.", markup=False)
        self.dismiss(None)


def write_trace(path: Path, trace: Trace) -> None:
    from puzzlerec.solving.trace import save

    save(path, [trace])


def write_cast(path: Path, trace: Trace, speed: float) -> None:
    """A film of the decisive attempt, with ``speed`` steps a second."""
    from puzzlerec.files import write
    from puzzlerec.views.asciicast import cast
    from puzzlerec.views.film import decisive, film

    run = decisive(trace)
    write(path, "".join(cast(film(trace, run), trace, run, 1 / speed)))
