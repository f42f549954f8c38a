"""Dialogs that choose: a file, a model, a puzzle to generate, how to solve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.suggester import Suggester
from textual.widgets import Checkbox, DirectoryTree, Input, Label, LoadingIndicator, OptionList
from textual.widgets.option_list import Option

from puzzlerec.files import typed
from puzzlerec.puzzles import Puzzle, PuzzleError, PuzzleKind
from puzzlerec.watch.dialog import Dialog
from puzzlerec.watch.making import make
from puzzlerec.watch.training import is_run

if TYPE_CHECKING:
    from puzzlerec.solving.solver import SolveSettings

# ---- a file


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
        elif path.is_dir() and not is_run(path):
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
    """What is not hidden; runs are marked."""

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


# ---- a model


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

        found: list[tuple[str, str]] = []
        faults: list[str] = []
        for name, folder in checkpoint.available().items():
            try:
                if not self._misfit(folder):
                    found.append((name, _description(folder)))
            except checkpoint.CheckpointError as error:
                faults.append(str(error))
        self.app.call_from_thread(self._show, found, faults)

    def _show(self, found: list[tuple[str, str]], faults: list[str]) -> None:
        options = self.query_one(OptionList)
        options.loading = False
        width = max((len(name) for name, _ in found), default=0)
        options.add_options(
            Option(Text.assemble((f"{name:<{width}}", "bold"), f"  {about}"), id=name) for name, about in found
        )
        names = [name for name, _ in found]
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
            return f"solves {config.puzzle}, not {self._kind.name}"
        if self._shape and not config.takes(self._shape):
            sizes = ["x".join(map(str, shape)) for shape in (config.grid, self._shape)]
            return f"takes at most {sizes[0]} cells, this puzzle has {sizes[1]}"
        return ""


def _description(folder: Path) -> str:
    from puzzlerec.models.checkpoint import read_config

    config = read_config(folder)
    size = "any number of" if config.any_size else "x".join(map(str, config.grid))
    steps = config.supervision_steps
    return f"{size} cells, {config.mixer}, width {config.width}, {steps} step{'s' * (steps != 1)}"


# ---- a puzzle to generate


@dataclass(frozen=True)
class _Choice:
    label: str
    about: str
    dataset: str
    settings: tuple[tuple[str, float], ...] = ()


def _mixed(kind: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(name == kind)) for name in ("plain", "few", "hard", "extreme"))


_MAZE = "maze"
_CHOICES = (
    _Choice("Sudoku 9x9, plain", "any minimal puzzle", "sudoku", _mixed("plain")),
    _Choice("Sudoku 9x9, few", "at most 22 givens", "sudoku", _mixed("few")),
    _Choice("Sudoku 9x9, hard", "takes a solver 6 to 40 guesses", "sudoku", _mixed("hard")),
    _Choice("Sudoku 9x9, extreme", "20 to 150 guesses, and no short cut", "sudoku", _mixed("extreme")),
    _Choice("Sudoku 6x6", "boxes of 2 rows and 3 columns", "sudoku-6x6"),
    _Choice("Sudoku 4x4", "for a first look", "sudoku-4x4"),
    _Choice("Addition", "two numbers of up to 10 digits", "addition"),
    _Choice("Copy", "up to 10 characters to repeat", "copy"),
    _Choice("Reverse", "up to 10 characters to turn round", "reverse"),
    _Choice("Maze", "of the size and length below", _MAZE),
)


class Generate(Dialog[Puzzle | None]):
    """A new puzzle of a chosen kind and difficulty."""

    TITLE = "Generate a puzzle"
    CSS = """
    Generate OptionList { height: auto; }
    Generate Horizontal { height: 3; margin-top: 1; }
    Generate Horizontal Label { padding: 1 1 0 0; }
    Generate Horizontal Input { width: 16; margin-right: 2; }
    Generate LoadingIndicator { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "make", "Generate", priority=True, tooltip="Make a puzzle of the chosen kind."),
        Binding("tab", "app.focus_next", "Next field", tooltip="Go on to the size and length of mazes."),
    ]
    _stock: ClassVar[dict[tuple[str, str], list[Puzzle]]] = {}  # what is left of each chunk that was made

    def __init__(self, kind: PuzzleKind | None = None) -> None:
        """``kind`` is where the choice begins."""
        super().__init__()
        self._kind = kind

    def content(self) -> ComposeResult:
        width = max(len(choice.label) for choice in _CHOICES)
        yield OptionList(
            *(Text.assemble((f"{choice.label:<{width}}", "bold"), f"  {choice.about}") for choice in _CHOICES)
        )
        with Horizontal():
            yield Label("Maze: rows")
            yield Input("20", id="size", type="integer", max_length=2)
            yield Label("moves")
            yield Input("", id="moves", type="integer", max_length=3, placeholder="as usual")
        spinner = LoadingIndicator()
        spinner.display = False
        yield spinner

    def on_mount(self) -> None:
        datasets = [choice.dataset for choice in _CHOICES]
        self.query_one(OptionList).highlighted = datasets.index(self._kind.name) if self._kind else 0

    def on_option_list_option_selected(self) -> None:
        self.action_make()

    def on_input_changed(self) -> None:
        self.say("")

    def action_make(self) -> None:
        options = self.query_one(OptionList)
        if isinstance(self.focused, Input):  # whoever types a size wants a maze
            options.highlighted = len(_CHOICES) - 1
        choice = _CHOICES[options.highlighted or 0]
        name, settings = choice.dataset, dict[str, Any](choice.settings)
        label = choice.label
        if name == _MAZE:
            size, moves = (int(self.query_one(f"#{field}", Input).value or 0) for field in ("size", "moves"))
            name, settings = f"maze-{size}x{size}", {"moves": moves}
            label = f"Maze {size}x{size}" + f", {moves} moves or more" * bool(moves)
        self._make(name, settings, label)

    @work(exclusive=True)
    async def _make(self, name: str, settings: dict[str, Any], label: str) -> None:
        stock = self._stock.setdefault((name, label), [])
        if not stock:
            self.say("")
            spinner = self.query_one(LoadingIndicator)
            spinner.display = True
            with self.saying(PuzzleError, OSError):
                stock += await make(name, settings, randbits(32))
            spinner.display = False
        if stock:
            self.dismiss(replace(stock.pop(), source=f"generated: {label}"))


# ---- how to solve


class Switch(Checkbox):
    """A checkbox that shows its state by its mark too, not by colour alone."""

    def on_mount(self) -> None:
        self._mark()

    def watch_value(self) -> None:
        super().watch_value()
        self._mark()

    def _mark(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        self.refresh()


class RunSettings(Dialog["SolveSettings | None"]):
    """How much work a puzzle is worth."""

    TITLE = "How to solve"
    CSS = """
    RunSettings Horizontal { height: 3; }
    RunSettings Horizontal Label { width: 12; padding: 1 1 0 0; }
    RunSettings Horizontal Label.about { width: 1fr; padding: 1 0 0 1; color: $text-muted; }
    RunSettings Input { width: 16; }
    RunSettings Checkbox { margin: 0; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "accept", "Accept", priority=True, tooltip="Solve like this from now on."),
        Binding("tab", "app.focus_next", "Next field"),
    ]
    _NUMBERS: ClassVar[dict[str, tuple[int, int, str]]] = {
        "steps": (1, 10_000, "of each attempt; empty: as many as in training"),
        "attempts": (1, 100_000, "runs that a puzzle may cost until the rules accept an answer"),
        "seed": (0, 2**32 - 1, "of all that is drawn at random"),
    }

    def __init__(self, settings: SolveSettings) -> None:
        super().__init__()
        self._settings = settings

    def content(self) -> ComposeResult:
        for name, (_, _, about) in self._NUMBERS.items():
            value = getattr(self._settings, name)
            with Horizontal():
                yield Label(name.capitalize())
                yield Input("" if value is None else str(value), id=name, type="integer")
                yield Label(about, classes="about")
        yield Switch("Stop at the first step whose answer the rules accept", self._settings.early, id="early")
        yield Switch("Finish by search what no attempt has solved", self._settings.exact, id="exact")

    def on_input_changed(self) -> None:
        self._read()

    def action_accept(self) -> None:
        if settings := self._read():
            self.dismiss(settings)

    def _read(self) -> SolveSettings | None:
        """What the fields say; None, with the problem shown, if they cannot mean anything."""
        numbers: dict[str, int | None] = {}
        for name, (least, most, _) in self._NUMBERS.items():
            text = self.query_one(f"#{name}", Input).value.strip()
            value = int(text) if text.lstrip("+-").isdigit() else None
            if (value is None and (text or name != "steps")) or (value is not None and not least <= value <= most):
                self.say(f"{name.capitalize()} must be a number from {least} to {most:,}, not {text or 'empty'}.")
                return None
            numbers[name] = value
        self.say("")
        switches = {name: self.query_one(f"#{name}", Checkbox).value for name in ("early", "exact")}
        return replace(self._settings, **numbers, **switches)  # type: ignore[arg-type]
