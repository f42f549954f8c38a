"""Which file, or which folder of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import DirectoryTree, Input

from puzzlerec.files import typed
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.run_files import is_run


class OpenFile(Dialog[Path | None]):
    """A file of puzzles, a trace or a run's folder: typed with completion, or picked from a tree."""

    TITLE = "Open puzzles, a trace or a training run"
    CSS = """
    OpenFile #box { height: 90%; }
    OpenFile DirectoryTree { height: 1fr; margin-top: 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Path / tree", tooltip="Go from the path to the tree and back."),
        Binding("ctrl+u,ctrl+up", "parent", "Folder above", tooltip="Show the folder above.", priority=True),
    ]

    def __init__(self, start: Path | None = None) -> None:
        """``start`` is the folder to begin with, or a file in it; by default the working folder."""
        super().__init__()
        start = typed(start or Path())
        self._folder = start if start.is_dir() else start.parent

    def content(self) -> ComposeResult:
        yield Input(placeholder="a path; → completes it", suggester=PathSuggester())
        yield _Tree(self._folder.resolve())

    def on_input_changed(self) -> None:
        self.say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        path = typed(event.value.strip())
        if not event.value.strip():
            self.query_one(_Tree).focus()
        elif path.is_dir() and not is_run(path) and not any(map(is_run, path.iterdir())):
            self._show(path)
        elif path.exists():
            self.dismiss(path)
        else:
            there = next(folder for folder in (path, *path.parents) if folder.exists())
            self.say(f"There is no {path.name} in {path.parent}." if there == path.parent else f"There is no {path}.")

    def on_directory_tree_file_selected(self, event: DirectoryTree.FileSelected) -> None:
        self.dismiss(event.path)

    def on_directory_tree_directory_selected(self, event: DirectoryTree.DirectorySelected) -> None:
        if is_run(event.path):
            self.dismiss(event.path)

    def action_parent(self) -> None:
        self._show(Path(self.query_one(_Tree).path).resolve().parent)

    def _show(self, folder: Path) -> None:
        self.query_one(_Tree).path = folder.resolve()
        self.query_one(_Tree).focus()


class _Tree(DirectoryTree):
    """What is not hidden."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if not path.name.startswith((".", "__"))]


class PathSuggester(Suggester):
    """The first file or folder that goes on as the path begins, a folder with its slash."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        begun, slash, start = value.replace("\\", "/").rpartition("/")
        folder = typed(begun + slash or ".")
        try:
            names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
        except OSError:
            return None
        names = [name for name in names if name.startswith(start) and (start or not name.startswith("."))]
        return value + names[0][len(start) :] if value and names else None
