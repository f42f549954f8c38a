"""The two streams of a command: answers go to standard output, everything else to standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from puzzlerec.cli.signals import unwinding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tabs and the ends of lines


class Messages:
    """What is said on standard error, as loudly as -q and -v ask."""

    verbosity = 0  # -1 errors and warnings alone, 0 notes too, 1 details too
    debug = False
    muted = False  # of several processes that share the work one speaks for all

    def reset(self) -> None:
        self.verbosity, self.debug, self.muted = 0, False, False

    def error(self, text: str) -> None:
        self._say("Error: ", "bold red", text)

    def warning(self, text: str) -> None:
        self._say("Warning: ", "bold yellow", text)

    def note(self, text: str) -> None:
        """What a user wants to know who looks at the screen."""
        if self.verbosity >= 0:
            self._say("", "", text)

    def detail(self, text: str) -> None:
        """What a user wants to know who asks for more."""
        if self.verbosity > 0:
            self._say("", "dim", text)

    def _say(self, label: str, style: str, text: str) -> None:
        from rich.text import Text

        if self.muted:
            return
        console = errors()
        if not speaks_unicode(console):
            text = text.replace(" · ", ", ")
        console.print(Text.assemble((label, style), text) if label else Text(text, style), soft_wrap=True)


messages = Messages()


def answers() -> Console:
    """The console of standard output."""
    return _console_class()(highlight=False)


def errors() -> Console:
    """The console of standard error."""
    return _console_class()(stderr=True, highlight=False)


def printable(text: str) -> str:
    """``text`` without a terminal's control codes, which would write its clipboard and title: they are spelled out."""
    return _CONTROL.sub(lambda code: f"\\x{ord(code[0]):02x}", text)


@cache
def _console_class() -> type[Console]:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class SafeConsole(Console):
        """Of what it prints, which may come from anybody's file, nothing controls the terminal but its own styles."""

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=printable(segment.text))

    return SafeConsole


def speaks_unicode(console: Console) -> bool:
    """Whether the terminal can show line drawing: ``PYTHONIOENCODING=ascii`` and old code pages cannot."""
    return console.encoding.lower().startswith("utf")


@contextmanager
def progress(
    what: str, total: int | None, unit: str, console: Console | None = None
) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left while the block runs; yields the function that is told how much more is done.

    It shows on terminals only, goes away when done, and not at all with -q; ``total`` is None where nobody knows. Text
    that goes to the same terminal meanwhile must be printed through the same ``console``.
    """
    console = console or errors()
    if not console.is_terminal or messages.verbosity < 0 or messages.muted or (total is not None and total < 2):
        yield lambda more: unwinding.check()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            rate = task.finished_speed or task.speed
            return Text(f"{rate:.3g} {unit}/s" if rate else "", "progress.data.speed")

    with Progress(
        TextColumn(what),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,  # answers must not end up on the terminal when they are meant for a file
        redirect_stderr=sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task(what, total=total)

        def advance(more: int) -> None:
            unwinding.check()
            bar.advance(task, more)

        yield advance


def lenient_streams() -> None:
    """A character that a stream cannot encode is written as an escape rather than ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
