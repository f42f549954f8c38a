"""The app: which screen is shown, and the themes."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.theme import Theme

from puzzlerec.files import write
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.puzzles.arc.tasks import Task, holds_tasks
from puzzlerec.signals import ENDING
from puzzlerec.watch.colours import readable
from puzzlerec.watch.context import Context, Side
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.opening import Open, contents, tasks_of
from puzzlerec.watch.refinement import EXAMPLE, RefinementScreen
from puzzlerec.watch.run_files import is_run, runs_below
from puzzlerec.watch.runs import RunsScreen
from puzzlerec.watch.tasks import TaskScreen
from puzzlerec.watch.timeline import Timeline
from puzzlerec.watch.training import TrainingScreen

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver

    from puzzlerec.solving.trace import Trace

_NO_COLOR = NoColor()
MINUTES, BASE = 3.0, "arc-base"  # that a task of ARC is learned for, and what from
SUDOKU = "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."

DARK = Theme(
    name="puzzlerec",
    primary="#1fa187",
    secondary="#365c8d",
    accent="#fde725",
    warning="#ff9f1c",
    error="#e5484d",
    success="#4ac16d",
    foreground="#dfe3ea",
    background="#101218",
    surface="#171a22",
    panel="#1d212b",
    dark=True,
)
LIGHT = Theme(
    name="puzzlerec-light",
    primary="#277f8e",
    secondary="#46327e",
    accent="#440154",
    warning="#b35900",
    error="#b00020",
    success="#1a7f37",
    foreground="#1b1f27",
    background="#fbfbf8",
    surface="#f1f1ec",
    panel="#e7e7e1",
    dark=False,
)


class Watch(App[None]):
    """Watch puzzles being solved, saved solves, or a training run."""

    TITLE = "puzzlerec"
    CSS = """
    Footer { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Keys", id="help", key_display="?", tooltip="All keys and what they do."),
        Binding("q,ctrl+q", "quit", "Quit", id="quit", key_display="q", priority=False),
        Binding(
            "ctrl+c",
            "interrupt",
            "Interrupt",
            id="interrupt",
            show=False,
            priority=True,
            tooltip="Quit at once, with exit status 130.",
        ),
        Binding("ctrl+s", "screen", "Save the screen (SVG)", id="screen", show=False, tooltip="All of it, as it is."),
        Binding(
            "ctrl+p",
            "command_palette",
            "Commands",
            id="commands",
            show=False,
            tooltip="Search for an action and do it.",
        ),
    ]

    def __init__(
        self,
        puzzles: Sequence[Puzzle] = (),
        *,
        traces: Sequence[Trace] = (),
        run: Path | None = None,
        tasks: Sequence[Task] = (),
        minutes: float = MINUTES,
        base: str = BASE,
        model: str | None = None,
        second: tuple[str | None, Mapping[str, Any]] | None = None,
        options: Mapping[str, Any] | None = None,
        device: str = "auto",
        memory: Memory | None = None,
    ) -> None:
        """``puzzles`` to solve with ``model`` (by default that of their kind) under ``options``,
        which are those of `SolveSettings`; ``traces`` to replay; a training ``run`` to follow, which need not be there
        yet, or a folder with several; or ``tasks`` of ARC, each to be learned for so many ``minutes`` from a ``base``.

        ``second`` is the model and the options of another side. Without anything to watch it is the last puzzle.
        """
        super().__init__()
        self.failed = False  # whether it ended with an error of its own
        self.memory = memory or Memory()
        self.context = Context(
            self.memory, model=model, options=options, second=Side(*second) if second else None, device=device
        )
        self._run = run
        self._tasks, self._minutes, self._base = list(tasks), minutes, base
        self._traces, self._asks = list(traces), not (puzzles or traces)
        self._puzzles = (
            [trace.answer.puzzle for trace in traces] or list(puzzles) or [self.memory.recall() or example()]
        )
        self.keys: dict[str, str] = {}  # of one's own, by the names of the actions
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = self.memory.theme if self.memory.theme in self.available_themes else DARK.name

    def suit(
        self,
        theme: str | None = None,
        themes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Take the colours and keys of one's own: a theme to begin with, themes by name, keys by the names of actions.

        A theme is the arguments of Textual's `Theme`; several keys of an action are parted by commas, each as Textual
        calls it. Raises ValueError for what there is not.
        """
        for name, colours in themes.items():
            self.register_theme(Theme(name=name, **colours))
        if theme is not None:
            _known(theme, self.available_themes, "theme")
            self.theme = theme
        actions = {
            binding.id for one in SCREENS for binding in Binding.make_bindings(one.BINDINGS) if binding.id is not None
        }
        for action in keys:
            _known(action, actions, "action with keys")
        self.keys = {
            action: ",".join(binding.key for binding in Binding.make_bindings([(own.strip(" ,"), action)]))
            for action, own in keys.items()
        }
        self.set_keymap(self.keys)

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        if sys.platform != "win32":
            from textual.drivers.linux_driver import LinuxDriver

            from puzzlerec.watch.keyboard import ForgivingDriver

            return ForgivingDriver if usual is LinuxDriver else usual
        return usual

    async def run_async(self, **how: Any) -> None:
        """As `App.run_async`. Threads that still compute when the app has ended are not waited for."""
        try:
            return await super().run_async(**how)
        finally:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())  # asyncio waits for this one alone

    def get_line_filters(self) -> Sequence[LineFilter]:
        """With ``NO_COLOR`` no colours, rather than Textual's greys: colours left to the terminal would be black."""
        known = super().get_line_filters()
        return [_NO_COLOR if isinstance(one, Monochrome) else one for one in known]

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme, with colours of text that can be read."""
        known = super().get_css_variables()
        return known if self.current_theme.ansi else known | readable(known)

    def on_mount(self) -> None:
        """Signals from outside end the app as its own keys do, so that the terminal is left as it was."""
        for number in ENDING:
            with suppress(NotImplementedError, ValueError, RuntimeError):  # of systems, and of threads
                asyncio.get_running_loop().add_signal_handler(number, self._end, number)

    def action_interrupt(self) -> None:
        self._end(signal.SIGINT)

    def exit(self, *arguments: Any, **more: Any) -> None:
        """As `App.exit`, and whatever is still computed is given up at once."""
        for screen in self.screen_stack:
            if isinstance(screen, RefinementScreen | TaskScreen):
                screen.cancel()
        super().exit(*arguments, **more)

    def _end(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = True) -> str:
        """As `App.export_screenshot`, but nothing is loaded from a network: the reader's own font will do."""
        svg = super().export_screenshot(title=title, simplify=simplify)
        return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace, Menlo")

    def action_screen(self) -> None:
        from puzzlerec.watch.dialogs.saving import SaveAs

        content = self.export_screenshot()
        self.push_screen(SaveAs("Save the screen", Path("puzzlerec.svg"), partial(write, content=content)))

    def panic(self, *renderables: RenderableType) -> None:
        self.failed = True
        super().panic(*renderables)

    def get_default_screen(self) -> Screen[None]:
        if self._run is not None:
            return self._screen_of_run(self._run)
        if self._tasks:
            return self._screen_of(self._tasks)
        return RefinementScreen(self.context, self._puzzles, self._traces, asks=self._asks)

    def _screen_of_run(self, run: Path) -> Screen[None]:
        """For a run, one that is still to begin, or a folder of several."""
        several = run.is_dir() and not is_run(run)
        return RunsScreen(run) if several else TrainingScreen(run, self.context.device)

    def _screen_of(self, tasks: Sequence[Task]) -> TaskScreen:
        seed = int((self.context.options or {}).get("seed", 0))
        return TaskScreen(tasks, self._minutes, seed, self._base)

    def watch_theme(self, theme: str) -> None:
        self.memory.theme = theme

    def on_open(self, event: Open) -> None:
        """Show a file of puzzles, a trace, a run, a folder of runs or ARC's tasks; what cannot be shown is said."""
        if runs_below(event.path):
            self.push_screen(self._screen_of_run(event.path))
            return
        try:
            if holds_tasks(event.path):
                self.push_screen(self._screen_of(tasks_of(event.path)))
                return
            reading, traces = contents(event.path)
        except (ValueError, OSError) as error:
            self.notify(str(error), severity="error", timeout=10, markup=False)
            return
        screen = next(screen for screen in self.screen_stack if isinstance(screen, RefinementScreen))
        screen.set_puzzles(reading.puzzles, traces)
        if reading.errors:
            more = f"{len(reading.errors)} more cannot be read: {reading.errors[0]}"
            self.notify(more, severity="warning", markup=False)

    def action_help(self) -> None:
        from puzzlerec.watch.dialogs.help import Help

        if not isinstance(self.screen, Help):
            self.push_screen(Help(self.screen))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Whatever a key does, and the themes."""
        from puzzlerec.watch.dialogs.help import bindings

        for node, keys in bindings(screen):
            for binding, names in keys:
                if binding.action != "command_palette":
                    about = " · ".join(filter(None, (" ".join(names), binding.tooltip)))
                    act = partial(self.run_action, binding.action, node)
                    yield SystemCommand(binding.description, about, act)
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)


SCREENS = (Watch, RefinementScreen, GridView, Timeline, TrainingScreen, RunsScreen, TaskScreen)  # those that have keys


def _known(name: str, names: Iterable[str], what: str) -> None:
    """Raises ValueError if ``name`` is none of ``names``."""
    names = sorted(names)
    if name not in names:
        nearest = get_close_matches(name, names, n=1)
        remedy = f"Did you mean {nearest[0]!r}?" if nearest else f"There are {', '.join(names)}."
        raise ValueError(f"There is no {what} called {name!r}. {remedy}")


def example() -> Puzzle:
    kind = get("sudoku")
    return Puzzle(kind, kind.parse(SUDOKU), source=EXAMPLE)
