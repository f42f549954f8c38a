"""Where to begin, for who has named no file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from puzzlerec.puzzles import Puzzle, PuzzleError, read
from puzzlerec.puzzles.samples import samples
from puzzlerec.views.words import count
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.run_files import is_run

RUNS = Path("runs")  # where training puts them unless it is told otherwise
Begin = Literal["generate", "open", "edit"]  # actions of the screen below


class Start(Dialog[Path | Begin | None]):
    """The last puzzle again, samples, a new puzzle, a file, or one's own training runs."""

    TITLE = "What to watch"
    CSS = """
    Start OptionList { height: auto; max-height: 100%; margin-bottom: 1; }
    Start #problem { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose", tooltip="Begin with this."),
    ]

    def __init__(self, last: Puzzle | None) -> None:
        """``last`` is the puzzle below, where it is one that was watched before."""
        super().__init__()
        about = f"{last.kind.title}, {last.source}" if last else "a hard Sudoku"
        self._choices: list[tuple[Path | Begin | None, str, str]] = [(None, "Go on" if last else "An example", about)]
        self._choices += [(path, path.name, _about(path)) for path in samples()]
        self._choices += [
            ("generate", "Generate …", "a new puzzle of a chosen difficulty"),
            ("edit", "Type or paste …", "a puzzle of your own"),
            ("open", "Open …", "a file of puzzles, a trace or a training run"),
        ]
        if RUNS.is_dir() and any(map(is_run, RUNS.iterdir())):
            self._choices.append((RUNS, "Training runs", f"those in {RUNS}"))

    def content(self) -> ComposeResult:
        width = max(len(name) for _, name, _ in self._choices)
        yield OptionList(
            *(Option(Content.assemble((f"{name:<{width}}", "bold"), f"  {about}")) for _, name, about in self._choices),
            markup=False,
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])

    def action_choose(self) -> None:
        self.query_one(OptionList).action_select()


def _about(path: Path) -> str:
    """What is in a file of samples."""
    try:
        puzzles: Sequence[Puzzle] = read(path).puzzles
    except PuzzleError:
        return ""
    titles = ", ".join(dict.fromkeys(puzzle.kind.title for puzzle in puzzles))
    return f"{titles} ({count(len(puzzles), 'puzzle')})"
