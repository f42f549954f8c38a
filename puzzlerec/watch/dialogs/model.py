"""Which model."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from puzzlerec.puzzles import PuzzleKind, get
from puzzlerec.views.words import count
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.dialogs.files import PathSuggester


class ChooseModel(Dialog[str | None]):
    """A model that fits a kind of puzzle: by name, or as the path of a checkpoint or a run."""

    TITLE = "Choose a model"
    CSS = """
    ChooseModel OptionList { height: auto; min-height: 3; max-height: 14; margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "List / path", tooltip="Go from the list to the path and back.")
    ]

    def __init__(self, kind: PuzzleKind, shape: tuple[int, int] | None = None, chosen: str | None = None) -> None:
        """``shape`` is that of the puzzle, ``chosen`` the name of the model in use."""
        super().__init__()
        self._kind, self._shape, self._chosen = kind, shape, chosen

    def content(self) -> ComposeResult:
        yield OptionList(markup=False)
        yield Input(placeholder="or the path of a checkpoint or run; → completes it", suggester=PathSuggester())

    def on_mount(self) -> None:
        self.query_one(OptionList).loading = True
        self._list()

    @work(thread=True, exit_on_error=False)
    def _list(self) -> None:
        """In a thread: the first look at a checkpoint loads torch."""
        from puzzlerec.models import checkpoint

        found: list[tuple[str, str, str]] = []
        faults: list[str] = []
        for name, folder in checkpoint.available().items():
            try:
                if not self._misfit(folder):
                    found.append((name, _accuracy(folder), _description(folder)))
            except checkpoint.CheckpointError as error:
                faults.append(str(error))
        self.app.call_from_thread(self._show, found, faults)

    def _show(self, found: list[tuple[str, str, str]], faults: list[str]) -> None:
        options = self.query_one(OptionList)
        options.loading = False
        width = max((len(name) for name, *_ in found), default=0)
        options.add_options(
            Option(Content.assemble((f"{name:<{width}}", "bold"), f"  {exact}\n{'':{width}}  {about}"), id=name)
            for name, exact, about in found
        )
        names = [name for name, *_ in found]
        options.highlighted = names.index(self._chosen) if self._chosen in names else 0 if names else None
        if not names:
            self.say(f"There is no model for {self._kind.name} puzzles yet; give the path of one.")
            self.query_one(Input).focus()
        elif faults:
            self.say(faults[0])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def on_input_changed(self) -> None:
        self.say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        from puzzlerec.models import checkpoint

        name = event.value.strip()
        if not name:
            return
        with self.saying(checkpoint.CheckpointError):
            if misfit := self._misfit(checkpoint.find(name)):
                self.say(f"{name} {misfit}.")
            else:
                self.dismiss(name)

    def _misfit(self, folder: Path) -> str:
        """Why the model in ``folder`` cannot take the puzzle; empty if it can. Raises `CheckpointError`."""
        from puzzlerec.models.checkpoint import read_config

        config = read_config(folder)
        if config.puzzle != self._kind.name:
            board = self._kind.board() if get(config.puzzle).family == self._kind.family else None
            if board is None or not config.any_board:
                return f"solves {config.puzzle}, not {self._kind.name}"
            try:
                config = config.on(board)
            except ValueError as error:
                return f"solves {config.puzzle}, not {self._kind.name}: {error}"
        if self._shape and not config.takes(self._shape):
            sizes = ["x".join(map(str, shape)) for shape in (config.grid, self._shape)]
            return f"takes at most {sizes[0]} cells, this puzzle has {sizes[1]}"
        return ""


def _accuracy(folder: Path) -> str:
    from puzzlerec.models.checkpoint import measured

    known = measured(folder)
    return f"{known} in one pass" if known else "not measured"


def _description(folder: Path) -> str:
    from puzzlerec.models.checkpoint import read_config

    config = read_config(folder)
    size = "any number of" if config.any_size else "x".join(map(str, config.grid))
    steps = "steps as needed" if config.open_ended else count(config.supervision_steps, "step")
    return f"{size} cells, {config.mixer}, width {config.width}, {steps}"
